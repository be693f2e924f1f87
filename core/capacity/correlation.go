package capacity

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// centerBasis holds the centers x_i of P manifolds relative to their mean, rows of
// coordinates in an orthonormal basis of their span: only their Gram matrix
// matters for correlations.
type centerBasis struct {
	p, rank int
	x       []float64 // P x rank
	basis   []float64 // P x rank: the basis consists of the columns of X'basis
	gram    []float64
	squared []float64 // |x_i|²
}

// newCenterBasis decomposes the Gram matrix of centers in memory of the arena.
func newCenterBasis(arena *cmem.Arena, gram *mat.Dense) (*centerBasis, error) {
	p, _ := gram.Dims()
	c := &centerBasis{
		p:       p,
		x:       arena.Float64s(p * p),
		basis:   arena.Float64s(p * p),
		gram:    arena.Float64s(p * p),
		squared: arena.Float64s(p),
	}
	vectors, values := arena.Float64s(p*p), arena.Float64s(p)
	lwork, liwork := iblas.EigenWork(p)
	work, iwork := arena.Float64s(lwork), arena.Int32s(liwork)
	if err := arena.Err(); err != nil {
		return nil, err
	}
	mat.NewDense(p, p, c.gram).Copy(gram)
	copy(vectors, c.gram)
	if !iblas.Eigen(p, vectors, p, values, work, iwork) {
		return nil, core.Numericalf("the eigenvalues of the centers' Gram matrix did not converge")
	}
	for i := range p {
		c.squared[i] = c.gram[i*p+i]
	}
	floor := float64(p) * 1e-15 * values[p-1]
	for c.rank < p && values[p-1-c.rank] > floor {
		c.rank++
	}
	for i := range p {
		for k := range c.rank {
			u, root := vectors[i*p+p-1-k], math.Sqrt(values[p-1-k])
			c.x[i*c.rank+k], c.basis[i*c.rank+k] = u*root, u/root
		}
	}
	return c, nil
}

// correlator evaluates the correlations that are left after the subspace of V is
// taken out of centers. It belongs to one worker.
type correlator struct {
	*centerBasis
	c, d    []float64 // XV and (diag(b) - A) XV, P x K
	e       []float64 // a block of rows of the residual Gram matrix
	left    []float64 // 1 / |residual x_i|²
	stiefel *optimize.Stiefel
}

func newCorrelator(arena *cmem.Arena, centers *centerBasis, k int) *correlator {
	p := centers.p
	return &correlator{
		centerBasis: centers,
		c:           arena.Float64s(p * k),
		d:           arena.Float64s(p * k),
		e:           arena.Float64s(min(rowBlock, p) * p),
		left:        arena.Float64s(p),
		stiefel:     optimize.NewStiefel(arena, centers.rank, k),
	}
}

// rowBlock is the number of rows that stay in the cache between their uses.
const rowBlock = 64

// vanished is the |residual x_i| / |x_i| below which a center counts as gone: its
// direction is rounding.
const vanished = 1e-7

// residual computes XV and the inverse diagonal of E = XX' - (XV)(XV)'. It returns
// the smallest ratio |residual x_i| / |x_i|, the stability of V.
func (r *correlator) residual(v []float64, k int) (stability float64) {
	if k > 0 {
		linalg.Gemm(blas.NoTrans, blas.NoTrans, r.p, k, r.rank, 1, r.x, r.rank, v, k, 0, r.c, k)
	}
	least := math.Inf(1)
	for i := range r.p {
		c := r.c[i*k : (i+1)*k]
		left := r.squared[i] - floats.Dot(c, c)
		least = min(least, left/r.squared[i])
		r.left[i] = 1 / left
	}
	return math.Sqrt(max(0, least))
}

// rows calls f for blocks of rows of E, from the row first on.
func (r *correlator) rows(k int, f func(first int, e []float64)) {
	p := r.p
	for first := 0; first < p; first += rowBlock {
		n := min(rowBlock, p-first)
		e := r.e[:n*p]
		copy(e, r.gram[first*p:])
		if k > 0 {
			linalg.Gemm(blas.NoTrans, blas.Trans, n, p, k, -1, r.c[first*k:], k, r.c, k, 1, e, p)
		}
		f(first, e)
	}
}

