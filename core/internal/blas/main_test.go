//go:build !windows

package blas

import (
	"fmt"
	"os"
	"testing"

	"netrep_go/core/internal/blas/internal/dynamic"
)

// TestMain runs the tests on pure gonum or, if NETREP_TEST_BLAS is the path of a
// shared library with LP64 BLAS and LAPACK, on that library.
func TestMain(m *testing.M) {
	if path := os.Getenv("NETREP_TEST_BLAS"); path != "" {
		addresses, err := dynamic.Addresses(path, Routines())
		if err == nil {
			err = Use(addresses)
		}
		if err == nil && !InUse() {
			err = fmt.Errorf("%s has none of %v", path, Routines())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
