package rsa

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// spectra computes what takes eigenvalues of n x n matrices. It belongs to one
// worker.
type spectra struct {
	n          int
	a, b, c, d []float64 // n x n
	values     []float64
	slopes     []float64
	work       []float64
	iwork      []int32
}

func newSpectra(arena *cmem.Arena, n int) *spectra {
	work, iwork := iblas.EigenWork(n)
	return &spectra{
		n: n,
		a: arena.Float64s(n * n), b: arena.Float64s(n * n),
		c: arena.Float64s(n * n), d: arena.Float64s(n * n),
		values: arena.Float64s(n), slopes: arena.Float64s(n),
		work:  arena.Float64s(max(work, iblas.SingularValuesWork(n, n))),
		iwork: arena.Int32s(max(iwork, 8*n)),
	}
}

// root stores F such that F F' are the inner products of centered patterns with
// the squared distances d, scaled to trace 1, without negative eigenvalues.
func (s *spectra) root(f, d []float64) error {
	n, means := s.n, s.slopes
	square(f, d, n)
	for i := range n {
		means[i] = floats.Sum(f[i*n:(i+1)*n]) / float64(n)
	}
	mean := floats.Sum(means) / float64(n)
	for i := range n {
		for j := range n {
			f[i*n+j] = -(f[i*n+j] - means[i] - means[j] + mean) / 2
		}
	}
	if !iblas.Eigen(n, f, n, s.values, s.work, s.iwork) {
		return core.Numericalf("the eigenvalues of an RDM did not converge")
	}
	var trace float64
	for k, v := range s.values {
		s.values[k] = max(0, v)
		trace += s.values[k]
	}
	if !(trace > 0) {
		return core.Invalidf("an RDM without positive eigenvalues has no Bures similarity")
	}
	for k, v := range s.values {
		s.values[k] = math.Sqrt(v / trace)
	}
	linalg.ScaleColumns(f, n, s.values)
	return nil
}

// square stores the condensed d as a square matrix with a zero diagonal.
func square(dst, d []float64, n int) {
	for i, k := 0, 0; i < n; i++ {
		dst[i*n+i] = 0
		for j := i + 1; j < n; j, k = j+1, k+1 {
			dst[i*n+j], dst[j*n+i] = d[k], d[k]
		}
	}
}

// overlap returns |F'G|_*, which is the Bures similarity of F F' and G G'.
func (s *spectra) overlap(f, g []float64) (float64, error) {
	n := s.n
	linalg.Gemm(blas.Trans, blas.NoTrans, n, n, n, 1, f, n, g, n, 0, s.a, n)
	if !iblas.SingularValues(n, n, s.a, n, s.values, s.work, s.iwork) {
		return math.NaN(), core.Numericalf(
			"the singular values of a product of RDMs did not converge")
	}
	return min(1, floats.Sum(s.values)), nil
}

// products stores in g the inner products of patterns with squared distances d
// as seen from the first condition, and in inverse that of their lower Cholesky
// factor, which begins with NaN if there is none.
func (s *spectra) products(g, inverse, d []float64) error {
	n := s.n - 1
	square(s.a, d, s.n)
	fromFirst(g, s.n, func(i, j int) float64 {
		return (s.a[i] + s.a[j] - s.a[i*s.n+j]) / 2
	})
	upper := s.b[:n*n]
	copy(upper, g)
	clear(inverse)
	if !iblas.Cholesky(n, upper, n) {
		inverse[0] = math.NaN()
		return nil
	}
	for i := range n {
		inverse[i*n+i] = 1
	}
	blas64.Implementation().Dtrsm(blas.Left, blas.Upper, blas.Trans, blas.NonUnit,
		n, n, 1, upper, n, inverse, n)
	return nil
}

// fromFirst stores f(i, j) for all conditions but the first of n.
func fromFirst(dst []float64, n int, f func(i, j int) float64) {
	for i := 1; i < n; i++ {
		for j := 1; j < n; j++ {
			dst[(i-1)*(n-1)+j-1] = f(i, j)
		}
	}
}