// cost returns the sum of the squared correlations between residual centers, each
// pair once:
//
//	f(V) = 1/2 sum_{m != n} E_mn² / (E_mm E_nn),   E = XX' - (XV)(XV)'
//
// and stores its gradient 2 X'(diag(b) - A) XV, where A_mn = E_mn / (E_mm E_nn)
// and b_m = sum_n E_mn² / (E_mm² E_nn). V is rank x K with V'V = I. The cost is
// +Inf where V takes a center out entirely.
func (r *correlator) cost(gradient, v []float64, k int) (cost float64) {
	p := r.p
	if !(r.residual(v, k) > vanished) {
		return math.Inf(1)
	}
	r.rows(k, func(first int, e []float64) {
		for m := first; m < first+len(e)/p; m++ {
			row := e[(m-first)*p : (m-first+1)*p]
			var sum float64
			for n, e := range row {
				a := e * r.left[n]
				sum += a * e
				row[n] = -a * r.left[m]
			}
			sum *= r.left[m]
			cost += sum - 1
			row[m] += sum * r.left[m]
		}
		linalg.Gemm(blas.NoTrans, blas.NoTrans, len(e)/p, k, p, 1, e, p, r.c, k, 0, r.d[first*k:], k)
	})
	linalg.Gemm(blas.Trans, blas.NoTrans, r.rank, k, p, 2, r.x, r.rank, r.d, k, 0, gradient, k)
	return cost / 2
}

// Means over pairs of residual centers x_m, x_n: columns of Removals.Means.
const (
	meanAbsolute        = iota // |correlation|
	meanSquared                // correlation²
	meanAbsoluteProduct        // |x_m'x_n|
	meanSquaredProduct         // (x_m'x_n)²
	MeansOfPairs
)

// measure stores the means over pairs and the lengths of the residual centers, and
// returns the stability. Correlations are +Inf where a center is taken out entirely.
func (r *correlator) measure(means, norms, v []float64, k int) (stability float64) {
	p := r.p
	stability = r.residual(v, k)
	for i, left := range r.left[:p] {
		norms[i] = math.Sqrt(max(0, 1/left))
	}
	clear(means)
	r.rows(k, func(first int, e []float64) {
		for m := first; m < first+len(e)/p; m++ {
			for n, e := range e[(m-first)*p : (m-first)*p+m] {
				rho := e * math.Sqrt(r.left[m]*r.left[n])
				means[meanAbsolute] += math.Abs(rho)
				means[meanSquared] += rho * rho
				means[meanAbsoluteProduct] += math.Abs(e)
				means[meanSquaredProduct] += e * e
			}
		}
	})
	floats.Scale(2/float64(p*(p-1)), means)
	if !(stability > vanished) {
		means[meanAbsolute], means[meanSquared] = math.Inf(1), math.Inf(1)
		return 0
	}
	return stability
}

// CorrelationCost returns the correlator's cost with the diagonal, which adds P/2,
// for V (N x K) and centers as they stand, X (P x N), and stores the gradient.
func CorrelationCost(gradient, x, v *mat.Dense) (float64, error) {
	var arena cmem.Arena
	defer arena.Free()
	p, n := x.Dims()
	_, k := v.Dims()
	raw := x.RawMatrix()
	centers := &centerBasis{
		p:       p,
		rank:    n,
		x:       arena.Float64s(p, n),
		gram:    arena.Float64s(p, p),
		squared: arena.Float64s(p),
	}
	r := newCorrelator(&arena, centers, k)
	if err := arena.Err(); err != nil {
		return 0, err
	}
	mat.NewDense(p, n, centers.x).Copy(x)
	linalg.Gemm(blas.NoTrans, blas.Trans, p, p, n,
		1, raw.Data, raw.Stride, raw.Data, raw.Stride, 0, centers.gram, p)
	for i := range p {
		centers.squared[i] = centers.gram[i*p+i]
	}
	return r.cost(gradient.RawMatrix().Data, v.RawMatrix().Data, k) + float64(p)/2, nil
}
