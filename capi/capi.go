// Package capi is the gateway to core: one table of routines, called by name
// with an array of argument descriptors over the caller's memory. Python
// reaches it through gopy (Call), C through capi/cabi.
package capi

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"unsafe"

	"netrep_go/core"
)

// Version is the version of the calling convention: of the descriptors, the control
// block and the status codes.
var Version = 2

// Status codes, the first word of what Call returns.
const (
	statusInvalid   = 1 // a value or shape that the caller can fix
	statusNumerical = 2 // a decomposition failed
	statusCancelled = 3 // the cancel word was set
	statusProtocol  = 4 // caller and library disagree
	statusInternal  = 5 // a recovered panic
	statusMemory    = 6 // scratch memory could not be had
)

// Call runs a routine on the n descriptors at args: its outputs first, then its
// inputs. control is the address of the four control words of core.NewJob, or
// zero. Call returns the empty string, or, with a separator before each but the
// first, a status code, a message with core.SubjectMarks, and its subjects as in
// "network 3", in order.
func Call(routine string, args uintptr, n int, control uintptr) string {
	err := call(routine, pointer(args), n, pointer(control))
	if err == nil {
		return ""
	}
	text, subjects := core.Template(err)
	parts := []string{strconv.Itoa(status(err)), text}
	for _, subject := range subjects {
		parts = append(parts, subject.String())
	}
	return strings.Join(parts, separator)
}

// separator is ASCII's unit separator, which no message has.
const separator = "\x1f"

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
	list := unsafe.Slice((*descriptor)(descriptors), n)
	if err := routine.signature.check(list); err != nil {
		return err
	}
	ctx := context.Background()
	if control != nil {
		ctx = core.NewJob((*[core.ControlWords]int64)(control))
	}
	defer core.OneBLASThread()()
	a := &args{params: routine.signature, rest: list}
	if err := routine.run(ctx, a); err != nil {
		return err
	}
	if len(a.params) > 0 {
		panic("capi: a routine reads less than its signature has")
	}
	return nil
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
