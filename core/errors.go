package core

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

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

// Subject is what an error is about, apart from its text: the kind of thing and
// its position among the caller's. As an argument of Invalidf it reads "network 3",
// and whoever knows a better name for it puts that in its place (see Template).
type Subject struct {
	Kind  string
	Index int
}

func (s Subject) String() string { return fmt.Sprintf("%s %d", s.Kind, s.Index) }

// Network is the subject that is network i of a cohort.
func Network(i int) Subject { return Subject{"network", i} }

// HeldOut is the subject that is the held-out data of network i of a cohort.
func HeldOut(i int) Subject { return Subject{"held-out network", i} }

// Condition is the subject that is condition i of an RDM.
func Condition(i int) Subject { return Subject{"condition", i} }

// DataSet is the subject that is data set i of those whose RDMs are computed.
func DataSet(i int) Subject { return Subject{"data set", i} }

// RDM is the subject that is measured RDM i.
func RDM(i int) Subject { return Subject{"RDM", i} }

// Model is the subject that is model RDM i.
func Model(i int) Subject { return Subject{"model", i} }

// Control is the subject that is control RDM i.
func Control(i int) Subject { return Subject{"control", i} }

// Invalidf returns an error that is ErrInvalid and says only what the format
// says: it reaches users as it is, but for the names of Subjects among args.
func Invalidf(format string, args ...any) error {
	return &marked{format, args, ErrInvalid}
}

// Numericalf returns an error that is ErrNumerical, likewise.
func Numericalf(format string, args ...any) error {
	return &marked{format, args, ErrNumerical}
}

// Errorf is fmt.Errorf, with one %w, for an error that has Subjects among args, or
// that wraps one.
func Errorf(format string, args ...any) error {
	return &marked{format, args, errors.Unwrap(fmt.Errorf(format, args...))}
}

// marked is a message that keeps its Subjects. It belongs to a sentinel without
// repeating its text, or wraps an error.
type marked struct {
	format string
	args   []any
	inner  error
}

func (e *marked) Error() string { return fmt.Errorf(e.format, e.args...).Error() }
func (e *marked) Unwrap() error { return e.inner }

// SubjectMark stands for a Subject in what Template returns.
const SubjectMark = "\x1a"

// Template returns the text of an error with a SubjectMark in the place of each
// Subject, and the Subjects in order.
func Template(err error) (text string, subjects []Subject) {
	text = err.Error()
	var e *marked
	if !errors.As(err, &e) {
		return text, nil
	}
	args := slices.Clone(e.args) // heap: of one message
	for i, arg := range args {
		switch arg := arg.(type) {
		case Subject:
			subjects = append(subjects, arg) // heap: likewise
			args[i] = SubjectMark
		case error:
			inner, more := Template(arg)
			subjects = append(subjects, more...) // heap: likewise
			args[i] = errors.New(inner)
		}
	}
	template := fmt.Errorf(e.format, args...).Error()
	return strings.Replace(text, e.Error(), template, 1), subjects
}

// PanicError is a panic recovered by a parallel loop or by Recover.
type PanicError = par.PanicError

// Recover turns a panic of the calling function into a *PanicError in *err.
// It must be deferred directly.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
