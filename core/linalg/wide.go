package linalg

import (
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// WideFactor factors m x n matrices X, n > m, as L W with L lower triangular
// and orthonormal rows of W, on one workspace. It is not safe for concurrent
// use.
type WideFactor struct {
	m, n          int
	qr, tau, work []float64
}

// NewWideFactor returns a workspace in the arena for matrices of m rows and at
// most n columns; with n <= m it allocates nothing. The caller checks arena.Err.
func NewWideFactor(arena *cmem.Arena, m, n int) *WideFactor {
	if n <= m {
		return &WideFactor{m: m}
	}
	return &WideFactor{m, n, arena.Float64s(n * m), arena.Float64s(m), arena.Float64s(64 * n)}
}

// Reduce stores L of x, or of x less the row offset if that is not nil, in the
// m x m dst.
func (w *WideFactor) Reduce(dst []float64, x *mat.Dense, offset []float64) {
	m := w.m
	_, w.n = x.Dims()
	for i := range m {
		for j, v := range x.RawRowView(i) {
			if offset != nil {
				v -= offset[j]
			}
			w.qr[j*m+i] = v
		}
	}
	lapack64.Geqrf(w.matrix(), w.tau, w.work, len(w.work))
	for i := range m {
		for j := range i + 1 {
			dst[i*m+j] = w.qr[j*m+i]
		}
		clear(dst[i*m+i+1 : (i+1)*m])
	}
}

// Basis returns W' (n x m) of the matrix that was reduced last. It is
// overwritten by the next Reduce, and may be asked for once.
func (w *WideFactor) Basis() []float64 {
	lapack64.Orgqr(w.matrix(), w.tau, w.work, len(w.work))
	return w.matrix().Data
}

func (w *WideFactor) matrix() blas64.General {
	return blas64.General{Rows: w.n, Cols: w.m, Stride: w.m, Data: w.qr[:w.n*w.m]}
}