// seenFromFirst returns the covariance of the differences of patterns from the
// first, their noise having covariance sigma.
func seenFromFirst(arena *cmem.Arena, n int, sigma []float64) ([]float64, error) {
	at := func(i, j int) float64 {
		switch {
		case len(sigma) == n*n:
			return sigma[i*n+j]
		case i != j:
			return 0
		case sigma == nil:
			return 1
		}
		return sigma[i]
	}
	dst, upper := arena.Float64s(n-1, n-1), arena.Float64s(n-1, n-1)
	if err := arena.Err(); err != nil {
		return nil, err
	}
	fromFirst(dst, n, func(i, j int) float64 { return at(i, j) - at(i, 0) - at(0, j) + at(0, 0) })
	copy(upper, dst)
	if !iblas.Cholesky(n-1, upper, n-1) {
		return nil, core.Invalidf("sigma must be positive definite")
	}
	return dst, nil
}

// Steps of riemannian at most, and its change relative to the value at which it
// ends.
const (
	riemannianSteps = 200
	riemannianTol   = 1e-13
)

// riemannian returns -min |log eig(exp(p) M + exp(q) S)|_2, where M and S are G
// and the noise between the inverse factor: Levenberg-Marquardt in p and q. The
// derivatives of a log eigenvalue by p and q sum to 1.
func (s *spectra) riemannian(g, inverse, noise []float64) (float64, error) {
	if math.IsNaN(inverse[0]) {
		return math.NaN(), core.Invalidf("the Riemannian distance to an RDM needs squared " +
			"distances of patterns in general position: their inner products are not " +
			"positive definite")
	}
	n := s.n - 1
	m, between := s.a[:n*n], s.b[:n*n]
	sandwich(m, inverse, g, s.c, n)
	sandwich(between, inverse, noise, s.c, n)
	var p, q float64
	best, err := s.logEigen(m, between, p, q)
	if err != nil {
		return math.NaN(), err
	}
	damping := 1e-3
	for step := 0; step < riemannianSteps && damping < 1e12; step++ {
		dp, dq := s.gaussNewton(damping)
		value, err := s.logEigen(m, between, p+dp, q+dq)
		if err != nil || !(value < best) {
			damping *= 10
			if _, err := s.logEigen(m, between, p, q); err != nil {
				return math.NaN(), err
			}
			continue
		}
		done := best-value < riemannianTol*best
		best, p, q, damping = value, p+dp, q+dq, damping/10
		if done {
			break
		}
	}
	return -math.Sqrt(best), nil
}

// sandwich stores W x W' in dst.
func sandwich(dst, w, x, scratch []float64, n int) {
	linalg.Gemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, w, n, x, n, 0, scratch, n)
	linalg.Gemm(blas.NoTrans, blas.Trans, n, n, n, 1, scratch, n, w, n, 0, dst, n)
}

// logEigen returns the sum of the squares of the logarithms of the eigenvalues of
// exp(p) M + exp(q) S, which it leaves in s.values, and their derivatives by p in
// s.slopes.
func (s *spectra) logEigen(m, noise []float64, p, q float64) (sum float64, err error) {
	n := s.n - 1
	a, mv, values := s.c[:n*n], s.d[:n*n], s.values[:n]
	ep, eq := math.Exp(p), math.Exp(q)
	for k := range a {
		a[k] = ep*m[k] + eq*noise[k]
	}
	if !iblas.Eigen(n, a, n, values, s.work, s.iwork) {
		return 0, core.Numericalf("the eigenvalues of an RDM did not converge")
	}
	linalg.Gemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, m, n, a, n, 0, mv, n)
	clear(s.slopes)
	for k, v := range a {
		s.slopes[k%n] += v * mv[k]
	}
	for k, v := range values {
		if !(v > 0) {
			return 0, core.Invalidf("the Riemannian distance of an RDM needs squared distances " +
				"of patterns: their inner products have negative eigenvalues")
		}
		s.slopes[k] *= ep / v
		values[k] = math.Log(v)
		sum += values[k] * values[k]
	}
	return sum, nil
}

// gaussNewton returns the damped step from s.values and s.slopes.
func (s *spectra) gaussNewton(damping float64) (dp, dq float64) {
	var pp, pq, qq, gp, gq float64
	for k, r := range s.values[:s.n-1] {
		u := s.slopes[k]
		v := 1 - u
		pp, pq, qq = pp+u*u, pq+u*v, qq+v*v
		gp, gq = gp+r*u, gq+r*v
	}
	shift := damping * (pp + qq)
	pp, qq = pp+shift, qq+shift
	det := pp*qq - pq*pq
	return -(qq*gp - pq*gq) / det, -(pp*gq - pq*gp) / det
}
