package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"

	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// Tridiagonal reduces Gram matrices C'C = P T P' to tridiagonal matrices T on one
// workspace, and takes from T what is wanted of their square roots: less than half
// of the eigenvectors' work. It is not safe for concurrent use.
//
// Sums over the spectrum of T are sums over the poles of a rational approximation,
//
//	tr T^(1/2) ~ sum_k weight_k tr T (T + node_k)^-1,
//
// each linear in n by the factors L D L' of T + node_k. Errors are those of a
// matrix within a few roundings of T, as the eigenvalues of T are.
type Tridiagonal struct {
	m, n                  int       // of c
	gram, d, e, tau, work []float64 // P is in gram and tau, T scaled by 4^-shift in d and e
	shift                 int
	largest, delta        float64 // of T as it is scaled: end of the spectrum, gramError
	poles                 rational
	below, pivots         []float64 // l_i and 1 / D_i of pole k at i * poles.count + k
	rooted                bool      // whether there are poles
	trace                 float64   // tr T^(-1/2)
	diagonal              [maxPoles]float64
	reach                 [maxPoles]int
	values, beside        []float64 // copies of d and e
}

const (
	// LeastRooted is the number of columns from which on sums over poles are cheaper
	// than LAPACK's eigenvalues of T: 17 against 22 us here, 0.1 against 2.3 ms at 500.
	LeastRooted = 48
	// farFromZero is the smallest eigenvalue, in errors of the Gram matrix, for which
	// roots are taken from poles.
	farFromZero = 4
)

// NewTridiagonal returns a workspace in the arena for matrices of at most n
// columns, and for RotateRows of at most rows. The caller checks arena.Err.
func NewTridiagonal(arena *cmem.Arena, rows, n int) *Tridiagonal {
	return &Tridiagonal{
		gram:   arena.Float64s(n * n),
		d:      arena.Float64s(n),
		e:      arena.Float64s(n),
		tau:    arena.Float64s(n),
		work:   arena.Float64s(nblas.TridiagonalWork(rows, n)),
		below:  arena.Float64s(n * maxPoles),
		pivots: arena.Float64s(n * maxPoles),
		values: arena.Float64s(n),
		beside: arena.Float64s(n),
	}
}

// Norm reduces C'C for the m x n row-major c and returns the nuclear norm of c,
// tr T^(1/2). ok is false if it is not accepted, as for Nuclear.Norm, or if C'C is not
// finite or so small that digits are lost to underflow.
func (t *Tridiagonal) Norm(
	c []float64, m, n int, accept func(sum, bound float64) bool,
) (sum float64, ok bool) {
	crossProduct(t.gram[:n*n], c, m, n)
	return t.ofGram(m, n, accept)
}

// ofGram is Norm for the C'C in t.gram.
func (t *Tridiagonal) ofGram(
	m, n int, accept func(sum, bound float64) bool,
) (sum float64, ok bool) {
	t.m, t.n = m, n
	if !t.reduce() {
		return 0, false
	}
	unit := math.Ldexp(1, t.shift)
	if t.rooted = t.fitPoles(); t.rooted {
		sum, t.trace = t.sums()
		// delta / (sqrt v + sqrt(v - delta)), as in sqrtSum, from farFromZero on.
		bound := t.delta * t.trace / (1 + math.Sqrt(1-1.0/farFromZero))
		if accept(unit*sum, unit*bound) {
			return unit * sum, true
		}
	}
	sum, bound, ok := t.rootsOfValues()
	return unit * sum, ok && accept(unit*sum, unit*bound)
}

// rootsOfValues returns tr T^(1/2) from the eigenvalues, and the largest error that it
// may have.
func (t *Tridiagonal) rootsOfValues() (sum, bound float64, ok bool) {
	values, beside := t.values[:t.n], t.beside[:t.n-1]
	copy(values, t.d)
	copy(beside, t.e)
	if !nblas.TridiagonalValues(t.n, values, beside) {
		return 0, 0, false
	}
	sum, bound = sqrtSum(values, t.delta)
	return sum, bound, true
}

