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
	"reflect"
	"unsafe"
)

// ErrNoMemory is returned when the system cannot serve a request.
var ErrNoMemory = errors.New("not enough memory")

const (
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

// Float64s returns zeroed float64s that live until Free, as many as the product of
// the sizes.
func (a *Arena) Float64s(sizes ...int) []float64 { return Slice[float64](a, sizes...) }

// Float32s returns zeroed float32s, likewise.
func (a *Arena) Float32s(sizes ...int) []float32 { return Slice[float32](a, sizes...) }

// Int32s returns zeroed int32s, likewise.
func (a *Arena) Int32s(sizes ...int) []int32 { return Slice[int32](a, sizes...) }

// Uint64s returns zeroed uint64s, likewise.
func (a *Arena) Uint64s(sizes ...int) []uint64 { return Slice[uint64](a, sizes...) }

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

// Slice returns zeroed values of a type, likewise. A type that holds pointers panics,
// for the garbage collector does not look at this memory.
func Slice[T any](a *Arena, sizes ...int) []T {
	if holdsPointers(reflect.TypeFor[T]()) {
		panic("cmem: a type with pointers")
	}
	return Records[T](a, sizes...)
}

// Records is Slice for types that hold pointers, all of which must lead to memory of
// arenas: nothing else is kept alive by them.
func Records[T any](a *Arena, sizes ...int) []T {
	var zero T
	n := product(sizes, (math.MaxInt-regionSize)/int(unsafe.Sizeof(zero)))
	if a.err != nil || n == 0 {
		return nil
	}
	if n < 0 {
		a.err = ErrNoMemory
		return nil
	}
	p := a.bytes(n * int(unsafe.Sizeof(zero)))
	if p == nil {
		a.err = ErrNoMemory
		return nil
	}
	return unsafe.Slice((*T)(p), n)
}

// product returns the product of sizes, or -1 if one is negative or the limit is passed.
func product(sizes []int, limit int) int {
	n := 1
	for _, size := range sizes {
		if size < 0 || n < 0 || (size > 0 && n > limit/size) {
			return -1
		}
		n *= size
	}
	return n
}

func holdsPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return holdsPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return t.Kind() > reflect.Complex128
}

// bytes returns zeroed memory, or nil.
func (a *Arena) bytes(size int) unsafe.Pointer {
	if size < smallest {
		// One pointer of Go's heap: loops over counts ask for one slice of all.
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
