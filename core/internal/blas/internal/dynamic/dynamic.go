//go:build !windows

// Package dynamic finds Fortran routines in a shared library, so that the tests
// of package blas can run on one without Python.
package dynamic

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>

static uintptr_t netrep_dlsym(void *library, const char *name)
{
	return (uintptr_t)dlsym(library, name);
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Addresses loads the shared library at path for the rest of the process and
// returns the address of each routine, 0 where it has none. It tries the names
// of a plain LP64 library (dgemm_) and of the one in SciPy's wheels
// (scipy_dgemm_).
func Addresses(path string, routines []string) ([]uintptr, error) {
	library := C.dlopen(cString(path), C.RTLD_NOW|C.RTLD_LOCAL)
	if library == nil {
		return nil, fmt.Errorf("dynamic: %s", C.GoString(C.dlerror()))
	}
	addresses := make([]uintptr, len(routines))
	for i, name := range routines {
		for _, symbol := range []string{name + "_", "scipy_" + name + "_"} {
			if address := C.netrep_dlsym(library, cString(symbol)); address != 0 {
				addresses[i] = uintptr(address)
			}
		}
	}
	return addresses, nil
}

// cString returns s as a C string in Go memory, which lasts for a call.
func cString(s string) *C.char {
	return (*C.char)(unsafe.Pointer(unsafe.SliceData(append([]byte(s), 0))))
}
