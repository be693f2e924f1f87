package capi

import (
	"netrep_go/core"

	"gonum.org/v1/gonum/mat"
)

// firstError returns the first error that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// sized checks the shape of a matrix whose shape follows from other arguments.
func sized(x *mat.Dense, rows, cols int) error {
	if r, c := x.Dims(); r != rows || c != cols {
		return core.Invalidf("expected an array of shape (%d, %d), got (%d, %d)", rows, cols, r, c)
	}
	return nil
}

// length checks the length of a vector that follows from other arguments.
func length[T any](x []T, n int) error {
	if len(x) != n {
		return core.Invalidf("expected an array of length %d, got %d", n, len(x))
	}
	return nil
}
