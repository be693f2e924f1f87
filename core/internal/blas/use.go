package blas

import (
	"fmt"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

var install sync.Once

// Routines returns the names of the Fortran routines that the seam can take
// over, in the order in which Use expects their addresses.
func Routines() []string {
	names := make([]string, len(routines))
	for i, r := range routines {
		names[i] = r.name
	}
	return names
}

// Use installs the routines at addresses, in the order of Routines, for the
// rest of the process. Each must follow the LP64 Fortran convention without
// hidden string lengths, as the capsules of scipy.linalg.cython_blas and
// cython_lapack do. Address 0 means that the process has no such routine and
// leaves it to gonum.
//
// The first call that succeeds counts and later ones change nothing, because
// gonum's dispatch is an unsynchronised global: call Use before any goroutine
// computes. The error is non-nil if the number of addresses is wrong.
func Use(addresses []uintptr) error {
	if len(addresses) != len(routines) {
		return fmt.Errorf("blas: got %d addresses for %d routines", len(addresses), len(routines))
	}
	install.Do(func() {
		for i, r := range routines {
			*r.address = addresses[i]
		}
		blas64.Use(Blas{})
		blas32.Use(Blas{})
		lapack64.Use(Lapack{})
	})
	return nil
}

// InUse reports whether Use has installed at least one Fortran routine.
func InUse() bool {
	for _, r := range routines {
		if *r.address != 0 {
			return true
		}
	}
	return false
}