// Loss estimates what Rooted loses of an inner product of matrices of norm 1 that have
// equal parts in all directions.
func (t *Tridiagonal) Loss() float64 {
	if !t.rooted {
		return math.Inf(1)
	}
	return t.delta / 2 * t.trace * t.trace / float64(t.n)
}

// reduce stores T and its scale.
func (t *Tridiagonal) reduce() bool {
	n := t.n
	d, e := t.d[:n], t.e[:n-1]
	if !nblas.Tridiagonalize(n, t.gram, n, d, e, t.tau, t.work) {
		return false
	}
	largest := t.end()
	if !(largest > smallestGram) || math.IsInf(largest, 1) {
		return false
	}
	_, exponent := math.Frexp(largest)
	t.shift = exponent / 2
	down := math.Ldexp(1, -2*t.shift)
	for i := range d {
		d[i] *= down
	}
	for i := range e {
		e[i] *= down
	}
	t.largest = largest * down
	t.delta = gramError(t.m, t.largest)
	return true
}

// end returns the upper end of the spectrum of T, or slightly more: within 1/64 of
// what Gershgorin's circles leave open.
func (t *Tridiagonal) end() float64 {
	var low, high float64
	for i, v := range t.d[:t.n] {
		low = max(low, v)
		radius := 0.0
		if i > 0 {
			radius = math.Abs(t.e[i-1])
		}
		if i < t.n-1 {
			radius += math.Abs(t.e[i])
		}
		high = max(high, v+radius)
	}
	for range 6 {
		if middle := low + (high-low)/2; t.isBelow(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// isBelow reports whether all eigenvalues of T are below v: v - T = L D L' has
// positive D.
func (t *Tridiagonal) isBelow(v float64) bool {
	pivot := v - t.d[0]
	for i := 1; i < t.n && pivot > 0; i++ {
		pivot = v - t.d[i] - t.e[i-1]/pivot*t.e[i-1]
	}
	return pivot > 0
}

// fitPoles chooses poles for the spectrum of T and factors T plus each of them. It
// returns false if T has eigenvalues below farFromZero * t.delta, as far as the trace of
// its inverse tells.
func (t *Tridiagonal) fitPoles() bool {
	t.poles.count, t.poles.node[0], t.poles.weight[0] = 1, 0, 1
	t.factor()
	// T is positive definite if its pivots are, and T plus a pole all the more.
	for _, v := range t.pivots[:t.n] {
		if !(v > 0) {
			return false
		}
	}
	_, trace := t.sums()
	lower := 1 / trace
	if !(lower > farFromZero*t.delta) || !t.poles.fit(lower, 2*t.largest) {
		return false
	}
	t.factor()
	return true
}

// factor stores the factors L D L' of T + node_k for all poles.
func (t *Tridiagonal) factor() {
	count := t.poles.count
	node := t.poles.node[:count]
	for k, s := range node {
		t.pivots[k] = 1 / (t.d[0] + s)
	}
	for i := 1; i < t.n; i++ {
		d, e := t.d[i], t.e[i-1]
		below, above := t.below[(i-1)*count:i*count], t.pivots[(i-1)*count:i*count]
		pivots := t.pivots[i*count : (i+1)*count]
		for k, s := range node {
			l := e * above[k]
			below[k] = l
			pivots[k] = 1 / (d + s - e*l)
		}
	}
	clear(t.below[(t.n-1)*count : t.n*count])
}

// sums returns sum_k weight_k tr T Z and sum_k weight_k tr Z for Z = (T + node_k)^-1,
// whose elements follow from below: Z_ii = 1 / D_i + l_i^2 Z_i+1,i+1 and
// Z_i,i+1 = -l_i Z_i+1,i+1.
func (t *Tridiagonal) sums() (root, inverseRoot float64) {
	count := t.poles.count
	weight, z := t.poles.weight[:count], t.diagonal[:count]
	clear(z)
	for i := t.n - 1; i >= 0; i-- {
		d, e := t.d[i], 0.0
		if i < t.n-1 {
			e = t.e[i]
		}
		below, pivots := t.below[i*count:(i+1)*count], t.pivots[i*count:(i+1)*count]
		var trace, cross float64
		for k, w := range weight {
			next := below[k] * z[k]
			z[k] = pivots[k] + below[k]*next
			trace += w * z[k]
			cross += w * next
		}
		root += d*trace - 2*e*cross
		inverseRoot += trace
	}
	return root, inverseRoot
}

// vectors stores the eigenvalues of C'C in w and its eigenvectors in the columns of v,
// for which work and iwork are as for nblas.Eigen.
func (t *Tridiagonal) vectors(v, w, work []float64, iwork []int32) bool {
	beside := t.beside[:t.n-1]
	copy(w, t.d[:t.n])
	copy(beside, t.e)
	if !nblas.TridiagonalVectors(t.n, t.gram, t.n, t.tau, w, beside, v, work, iwork) {
		return false
	}
	up := math.Ldexp(1, 2*t.shift)
	for i := range w {
		w[i] *= up
	}
	return true
}

// tailBlock is the number of rows of an inverse root that share a product.
const tailBlock = 16

// inverseRoot stores T^(-1/2), as it is scaled, in the n x n root, after fitPoles.
// Each Z of sums has the columns Z_ij = -l_i Z_i+1,j for i < j, so that a block of
// rows is the product of what its rows make of the row below with the latter, all
// poles together. tails has room for maxPoles rows.
func (t *Tridiagonal) inverseRoot(root, tails []float64) {
	n, count := t.n, t.poles.count
	var paths [tailBlock * maxPoles]float64
	clear(t.diagonal[:count])
	for k := range count {
		t.reach[k] = n
	}
	for end := n; end > 0; end -= tailBlock {
		start := max(0, end-tailBlock)
		t.paths(paths[:], start, end)
		if end < n {
			Gemm(blas.NoTrans, blas.NoTrans, end-start, n-end, count,
				1, paths[:], count, tails[end:], n, 0, root[start*n+end:], n)
			t.extend(tails, paths[:count], end)
		}
		t.corner(root, tails, start, end)
		mirror(root, start, end, n)
	}
}

// paths stores prod_{i <= r < end} -l_r of each pole in row i - start, for the rows
// from start to end.
func (t *Tridiagonal) paths(paths []float64, start, end int) {
	count := t.poles.count
	for i := end - 1; i >= start; i-- {
		row, below := paths[(i-start)*count:][:count], t.below[i*count:(i+1)*count]
		for k, l := range below {
			row[k] = -l
			if i < end-1 {
				row[k] *= paths[(i+1-start)*count+k]
			}
		}
	}
}

// extend takes the columns from end on of the tails of all poles up by a block, and
// cuts them where they near the numbers that processors are slow with. Beyond its reach
// a tail is zero.
func (t *Tridiagonal) extend(tails, path []float64, end int) {
	const nothing = 1e-250
	for k, factor := range path {
		tail := tails[k*t.n : k*t.n+t.reach[k]]
		floats.Scale(factor, tail[end:])
		for j := len(tail) - 1; j >= end && math.Abs(tail[j]) < nothing; j-- {
			tail[j] = 0
			t.reach[k] = j
		}
	}
}

// corner stores rows and columns from start to end of the upper triangle, and starts
// the tails of these columns.
func (t *Tridiagonal) corner(root, tails []float64, start, end int) {
	n, count := t.n, t.poles.count
	weight, diagonal := t.poles.weight[:count], t.diagonal[:count]
	var column [maxPoles]float64
	for j := end - 1; j >= start; j-- {
		below, pivots := t.below[j*count:(j+1)*count], t.pivots[j*count:(j+1)*count]
		sum := 0.0
		for k, w := range weight {
			diagonal[k] = pivots[k] + below[k]*below[k]*diagonal[k]
			column[k] = w * diagonal[k]
			sum += column[k]
		}
		root[j*n+j] = sum
		for i := j - 1; i >= start; i-- {
			sum = 0
			for k, l := range t.below[i*count : (i+1)*count] {
				column[k] *= -l
				sum += column[k]
			}
			root[i*n+j] = sum
		}
		for k := range count {
			tails[k*n+j] = column[k]
		}
	}
}

// mirror copies the rows from start to end, right of the diagonal, to the columns.
func mirror(a []float64, start, end, n int) {
	for j := start + 1; j < n; j++ {
		for i := start; i < min(j, end); i++ {
			a[j*n+i] = a[i*n+j]
		}
	}
}
