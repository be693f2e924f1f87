// Command cabi is the C interface over the gateway, built as a c-shared
// library by `make lib`. netrep.h documents it.
package main

/*
#define NETREP_IN_GO
#include "netrep.h"
*/
import "C"

import (
	"strconv"
	"strings"
	"unsafe"

	"netrep_go/capi"
)

func main() {}

//export netrep_call
func netrep_call(routine *C.char, args *C.netrep_arg, n C.int64_t, control *C.int64_t, message *C.char, size C.int64_t) C.int {
	answer := capi.Call(C.GoString(routine), uintptr(unsafe.Pointer(args)), int(n), uintptr(unsafe.Pointer(control)))
	if answer == "" {
		return C.NETREP_OK
	}
	code, text, _ := strings.Cut(answer, " ")
	copyOut(text, message, size)
	status, err := strconv.Atoi(code)
	if err != nil {
		return C.NETREP_INTERNAL
	}
	return C.int(status)
}

//export netrep_routines
func netrep_routines(names *C.char, size C.int64_t) C.int64_t {
	list := capi.Routines
	copyOut(list, names, size)
	return C.int64_t(len(list) + 1)
}

//export netrep_version
func netrep_version() C.int { return C.int(capi.Version) }

// copyOut writes as much of text as fits into size bytes, and a final zero.
func copyOut(text string, dst *C.char, size C.int64_t) {
	if dst == nil || size <= 0 {
		return
	}
	out := unsafe.Slice((*byte)(unsafe.Pointer(dst)), int(size))
	out[copy(out[:size-1], text)] = 0
}
