//go:build asan

package core

import (
	"unsafe"

	"netrep_go/core/internal/cmem"
)

// Overrun reads past the end of n bytes, which AddressSanitizer must report.
func Overrun(start unsafe.Pointer, n int) error {
	return sum(unsafe.Slice((*byte)(start), n+16)) // texts may have a few to spare
}

// OverrunScratch reads past the end of scratch memory, of a size that would come from a
// region without -asan.
func OverrunScratch() error {
	var scratch cmem.Arena
	defer scratch.Free()
	const n = 100_000
	x := scratch.Float64s(n)
	if err := scratch.Err(); err != nil {
		return err
	}
	return sum(unsafe.Slice(unsafe.SliceData(x), n+1))
}

// sum returns an error that tells the sum, so that no compiler leaves out a read.
func sum[T byte | float64](x []T) error {
	var total T
	for _, v := range x {
		total += v
	}
	return Invalidf("mode: the overrun was not noticed, the sum is %v", total)
}
