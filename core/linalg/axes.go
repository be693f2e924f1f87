package linalg

import (
	"slices"

	"gonum.org/v1/gonum/blas"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// clearEigenvalue is the part of the largest eigenvalue of X'X above which an eigenvalue
// has kept eight digits or more.
const clearEigenvalue = 1e-6

// RefineAxes takes the eigenvectors v and the ascending eigenvalues lambda of X'X and the
// m x n rotated = X V. If X varies in directions that its Gram matrix does not show
// clearly, it replaces the three by what the singular value decomposition of rotated says.
// Null directions have no need of it.
func RefineAxes(v, lambda, rotated []float64, m, n int) error {
	var arena cmem.Arena
	defer arena.Free()
	size := arena.Float64s(n)
	if err := arena.Err(); err != nil {
		return err
	}
	if ColumnNorms(size, rotated, m); !unclear(lambda, size) {
		return nil
	}
	rows := max(m, n)
	a, u, vt := arena.Float64s(rows*n), arena.Float64s(rows*n), arena.Float64s(n*n)
	work, iwork := arena.Float64s(nblas.SVDWork(false, rows, n)), arena.Int32s(8*n)
	if err := arena.Err(); err != nil {
		return err
	}
	copy(a, rotated[:m*n])
	if !nblas.SVD(false, rows, n, a, n, lambda, u, n, vt, n, work, iwork) {
		return core.Numericalf("the SVD of the %d x %d activations did not converge", m, n)
	}
	copy(rotated, u[:m*n])
	ScaleColumns(rotated, m, lambda)
	old := a[:n*n]
	copy(old, v)
	Gemm(blas.NoTrans, blas.Trans, n, n, n, 1, old, n, vt, n, 0, v, n)
	for k, s := range lambda {
		lambda[k] = s * s
	}
	ascending(lambda, rotated, m, n)
	ascending(nil, v, n, n)
	return nil
}

// unclear reports whether an eigenvalue is that of a direction with activity, whose norm
// is size, and small enough for rounding to show.
func unclear(lambda, size []float64) bool {
	largest := lambda[len(lambda)-1]
	for k, l := range lambda {
		if l < clearEigenvalue*largest && size[k] > NullColumn*size[len(size)-1] {
			return true
		}
	}
	return false
}

// ascending turns the order of the values and of the columns of the m x n a.
func ascending(values, a []float64, m, n int) {
	slices.Reverse(values)
	for i := range m {
		slices.Reverse(a[i*n : (i+1)*n])
	}
}
