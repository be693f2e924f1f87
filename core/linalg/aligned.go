package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"

	"netrep_go/core/internal/cmem"
)

// Aligned accumulates, over blocks of rows, the inner product <B Q, A> for the
// polar factor Q of the c that Spectrum decomposed, without forming Q:
//
//	<B Q, A> = sum_k (B C v_k) . (A v_k) / sigma_k.
type Aligned struct {
	dots, left, right []float64
}

// NewAligned returns a workspace in the arena for up to n columns.
func NewAligned(arena *cmem.Arena, n int) *Aligned {
	return &Aligned{arena.Float64s(n), arena.Float64s(n), arena.Float64s(n)}
}

// Reset starts over.
func (s *Aligned) Reset() {
	clear(s.dots)
	clear(s.left)
	clear(s.right)
}

// Add takes the rows of B C (left) and A (right), each rows x n; scratch has
// room for twice that.
func (s *Aligned) Add(p *Polar, left, right, scratch []float64, rows, n int) {
	v := p.gram[:n*n]
	bc, a := scratch[:rows*n], scratch[rows*n:2*rows*n]
	Gemm(blas.NoTrans, blas.NoTrans, rows, n, n, 1, left, n, v, n, 0, bc, n)
	Gemm(blas.NoTrans, blas.NoTrans, rows, n, n, 1, right, n, v, n, 0, a, n)
	for i := range rows {
		x, y := bc[i*n:(i+1)*n], a[i*n:(i+1)*n]
		for k, xk := range x {
			s.dots[k] += xk * y[k]
			s.left[k] += xk * xk
			s.right[k] += y[k] * y[k]
		}
	}
}

// Sum returns the inner product and a bound on its error. The computed U is
// orthonormal up to E, |E_ij| <= delta / (sigma_i sigma_j), to first order
// <B Q, A> is off by <E, U'B'AV> / 2, and the elements of the second matrix are
// at most |B u_i| |A v_j|.
func (s *Aligned) Sum(p *Polar, n int) (inner, bound float64) {
	var left, right float64
	for k, lambda := range p.w[:n] {
		sigma := math.Sqrt(lambda)
		inner += s.dots[k] / sigma
		left += math.Sqrt(s.left[k]) / lambda
		right += math.Sqrt(s.right[k]) / sigma
	}
	return inner, p.delta * left * right / 2
}
