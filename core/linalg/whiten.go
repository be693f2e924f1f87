package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// Whitening is the family of partial whitening transforms
//
//	Z = s V diag(d) V',  X'X = V diag(lambda) V',
//	d = alpha + (1 - alpha) lambda^(-1/2),
//
// between the identity (alpha = 1) and full whitening (alpha = 0), with
// eigenvalues clipped from below at Tol. The scale s keeps the total variance,
// tr(Z'X'XZ) = tr(X'X), counting the clipped eigenvalues (Williams et al.,
// NeurIPS 2021, regularised CCA).
type Whitening struct {
	Alpha float64
	Tol   float64
}

// Identity reports whether the transform is the identity.
func (w Whitening) Identity() bool { return w.Alpha > 1-w.Tol }

// Gain is d at the eigenvalue lambda.
func (w Whitening) Gain(lambda float64) float64 {
	return w.Alpha + (1-w.Alpha)/math.Sqrt(max(lambda, w.Tol))
}

// Variance returns the share of an eigenvalue in the total variance before and
// after the transform with s = 1.
func (w Whitening) Variance(lambda float64) (before, after float64) {
	lambda = max(lambda, w.Tol)
	root := w.Alpha*math.Sqrt(lambda) + 1 - w.Alpha
	return lambda, root * root
}

// Apply stores the whitened x z in xz and the transform in z, for the m x n
// x with columns that are already centered. With preserve false, s = 1. xz may
// not alias x.
func (w Whitening) Apply(xz, z, x *mat.Dense, preserve bool) error {
	m, n := x.Dims()
	if w.Identity() {
		xz.Copy(x)
		setIdentity(z)
		return nil
	}
	var arena cmem.Arena
	defer arena.Free()
	nwork, niwork := nblas.EigenWork(n)
	v, lambda := arena.Float64s(n*n), arena.Float64s(n)
	work, iwork := arena.Float64s(nwork), arena.Int32s(niwork)
	scaled, rotated := arena.Float64s(n*n), arena.Float64s(m*n)
	if err := arena.Err(); err != nil {
		return err
	}
	rx, rz, rxz := x.RawMatrix(), z.RawMatrix(), xz.RawMatrix()
	Gemm(blas.Trans, blas.NoTrans, n, n, m, 1, rx.Data, rx.Stride, rx.Data, rx.Stride, 0, v, n)
	if !nblas.Eigen(n, v, n, lambda, work, iwork) {
		return core.Numericalf("the eigenvalues of the %d x %d covariance did not converge", n, n)
	}
	scale := 1.0
	if preserve {
		scale = w.scale(lambda)
	}
	for k, l := range lambda {
		lambda[k] = scale * w.Gain(l)
	}
	copy(scaled, v)
	ScaleColumns(scaled, n, lambda)
	Gemm(blas.NoTrans, blas.Trans, n, n, n, 1, scaled, n, v, n, 0, rz.Data, rz.Stride)

	// x is rotated before it is scaled, so that rounding in the directions in
	// which it does not vary can be told from activity and is not amplified.
	Gemm(blas.NoTrans, blas.NoTrans, m, n, n, 1, rx.Data, rx.Stride, v, n, 0, rotated, n)
	total := mat.Norm(x, 2)
	for k, size := range ColumnNorms(rotated, m, n) {
		if size <= NullColumn*total {
			lambda[k] = 0
		}
	}
	ScaleColumns(rotated, m, lambda)
	Gemm(blas.NoTrans, blas.Trans, m, n, n, 1, rotated, n, v, n, 0, rxz.Data, rxz.Stride)
	return nil
}

// NullColumn is the norm, relative to the matrix, at which a rotated column
// counts as a direction in which a network does not vary: rounding leaves up to
// 1.4e-14.
const NullColumn = 1e-13

// scale is s for a full set of eigenvalues.
func (w Whitening) scale(lambda []float64) float64 {
	var before, after float64
	for _, l := range lambda {
		b, a := w.Variance(l)
		before += b
		after += a
	}
	return math.Sqrt(before / after)
}

func setIdentity(z *mat.Dense) {
	z.Zero()
	n, _ := z.Dims()
	for i := range n {
		z.Set(i, i, 1)
	}
}
