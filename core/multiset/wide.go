package multiset

import (
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// wideFactor is the workspace that factors an m x n matrix X, n > m, as L W
// with orthonormal rows of W.
type wideFactor struct {
	m             int
	qr, tau, work []float64
}

func newWideFactor(arena *cmem.Arena, m, n int) wideFactor {
	if n == 0 {
		return wideFactor{}
	}
	return wideFactor{m, arena.Float64s(n * m), arena.Float64s(m), arena.Float64s(64 * n)}
}

// reduce stores L in the m x m dst and keeps the factored W.
func (w wideFactor) reduce(dst []float64, x *mat.Dense) {
	m, n := x.Dims()
	for i := range m {
		for j, v := range x.RawRowView(i) {
			w.qr[j*m+i] = v
		}
	}
	lapack64.Geqrf(w.matrix(n), w.tau, w.work, len(w.work))
	for i := range m {
		for j := range i + 1 {
			dst[i*m+j] = w.qr[j*m+i]
		}
	}
}

// basis stores W' (n x m) of the matrix that was reduced last in dst.
func (w wideFactor) basis(dst []float64, n int) {
	lapack64.Orgqr(w.matrix(n), w.tau, w.work, len(w.work))
	copy(dst, w.qr[:n*w.m])
}

func (w wideFactor) matrix(n int) blas64.General {
	return blas64.General{Rows: n, Cols: w.m, Stride: w.m, Data: w.qr[:n*w.m]}
}
