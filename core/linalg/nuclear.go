package linalg

import (
	"math"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// Nuclear computes nuclear norms |C|_* = sum_i sigma_i(C) of tall matrices on
// one workspace. It is not safe for concurrent use.
type Nuclear struct {
	gram, chol, w, work []float64
	iwork               []int32
	reduced             *Tridiagonal // with gram for its workspace; nil for few columns
}

// NewNuclear returns a workspace in the arena for matrices of at most m x n,
// m >= n. The caller checks arena.Err.
func NewNuclear(arena *cmem.Arena, m, n int) *Nuclear {
	nu := &Nuclear{
		chol:  arena.Float64s(n * n),
		w:     arena.Float64s(n),
		work:  arena.Float64s(max(nblas.EigenvaluesWork(n), nblas.SingularValuesWork(m, n))),
		iwork: arena.Int32s(8 * n),
	}
	if n < LeastRooted {
		nu.gram = arena.Float64s(n * n)
	} else {
		nu.reduced = NewTridiagonal(arena, 0, n)
		nu.gram = nu.reduced.gram
	}
	return nu
}

// Norm returns the nuclear norm of the m x n row-major c, m >= n.
//
// The cheap way sums square roots of eigenvalues of C'C. It is taken only if
// accept(sum, bound) holds, bound being a limit on the error of sum; else the
// singular values of c are computed, for which accept is not asked. With doubt, a
// Cholesky factorization predicts matrices whose certificate would fail, because
// a failed certificate costs more than a certified norm saves.
//
// c is overwritten if the route is BySVD.
func (nu *Nuclear) Norm(
	c []float64, m, n int, doubt bool, accept func(sum, bound float64) bool,
) (float64, Route, error) {
	gram := nu.gram[:n*n]
	crossProduct(gram, c, m, n)
	if !doubt || nu.promising(gram, m, n, accept) {
		if sum, ok := nu.byGram(m, n, accept); ok {
			return sum, ByGram, nil
		}
	}
	s := nu.w[:n]
	if !nblas.SingularValues(m, n, c, n, s, nu.work, nu.iwork) {
		return math.NaN(), BySVD, core.Numericalf("singular values of a %d x %d matrix did not converge",
			m, n)
	}
	var sum float64
	for _, v := range s {
		sum += v
	}
	return sum, BySVD, nil
}

// byGram takes the norm from the Gram matrix.
func (nu *Nuclear) byGram(m, n int, accept func(sum, bound float64) bool) (sum float64, ok bool) {
	if n >= LeastRooted {
		return nu.reduced.ofGram(m, n, accept)
	}
	w := nu.w[:n]
	if !nblas.Eigenvalues(n, nu.gram, n, w, nu.work) || !(w[n-1] > smallestGram) {
		return 0, false
	}
	sum, bound := sqrtSum(w, gramError(m, w[n-1]))
	return sum, accept(sum, bound)
}

// promising predicts whether the certificate will hold, from the Cholesky
// factor R of the Gram matrix: the diagonal of R stands for the singular
// values. It is right for more than nine matrices in ten, and only the speed
// depends on it.
func (nu *Nuclear) promising(gram []float64, m, n int, accept func(sum, bound float64) bool) bool {
	chol := nu.chol[:n*n]
	copy(chol, gram)
	if !nblas.Cholesky(n, chol, n) {
		return false
	}
	largest := 0.0
	for i := range n {
		largest = max(largest, chol[i*n+i]*chol[i*n+i])
	}
	delta := gramError(m, largest)
	var sum, bound float64
	for i := range n {
		r := chol[i*n+i]
		sum += r
		bound += delta / (2 * r)
	}
	return accept(sum, bound)
}
