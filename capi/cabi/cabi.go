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
	"netrep_go/core"
)

func main() {}

//export netrep_call
func netrep_call(
	routine *C.char, args *C.netrep_arg, n C.int64_t, control *C.int64_t,
	message *C.char, size C.int64_t,
) C.int {
	answer := capi.Call(C.GoString(routine), uintptr(unsafe.Pointer(args)), int(n),
		uintptr(unsafe.Pointer(control)))
	if answer == "" {
		return C.NETREP_OK
	}
	parts := strings.Split(answer, "\x1f")
	copyOut(plain(parts[1], parts[2:]), message, size)
	status, err := strconv.Atoi(parts[0])
	if err != nil {
		return C.NETREP_INTERNAL
	}
	return C.int(status)
}

// plain puts the subjects of a message in their places.
func plain(text string, subjects []string) string {
	for _, subject := range subjects {
		text = strings.Replace(text, core.SubjectMark, subject, 1)
	}
	return text
}

//export netrep_routines
func netrep_routines(lines *C.char, size C.int64_t) C.int64_t {
	copyOut(capi.Routines, lines, size)
	return C.int64_t(len(capi.Routines) + 1)
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
