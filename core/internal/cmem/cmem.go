// Package cmem hands out large scratch memory from outside of Go's heap. Go's
// heap is no place for it: running out of it there is fatal to the interpreter,
// and what was freed stays resident for minutes.
package cmem

/*
#include <stdlib.h>
#include <sys/mman.h>

// A region of zero pages, huge ones where the system has them: a fault for each
// 4 KiB page costs as much time as filling the page does. NULL if there is no room.
static void *cmem_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
#ifdef MADV_HUGEPAGE
	madvise(p, size, MADV_HUGEPAGE);
#endif
	return p;
}
*/
import "C"

import (
	"errors"
	"math"
	"unsafe"
)

// ErrNoMemory is returned when the system cannot serve a request.
var ErrNoMemory = errors.New("not enough memory")

const (
	// smallest is the size from which on memory is taken from regions; below,
	// the C heap is faster.
	smallest = 256 << 10
	// regionSize is the address space that is reserved at a time. Memory is used
	// only where it is written to.
	regionSize = 64 << 20
	// alignment is that of a cache line.
	alignment = 64
)

// Arena owns a set of allocations that are freed together. The zero value is
// ready for use. An allocation that fails returns nil and is remembered, so a
// series of them needs one check of Err. It is not safe for concurrent use.
type Arena struct {
	blocks  []unsafe.Pointer
	regions []region
	err     error
}

// region is mapped memory that is handed out from its start.
type region struct {
	start      unsafe.Pointer
	used, size int
}

// Float64s returns n zeroed float64s that live until Free.
func (a *Arena) Float64s(n int) []float64 { return alloc[float64](a, n) }

// Float32s returns n zeroed float32s that live until Free.
func (a *Arena) Float32s(n int) []float32 { return alloc[float32](a, n) }

// Int32s returns n zeroed int32s that live until Free.
func (a *Arena) Int32s(n int) []int32 { return alloc[int32](a, n) }

// Uint64s returns n zeroed uint64s that live until Free.
func (a *Arena) Uint64s(n int) []uint64 { return alloc[uint64](a, n) }

// Err returns ErrNoMemory once an allocation has failed.
func (a *Arena) Err() error { return a.err }

// Free releases every allocation. Slices handed out must not be used any more.
func (a *Arena) Free() {
	for _, p := range a.blocks {
		C.free(p)
	}
	for _, r := range a.regions {
		C.munmap(r.start, C.size_t(r.size))
	}
	a.blocks, a.regions = nil, nil
}

func alloc[T float64 | float32 | int32 | uint64](a *Arena, n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if a.err != nil || n == 0 {
		return nil
	}
	if n < 0 || n > (math.MaxInt-regionSize)/size {
		a.err = ErrNoMemory
		return nil
	}
	p := a.bytes(n * size)
	if p == nil {
		a.err = ErrNoMemory
		return nil
	}
	return unsafe.Slice((*T)(p), n)
}

// bytes returns zeroed memory, or nil.
func (a *Arena) bytes(size int) unsafe.Pointer {
	if size < smallest {
		p := C.calloc(C.size_t(size), 1)
		if p != nil {
			a.blocks = append(a.blocks, p)
		}
		return p
	}
	size = (size + alignment - 1) / alignment * alignment
	if last := len(a.regions) - 1; last < 0 || a.regions[last].size-a.regions[last].used < size {
		if !a.grow(max(size, regionSize)) && !a.grow(size) {
			return nil
		}
	}
	r := &a.regions[len(a.regions)-1]
	p := unsafe.Add(r.start, r.used)
	r.used += size
	return p
}

// grow adds a region of the given size.
func (a *Arena) grow(size int) bool {
	p := C.cmem_map(C.size_t(size))
	if p != nil {
		a.regions = append(a.regions, region{start: p, size: size})
	}
	return p != nil
}
