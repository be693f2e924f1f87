package core

import (
	"errors"
	"fmt"
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

// Invalidf returns an error that is ErrInvalid and says only what the format
// says: it reaches users as it is.
func Invalidf(format string, args ...any) error {
	return &marked{fmt.Sprintf(format, args...), ErrInvalid}
}

// Numericalf returns an error that is ErrNumerical, likewise.
func Numericalf(format string, args ...any) error {
	return &marked{fmt.Sprintf(format, args...), ErrNumerical}
}

// marked is a message that belongs to a sentinel without repeating its text.
type marked struct {
	message  string
	sentinel error
}

func (e *marked) Error() string { return e.message }
func (e *marked) Unwrap() error { return e.sentinel }

// PanicError is a panic recovered by a parallel loop or by Recover.
type PanicError = par.PanicError

// Recover turns a panic of the calling function into a *PanicError in *err.
// It must be deferred directly.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
