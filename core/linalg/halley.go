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
	// faster than Halley steps.
	nearOrthogonal = 0.1
	// lastCubic is |X'X - I| below which one step of third order is enough: it
	// leaves 5/16 of the cube. lastSquare is the same for second order, which
	// leaves 3/8 of the square.
	lastCubic  = 1e-4
	lastSquare = 1e-6
	// maxHalleySteps is more than any matrix that passes leastCondition takes.
	maxHalleySteps = 12
)

// NewHalley returns a workspace in the arena for matrices of at most m x n,
// m >= n. The caller checks arena.Err.
func NewHalley(arena *cmem.Arena, m, n int) *Halley {
	return &Halley{arena.Float64s(n * n), arena.Float64s(n * n), arena.Float64s(max(m*n, 3*n))}
}

// Factor writes the polar factor of the m x n row-major c, m >= n, to q, which
// may not alias c, with errors of 1e-13 to 1e-10 as the condition worsens. It
// returns false if c is not well conditioned; q is garbage then.
func (h *Halley) Factor(q, c []float64, m, n int) bool {
	lower, ok := h.start(q, c, m, n)
	for step := 0; ok && step < maxHalleySteps; step++ {
		gap := identityGap(h.gram, n)
		if gap < nearOrthogonal {
			h.newtonSchulz(q, m, n, gap < lastSquare)
			if gap < lastCubic {
				return true
			}
		} else {
			lower, ok = h.halley(q, lower, m, n)
		}
		crossProduct(h.gram[:n*n], q, m, n)
	}
	return false
}

// start stores c, scaled to singular values of about 1 at most, in q, and its
// Gram matrix, and estimates the smallest singular value.
func (h *Halley) start(q, c []float64, m, n int) (lower float64, ok bool) {
	gram, chol := h.gram[:n*n], h.inverse[:n*n]
	crossProduct(gram, c, m, n)
	copy(chol, gram)
	if !nblas.Cholesky(n, chol, n) {
		return 0, false
	}
	smallest, largest := h.spectrumEnds(gram, chol, n)
	lower = math.Sqrt(smallest / largest)
	if !(lower > leastCondition) || math.IsInf(largest, 1) {
		return 0, false
	}
	for i := range gram {
		gram[i] /= largest
	}
	scale := 1 / math.Sqrt(largest)
	for i, v := range c[:m*n] {
		q[i] = scale * v
	}
	return min(lower, 1), true
}

// spectrumEnds estimates the ends of the spectrum of the Gram matrix with the
// given Cholesky factor by powers of it and of its inverse, and widens them by
// what the powers may miss. A wrong estimate costs steps only.
func (h *Halley) spectrumEnds(gram, chol []float64, n int) (smallest, largest float64) {
	const margin = 1.1
	impl := blas64.Implementation()
	high, low, product := h.next[:n], h.next[n:2*n], h.next[2*n:3*n]
	for i := range n {
		high[i] = 1 + math.Sin(float64(i)) // has a part in every direction that data have
		low[i] = high[i]
	}
	for range 4 {
		impl.Dsymv(blas.Upper, n, 1, gram, n, high, 1, 0, product, 1)
		largest = normalize(high, product)
		copy(product, low)
		impl.Dtrsv(blas.Upper, blas.Trans, blas.NonUnit, n, chol, n, product, 1)
		impl.Dtrsv(blas.Upper, blas.NoTrans, blas.NonUnit, n, chol, n, product, 1)
		smallest = 1 / normalize(low, product)
	}
	return smallest / margin, largest * margin
}

// normalize stores product / |product| in v and returns the norm.
func normalize(v, product []float64) float64 {
	norm := math.Sqrt(blas64.Implementation().Ddot(len(v), product, 1, product, 1))
	for i, p := range product {
		v[i] = p / norm
	}
	return norm
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
// h.gram, or by the step of second order, x (3 I - G) / 2.
func (h *Halley) newtonSchulz(x []float64, m, n int, square bool) {
	gram, factor, next := h.gram[:n*n], h.inverse[:n*n], h.next[:m*n]
	symmetrize(gram, n)
	copy(factor, gram)
	c0, c1, c2 := 1.875, -1.25, 0.375
	if square {
		c0, c1, c2 = 1.5, -0.5, 0
	}
	// G is symmetric: its square is a cross product, at half the cost.
	blas64.Implementation().Dsyrk(blas.Upper, blas.Trans, n, n, c2, gram, n, c1, factor, n)
	symmetrize(factor, n)
	for i := range n {
		factor[i*n+i] += c0
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
