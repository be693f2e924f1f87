package core

import (
	"errors"
	"runtime/debug"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Sentinels that every error caused by data wraps; capi maps each to one
// status. Misuse by our own code panics instead.
var (
	// ErrInvalid marks a value or shape that the caller can fix.
	ErrInvalid = errors.New("invalid argument")
	// ErrNumerical marks a decomposition that failed.
	ErrNumerical = errors.New("numerical failure")
	// ErrNoMemory marks scratch memory that could not be had.
	ErrNoMemory = cmem.ErrNoMemory
)

// PanicError is a panic recovered by a parallel loop or by Recover.
type PanicError = par.PanicError

// Recover turns a panic of the calling function into a *PanicError in *err.
// It must be deferred directly.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
