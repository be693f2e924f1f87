// Package capi is the gateway to core: one table of routines, called by name
// with an array of argument descriptors over the caller's memory. Python
// reaches it through gopy (Call), C through capi/cabi.
package capi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"netrep_go/core"
)

// Version is the version of the calling convention: of the descriptors, the control
// block and the status codes.
var Version = 1

// Status codes, the first word of what Call returns.
const (
	statusInvalid   = 1 // a value or shape that the caller can fix
	statusNumerical = 2 // a decomposition failed
	statusCancelled = 3 // the cancel word was set
	statusProtocol  = 4 // caller and library disagree
	statusInternal  = 5 // a recovered panic
	statusMemory    = 6 // scratch memory could not be had
)

// Routines holds the names of all routines, separated by spaces. It is a
// variable, as are BLASRoutines and Info, because gopy writes functions in an
// order that differs from build to build, and variables sorted.
var Routines = routineNames()

func routineNames() string {
	names := make([]string, 0, len(routines))
	for name := range routines {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// Call runs a routine on the n descriptors at args: its outputs first, then its
// inputs. control is the address of the four control words of core.NewJob, or
// zero. Call returns the empty string, or a status code, a space and a message.
func Call(routine string, args uintptr, n int, control uintptr) string {
	err := call(routine, pointer(args), n, pointer(control))
	if err == nil {
		return ""
	}
	return fmt.Sprintf("%d %s", status(err), err)
}

// pointer gives an address that came through gopy its type back.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

func call(name string, descriptors unsafe.Pointer, n int, control unsafe.Pointer) (err error) {
	defer core.Recover(&err)
	routine, ok := routines[name]
	if !ok {
		return protocolError("unknown routine %q", name)
	}
	if n < 0 || (n > 0 && descriptors == nil) {
		return protocolError("%d arguments at address %p", n, descriptors)
	}
	ctx := context.Background()
	if control != nil {
		ctx = core.NewJob((*[core.ControlWords]int64)(control))
	}
	defer core.OneBLASThread()()
	return routine(ctx, &args{rest: unsafe.Slice((*descriptor)(descriptors), n)})
}

func status(err error) int {
	var panicked *core.PanicError
	var mismatch protocol
	switch {
	case errors.As(err, &panicked):
		return statusInternal
	case errors.As(err, &mismatch):
		return statusProtocol
	case errors.Is(err, context.Canceled):
		return statusCancelled
	case errors.Is(err, core.ErrNoMemory):
		return statusMemory
	case errors.Is(err, core.ErrNumerical):
		return statusNumerical
	case errors.Is(err, core.ErrInvalid):
		return statusInvalid
	}
	return statusInternal
}
