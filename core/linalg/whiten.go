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
// eigenvalues clipped from below. The scale s keeps the total variance,
// tr(Z'X'XZ) = tr(X'X), counting the clipped eigenvalues (Williams et al.,
// NeurIPS 2021, regularized CCA).
type Whitening struct {
	Alpha float64
	// Tol is where eigenvalues are clipped, in the square of the unit of X; 0 clips
	// them where rounding hides them (see Gains), whatever the unit.
	Tol float64
}

// NetrepTol is where netrep clips eigenvalues.
const NetrepTol = 1e-7

// nextToNothing is the part of the largest eigenvalue that directions without variance
// count as at most: what an eigenvalue of 10 makes of NetrepTol.
const nextToNothing = 1e-8

// Identity reports whether the transform is the identity.
func (w Whitening) Identity() bool {
	if w.Tol > 0 {
		return w.Alpha > 1-w.Tol
	}
	return w.Alpha > 1-NetrepTol
}

// Gains says how the directions of one matrix are whitened.
type Gains struct {
	alpha, floor float64
	null         float64 // eigenvalue by which a direction without variance is scaled
	counted      float64 // and that which it counts as in the total variance
}

// Gains returns those of an m x p matrix whose covariance has the given largest
// eigenvalue. Unless w.Tol is set, eigenvalues are clipped at max(m, p, 16) eps of it,
// which bounds their rounding.
//
// Directions in which the matrix does not vary at all are scaled as if they had NetrepTol
// of the largest eigenvalue, which is far enough from rounding for the others to keep
// their digits. In the total variance they count as NetrepTol, as in netrep, unless the
// unit is so large that this would be more than next to nothing.
func (w Whitening) Gains(m, p int, largest float64) Gains {
	switch {
	case w.Identity() || largest == 0: // zeros stay as they are
		return Gains{alpha: 1, floor: 1, null: 1, counted: 1}
	case w.Tol > 0:
		return Gains{alpha: w.Alpha, floor: w.Tol, null: w.Tol, counted: w.Tol}
	}
	return Gains{
		alpha:   w.Alpha,
		floor:   float64(max(m, p, 16)) * eps * largest,
		null:    NetrepTol * largest,
		counted: min(NetrepTol, nextToNothing*largest),
	}
}

// Gain is d at the eigenvalue lambda.
func (g Gains) Gain(lambda float64) float64 { return g.at(max(lambda, g.floor)) }

// Null is d in directions in which the matrix does not vary.
func (g Gains) Null() float64 { return g.at(g.null) }

func (g Gains) at(lambda float64) float64 { return g.alpha + (1-g.alpha)/math.Sqrt(lambda) }

// Variance returns the share of an eigenvalue in the total variance before and
// after the transform with s = 1.
func (g Gains) Variance(lambda float64) (before, after float64) {
	if lambda <= g.floor {
		lambda = g.counted
	}
	root := g.alpha*math.Sqrt(lambda) + 1 - g.alpha
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
	size, scaled, rotated := arena.Float64s(n), arena.Float64s(n*n), arena.Float64s(m*n)
	if err := arena.Err(); err != nil {
		return err
	}
	rx, rz, rxz := x.RawMatrix(), z.RawMatrix(), xz.RawMatrix()
	Gemm(blas.Trans, blas.NoTrans, n, n, m, 1, rx.Data, rx.Stride, rx.Data, rx.Stride, 0, v, n)
	if !nblas.Eigen(n, v, n, lambda, work, iwork) {
		return core.Numericalf("the eigenvalues of the %d x %d covariance did not converge", n, n)
	}
	// x is rotated before it is scaled, so that rounding in the directions in
	// which it does not vary can be told from activity and is not amplified.
	Gemm(blas.NoTrans, blas.NoTrans, m, n, n, 1, rx.Data, rx.Stride, v, n, 0, rotated, n)
	if err := RefineAxes(v, lambda, rotated, m, n); err != nil {
		return err
	}
	gains := w.Gains(m, Varying(x, nil), lambda[n-1])
	scale := 1.0
	if preserve {
		scale = gains.scale(lambda)
	}
	total, active := mat.Norm(x, 2), work[:n]
	ColumnNorms(size, rotated, m)
	for k, size := range size {
		active[k] = scale * gains.Gain(lambda[k])
		lambda[k] = active[k]
		if size <= NullColumn*total {
			active[k], lambda[k] = 0, scale*gains.Null()
		}
	}
	copy(scaled, v)
	ScaleColumns(scaled, n, lambda)
	Gemm(blas.NoTrans, blas.Trans, n, n, n, 1, scaled, n, v, n, 0, rz.Data, rz.Stride)
	ScaleColumns(rotated, m, active)
	Gemm(blas.NoTrans, blas.Trans, m, n, n, 1, rotated, n, v, n, 0, rxz.Data, rxz.Stride)
	return nil
}

// NullColumn is the norm, relative to the matrix, at which a rotated column
// counts as a direction in which a network does not vary: rounding leaves up to
// 1.4e-14.
const NullColumn = 1e-13

// scale is s for a full set of eigenvalues.
func (g Gains) scale(lambda []float64) float64 {
	var before, after float64
	for _, l := range lambda {
		b, a := g.Variance(l)
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
