package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// maxPolarLoss is the largest delta / (2 lambda_min) for which one
// Newton-Schulz step restores the polar factor from the Gram matrix: the step
// squares the loss of orthogonality.
const maxPolarLoss = 1e-4

// Polar computes polar factors of tall matrices on one workspace: for
// C = U S V', the matrix with orthonormal columns Q = U V' that maximizes
// tr(Q'C). It is not safe for concurrent use.
type Polar struct {
	// Complete asks for orthonormal columns where c vanishes, too: an isometry
	// that is arbitrary where c does not say how to rotate.
	Complete bool

	gram, w, s, work, u, u2, vt []float64
	iwork                       []int32
	delta                       float64 // error of the eigenvalues w of the Gram matrix
}

// NewPolar returns a workspace in the arena for matrices of at most m x n,
// m >= n. The caller checks arena.Err.
func NewPolar(arena *cmem.Arena, m, n int) *Polar {
	ework, eiwork := nblas.EigenWork(n)
	return &Polar{
		gram:  arena.Float64s(n * n),
		w:     arena.Float64s(n),
		s:     arena.Float64s(n),
		work:  arena.Float64s(max(ework, nblas.SVDWork(false, m, n))),
		u:     arena.Float64s(m * n),
		u2:    arena.Float64s(m * n),
		vt:    arena.Float64s(n * n),
		iwork: arena.Int32s(max(eiwork, 8*n)),
	}
}

// Factor writes the polar factor of the m x n row-major c, m >= n, to q and
// returns the nuclear norm of c. q may not alias c, which is overwritten if the
// route is BySVD.
//
// Directions in which c vanishes (sigma_i <= max(m, n) eps sigma_1) are left
// out of Q, which is then a partial isometry: c does not say how to rotate
// them. accept is as for Nuclear.Norm.
func (p *Polar) Factor(
	q, c []float64, m, n int, accept func(sum, bound float64) bool,
) (float64, Route, error) {
	if sum, ok := p.Spectrum(c, m, n, accept); ok && p.FromSpectrum(q, c, m, n) {
		return sum, ByGram, nil
	}
	sum, err := p.BySVD(q, c, m, n)
	return sum, BySVD, err
}

// Spectrum decomposes C'C = V S^2 V' of the m x n row-major c, m >= n, for
// FromSpectrum and Aligned, and returns the nuclear norm of c. ok is false if
// the norm is not accepted or a singular value is lost in rounding.
func (p *Polar) Spectrum(
	c []float64, m, n int, accept func(sum, bound float64) bool,
) (sum float64, ok bool) {
	v, w := p.gram[:n*n], p.w[:n]
	crossProduct(v, c, m, n)
	if !nblas.Eigen(n, v, n, w, p.work, p.iwork) {
		return 0, false
	}
	p.delta = gramError(m, w[n-1])
	if !(w[0] > 0) || w[n-1] < smallestGram {
		return 0, false
	}
	sum, bound := sqrtSum(w, p.delta)
	return sum, accept(sum, bound)
}

// TakeSpectrum is Spectrum for the c that t has reduced and whose norm is accepted.
func (p *Polar) TakeSpectrum(t *Tridiagonal) (ok bool) {
	n := t.n
	w := p.w[:n]
	if !t.vectors(p.gram[:n*n], w, p.work, p.iwork) {
		return false
	}
	p.delta = gramError(t.m, w[n-1])
	return w[0] > 0
}

// FromSpectrum writes the polar factor of the c that Spectrum decomposed to q:
// U = C V S^-1, its orthogonality restored by one Newton-Schulz step,
// U <- U (3 I - U'U) / 2, times V'. It returns false if too little of the
// orthogonality is left for that.
func (p *Polar) FromSpectrum(q, c []float64, m, n int) bool {
	v, w := p.gram[:n*n], p.w[:n]
	if p.delta > 2*maxPolarLoss*w[0] {
		return false
	}
	scale := p.s[:n]
	for j, v := range w {
		scale[j] = 1 / math.Sqrt(v)
	}
	u, u2, step := p.u[:m*n], p.u2[:m*n], p.vt[:n*n]
	Gemm(blas.NoTrans, blas.NoTrans, m, n, n, 1, c, n, v, n, 0, u, n)
	ScaleColumns(u, m, scale)
	newtonSchulzStep(step, u, m, n)
	Gemm(blas.NoTrans, blas.NoTrans, m, n, n, 1, u, n, step, n, 0, u2, n)
	Gemm(blas.NoTrans, blas.Trans, m, n, n, 1, u2, n, v, n, 0, q, n)
	return true
}

// BySVD is Factor by the singular vectors of c, which is overwritten.
func (p *Polar) BySVD(q, c []float64, m, n int) (float64, error) {
	s, u, vt := p.w[:n], p.u[:m*n], p.vt[:n*n]
	if !nblas.SVD(false, m, n, c, n, s, u, n, vt, n, p.work, p.iwork) {
		return math.NaN(), core.Numericalf("the SVD of a %d x %d matrix did not converge", m, n)
	}
	rank := n
	if !p.Complete {
		rank = NumericalRank(s, max(m, n))
	}
	Gemm(blas.NoTrans, blas.NoTrans, m, n, rank, 1, u, n, vt, n, 0, q, n)
	var sum float64
	for _, v := range s {
		sum += v
	}
	return sum, nil
}

// NumericalRank counts the descending singular values s that exceed
// size * eps * s[0], size being the larger dimension of the matrix.
func NumericalRank(s []float64, size int) int {
	rank := 0
	for rank < len(s) && s[rank] > float64(size)*eps*s[0] {
		rank++
	}
	return rank
}

// newtonSchulzStep stores (3 I - U'U) / 2, full, in the n x n step.
func newtonSchulzStep(step, u []float64, m, n int) {
	blas64.Implementation().Dsyrk(blas.Upper, blas.Trans, n, m, -0.5, u, n, 0, step, n)
	symmetrize(step, n)
	for i := range n {
		step[i*n+i] += 1.5
	}
}
