package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"

	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// Rooted is Aligned without eigenvectors, for matrices C of at least LeastRooted
// columns that are well conditioned: with the tridiagonal T of C'C = P T P',
//
//	<B Q, A> = <B C P, A P T^(-1/2)>.
type Rooted struct {
	t                    *Tridiagonal
	root, tails          []float64
	pivot, below, solved []float64
	inner, right         float64
	left, steep          float64 // |B C P T^(-1/2)|^2 and |B C P T^-1|^2
}

// solvedRows is the number of rows that are divided by T together.
const solvedRows = 8

// NewRooted returns a workspace in the arena for up to n columns.
func NewRooted(arena *cmem.Arena, n int) *Rooted {
	return &Rooted{
		root:   arena.Float64s(n * n),
		tails:  arena.Float64s(maxPoles * n),
		pivot:  arena.Float64s(n),
		below:  arena.Float64s(n),
		solved: arena.Float64s(solvedRows * n),
	}
}

// Reset starts over with the C that t reduced, whose Loss is finite.
func (s *Rooted) Reset(t *Tridiagonal) {
	s.t = t
	s.inner, s.right, s.left, s.steep = 0, 0, 0, 0
	t.inverseRoot(s.root, s.tails)
	s.factor()
}

// factor stores T = L D L' in below and pivot.
func (s *Rooted) factor() {
	t := s.t
	s.pivot[0] = t.d[0]
	for i := 1; i < t.n; i++ {
		s.below[i-1] = t.e[i-1] / s.pivot[i-1]
		s.pivot[i] = t.d[i] - t.e[i-1]*s.below[i-1]
	}
	s.below[t.n-1] = 0
}

// Add takes the rows of B C and A, one after the other in pair, 2 rows x n, which is
// overwritten; scratch has room for half of it.
func (s *Rooted) Add(pair, scratch []float64, rows int) {
	t := s.t
	n := t.n
	nblas.RotateRows(2*rows, n, t.gram, n, t.tau, pair, n, t.work)
	left, right, rooted := pair[:rows*n], pair[rows*n:2*rows*n], scratch[:rows*n]
	Gemm(blas.NoTrans, blas.NoTrans, rows, n, n, 1, right, n, s.root, n, 0, rooted, n)
	s.inner += floats.Dot(left, rooted)
	s.right += floats.Dot(right, rooted)
	for i := 0; i < rows; i += solvedRows {
		some := left[i*n : min(i+solvedRows, rows)*n]
		solved := s.solve(some)
		s.left += floats.Dot(some, solved)
		s.steep += floats.Dot(solved, solved)
	}
}

// solve returns X T^-1 for the rows of x, at most solvedRows, in a buffer of s. Rows
// take turns, for each waits for its last number.
func (s *Rooted) solve(x []float64) []float64 {
	n := s.t.n
	y := s.solved[:len(x)]
	var last [solvedRows]float64
	rows := len(x) / n
	for i, d := range s.pivot[:n] {
		l := 0.0
		if i > 0 {
			l = s.below[i-1]
		}
		for r := range rows {
			last[r] = x[r*n+i] - l*last[r]
			y[r*n+i] = last[r] / d
		}
	}
	clear(last[:])
	for i := n - 1; i >= 0; i-- {
		l := s.below[i] // 0 at the end
		for r := range rows {
			last[r] = y[r*n+i] - l*last[r]
			y[r*n+i] = last[r]
		}
	}
	return y
}

// Sum returns the inner product and a bound on its error. With C = U S V' and an error
// E of C'C, |E_ij| <= delta in the basis V, (C'C)^(-1/2) is off by
// E_ij / (s_i s_j (s_i + s_j)) to first order, and the inner product, taking i, j and
// j, i together, by about
//
//	delta / 2 sum_i |B u_i| / s_i sum_j |A v_j| / s_j
//
// at most, if B and A fall off alike, and twice as much if not.
// By the inequality of Cauchy and Schwarz the last sum is at most the root of
// tr T^(-1/2) |A P T^(-1/4)|^2. The first is at most the root of
// tr T^(-1/2) |B C P T^(-3/4)|^2, whose second factor is at most
// |B C P T^(-1/2)| |B C P T^-1|, and that of n |B C P T^-1|^2.
func (s *Rooted) Sum() (inner, bound float64) {
	t := s.t
	left := min(t.trace*math.Sqrt(max(0, s.left)*s.steep), float64(t.n)*s.steep)
	bound = t.delta / 2 * math.Sqrt(left*t.trace*max(0, s.right))
	unit := math.Ldexp(1, -t.shift)
	return unit * s.inner, unit * bound
}
