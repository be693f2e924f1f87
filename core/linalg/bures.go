package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// SquaredBures returns the squared Bures distance of two symmetric n x n
// matrices without negative eigenvalues,
//
//	tr A + tr B - 2 tr (A^1/2 B A^1/2)^1/2 = min_Q |F - G Q|^2,  A = F F', B = G G',
//
// over orthogonal Q. It is computed as the residual on the right, which is
// accurate down to zero and never negative (Bhatia, Jain & Lim, Expositiones
// Mathematicae 37 (2019) 165-191). Negative eigenvalues count as zero; only the
// upper triangles are read.
func SquaredBures(a, b *mat.Dense) (float64, error) {
	n, _ := a.Dims()
	var arena cmem.Arena
	defer arena.Free()
	nwork, niwork := nblas.EigenWork(n)
	f, g := arena.Float64s(n*n), arena.Float64s(n*n)
	cross, q := arena.Float64s(n*n), arena.Float64s(n*n)
	w, work, iwork := arena.Float64s(n), arena.Float64s(nwork), arena.Int32s(niwork)
	polar := NewPolar(&arena, n, n)
	polar.Complete = true
	if err := arena.Err(); err != nil {
		return math.NaN(), err
	}
	if !squareRoot(f, a, w, work, iwork) || !squareRoot(g, b, w, work, iwork) {
		return math.NaN(), core.Numericalf("the eigenvalues of a %d x %d covariance did not converge",
			n, n)
	}
	Gemm(blas.Trans, blas.NoTrans, n, n, n, 1, g, n, f, n, 0, cross, n)
	if _, _, err := polar.Factor(q, cross, n, n, AnyBound); err != nil {
		return math.NaN(), err
	}
	Gemm(blas.NoTrans, blas.NoTrans, n, n, n, -1, g, n, q, n, 1, f, n)
	return floats.Dot(f, f), nil
}

// squareRoot stores V diag(lambda)^1/2 of a = V diag(lambda) V' in f.
func squareRoot(f []float64, a *mat.Dense, w, work []float64, iwork []int32) bool {
	n, _ := a.Dims()
	for i := range n {
		copy(f[i*n:(i+1)*n], a.RawRowView(i))
	}
	if !nblas.Eigen(n, f, n, w, work, iwork) {
		return false
	}
	for k, l := range w {
		w[k] = math.Sqrt(max(l, 0))
	}
	ScaleColumns(f, n, w)
	return true
}
