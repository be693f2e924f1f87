// Package cmem hands out large scratch memory from the C heap. Go's own heap
// is no place for it: running out of it there is fatal to the interpreter, and
// what was freed stays resident for minutes.
package cmem

/*
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"math"
	"unsafe"
)

// ErrNoMemory is returned when the C heap cannot serve a request.
var ErrNoMemory = errors.New("not enough memory")

// Arena owns a set of allocations that are freed together. The zero value is
// ready for use. An allocation that fails returns nil and is remembered, so a
// series of them needs one check of Err. It is not safe for concurrent use.
type Arena struct {
	blocks []unsafe.Pointer
	err    error
}

// Float64s returns n zeroed float64s that live until Free.
func (a *Arena) Float64s(n int) []float64 { return alloc[float64](a, n) }

// Float32s returns n zeroed float32s that live until Free.
func (a *Arena) Float32s(n int) []float32 { return alloc[float32](a, n) }

// Int32s returns n zeroed int32s that live until Free.
func (a *Arena) Int32s(n int) []int32 { return alloc[int32](a, n) }

// Err returns ErrNoMemory once an allocation has failed.
func (a *Arena) Err() error { return a.err }

// Free releases every allocation. Slices handed out must not be used any more.
func (a *Arena) Free() {
	for _, p := range a.blocks {
		C.free(p)
	}
	a.blocks = nil
}

// alloc relies on calloc, whose large blocks are fresh zero pages: they cost
// memory only once they are written to.
func alloc[T float64 | float32 | int32](a *Arena, n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if a.err != nil || n == 0 {
		return nil
	}
	if n < 0 || n > math.MaxInt/size {
		a.err = ErrNoMemory
		return nil
	}
	p := C.calloc(C.size_t(n), C.size_t(size))
	if p == nil {
		a.err = ErrNoMemory
		return nil
	}
	a.blocks = append(a.blocks, p)
	return unsafe.Slice((*T)(p), n)
}
