package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// Halley computes polar factors of tall, well conditioned matrices on one
// workspace, in about half the time of Polar: dynamically weighted Halley steps
//
//	X <- X (b/c I + (a - b/c) (I + c X'X)^-1)
//
// (Nakatsukasa, Bai & Gygi, SIAM J. Matrix Anal. Appl. 31 (2010) 2700-2720,
// doi:10.1137/090774999), which need no eigenvectors, and Newton-Schulz steps of
// third order once X is nearly orthogonal. It is not safe for concurrent use.
type Halley struct {
	gram, inverse, next []float64
}

const (
	// leastCondition is the estimate of sigma_n / sigma_1 from which on Halley
	// steps keep their digits: they lose a factor of about its 4/3rd power.
	leastCondition = 1e-4
	// nearOrthogonal is |X'X - I| below which Newton-Schulz steps converge
	// faster than Halley steps, and lastStep that below which one is enough: it
	// leaves 5/16 of the cube.
	nearOrthogonal = 0.1
	lastStep       = 5e-5
	// maxHalleySteps is more than any matrix that passes leastCondition takes.
	maxHalleySteps = 12
)

// NewHalley returns a workspace in the arena for matrices of at most m x n,
// m >= n. The caller checks arena.Err.
func NewHalley(arena *cmem.Arena, m, n int) *Halley {
	return &Halley{arena.Float64s(n * n), arena.Float64s(n * n), arena.Float64s(m * n)}
}

// Factor writes the polar factor of the m x n row-major c, m >= n, to q, which
// may not alias c, with errors of about 1e-12. It returns false if c is not well
// conditioned; q is garbage then.
func (h *Halley) Factor(q, c []float64, m, n int) bool {
	lower, ok := h.start(q, c, m, n)
	for step := 0; ok && step < maxHalleySteps; step++ {
		gap := identityGap(h.gram, n)
		if gap < nearOrthogonal {
			h.newtonSchulz(q, m, n)
			if gap < lastStep {
				return true
			}
		} else {
			lower, ok = h.halley(q, lower, m, n)
		}
		crossProduct(h.gram[:n*n], q, m, n)
	}
	return false
}

// start stores c, scaled to singular values of at most 1, in q, and its Gram
// matrix. It estimates the smallest singular value from a Cholesky
// factorisation; a wrong estimate costs steps only.
func (h *Halley) start(q, c []float64, m, n int) (lower float64, ok bool) {
	gram, chol := h.gram[:n*n], h.inverse[:n*n]
	crossProduct(gram, c, m, n)
	copy(chol, gram)
	if !nblas.Cholesky(n, chol, n) {
		return 0, false
	}
	square := upperNorm(gram, n) // at least sigma_1^2
	lower = math.Inf(1)
	for i := range n {
		lower = min(lower, chol[i*n+i])
	}
	lower *= 0.2 / math.Sqrt(square)
	if !(lower > leastCondition) || math.IsInf(square, 1) {
		return 0, false
	}
	for i := range gram {
		gram[i] /= square
	}
	scale := 1 / math.Sqrt(square)
	for i, v := range c[:m*n] {
		q[i] = scale * v
	}
	return min(lower, 1), true
}

// halley replaces x by the step for singular values in [lower, 1], and returns
// their new lower end.
func (h *Halley) halley(x []float64, lower float64, m, n int) (float64, bool) {
	a, b, c := halleyWeights(lower)
	inverse, solved := h.inverse[:n*n], h.next[:m*n]
	for i := range n {
		for j := i; j < n; j++ {
			inverse[i*n+j] = c * h.gram[i*n+j]
		}
		inverse[i*n+i]++
	}
	if !nblas.Cholesky(n, inverse, n) {
		return 0, false
	}
	copy(solved, x)
	impl := blas64.Implementation()
	impl.Dtrsm(blas.Right, blas.Upper, blas.NoTrans, blas.NonUnit, m, n, a-b/c, inverse, n, solved, n)
	impl.Dtrsm(blas.Right, blas.Upper, blas.Trans, blas.NonUnit, m, n, 1, inverse, n, solved, n)
	for i, v := range solved {
		x[i] = b/c*x[i] + v
	}
	square := lower * lower
	return min(1, lower*(a+b*square)/(1+c*square)), true
}

// halleyWeights returns the weights of the best step for singular values in
// [lower, 1], as in the paper.
func halleyWeights(lower float64) (a, b, c float64) {
	square := lower * lower
	d := math.Cbrt(4 * (1 - square) / (square * square))
	root := math.Sqrt(1 + d)
	a = root + math.Sqrt(8-4*d+8*(2-square)/(square*root))/2
	b = (a - 1) * (a - 1) / 4
	return a, b, a + b - 1
}

// newtonSchulz replaces x by x (15 I - 10 G + 3 G^2) / 8 with G = X'X from
// h.gram.
func (h *Halley) newtonSchulz(x []float64, m, n int) {
	gram, factor, next := h.gram[:n*n], h.inverse[:n*n], h.next[:m*n]
	for i := range n {
		for j := i; j < n; j++ {
			gram[j*n+i] = gram[i*n+j]
		}
	}
	copy(factor, gram)
	Gemm(blas.NoTrans, blas.NoTrans, n, n, n, 0.375, gram, n, gram, n, -1.25, factor, n)
	for i := range n {
		factor[i*n+i] += 1.875
	}
	Gemm(blas.NoTrans, blas.NoTrans, m, n, n, 1, x, n, factor, n, 0, next, n)
	copy(x, next)
}

// identityGap returns |G - I| for the upper triangle of G.
func identityGap(gram []float64, n int) float64 {
	var off, diagonal float64
	for i := range n {
		diagonal += (gram[i*n+i] - 1) * (gram[i*n+i] - 1)
		for _, v := range gram[i*n+i+1 : (i+1)*n] {
			off += v * v
		}
	}
	return math.Sqrt(diagonal + 2*off)
}

// upperNorm returns |G| for the upper triangle of G.
func upperNorm(gram []float64, n int) float64 {
	var off, diagonal float64
	for i := range n {
		diagonal += gram[i*n+i] * gram[i*n+i]
		for _, v := range gram[i*n+i+1 : (i+1)*n] {
			off += v * v
		}
	}
	return math.Sqrt(diagonal + 2*off)
}
