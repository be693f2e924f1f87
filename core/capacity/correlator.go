package capacity

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// correlator evaluates the correlations that are left after the subspace of V is
// taken out of centers. It belongs to one start, and has workers of its own.
type correlator struct {
	*centerBasis
	c, d    []float64   // XV and (diag(b) - A) XV, P x K
	e       [][]float64 // a block of rows of the residual Gram matrix for each worker
	left    []float64   // 1 / |residual x_i|²
	costs   []float64   // sum of the squared correlations of x_i
	stiefel *optimize.Stiefel

	// of many centers
	memory              *optimize.StiefelMemory
	turned              []float64 // rank x K
	small, shares, work []float64 // of C'DC
	iwork               []int32
}

func newCorrelator(arena *cmem.Arena, centers *centerBasis, k, workers int) *correlator {
	p := centers.p
	r := &correlator{
		centerBasis: centers,
		c:           arena.Float64s(p * k),
		d:           arena.Float64s(p * k),
		e:           make([][]float64, workers), // heap: one a worker
		left:        arena.Float64s(p),
		costs:       arena.Float64s(p),
	}
	for i := range r.e {
		r.e[i] = arena.Float64s(min(rowBlock, p) * p)
	}
	return r
}

// search makes the correlator ready for minimizations.
func (r *correlator) search(arena *cmem.Arena, k int) {
	if r.p <= manyCenters {
		r.stiefel = optimize.NewStiefel(arena, r.rank, k)
		return
	}
	r.memory = optimize.NewStiefelMemory(arena, r.rank, k)
	r.stiefel = r.memory.Stiefel
	r.turned = arena.Float64s(r.rank * k)
	r.small, r.shares = arena.Float64s(k*k), arena.Float64s(k)
	lwork, liwork := iblas.EigenWork(k)
	r.work, r.iwork = arena.Float64s(lwork), arena.Int32s(liwork)
}

// precondition chooses factors for gradients at v, whose columns it turns to the axes of
// C'DC, C = XV, where D is the inverse diagonal of E. Second derivatives are nearly
// proportional to the squared length of a column of X, for a row, and to 1 + C'DC, for a
// column: directions that most centers share are much stiffer than others.
func (r *correlator) precondition(v []float64, k int) error {
	mean := floats.Sum(r.values[:r.rank]) / float64(r.rank)
	for j, value := range r.values[:r.rank] {
		r.memory.Rows[j] = 1 / (1 + value/mean)
	}
	r.residual(v, k)
	for i, left := range r.left {
		floats.ScaleTo(r.d[i*k:(i+1)*k], left, r.c[i*k:(i+1)*k])
	}
	linalg.Gemm(blas.Trans, blas.NoTrans, k, k, r.p, 1, r.c, k, r.d, k, 0, r.small, k)
	if !iblas.Eigen(k, r.small[:k*k], k, r.shares, r.work, r.iwork) {
		return core.Numericalf("the eigenvalues of directions of centers did not converge")
	}
	for j, share := range r.shares[:k] {
		r.memory.Columns[j] = 1 / (1 + max(0, share))
	}
	linalg.Gemm(blas.NoTrans, blas.NoTrans, r.rank, k, k, 1, v, k, r.small, k, 0, r.turned, k)
	copy(v, r.turned[:len(v)])
	return nil
}

// minimize goes on from v to where the cost is least.
func (r *correlator) minimize(
	ctx context.Context, v []float64, k int, settings optimize.StiefelSettings, polish bool,
) (optimize.StiefelResult, error) {
	if r.memory != nil {
		err := r.precondition(v, k)
		if err != nil {
			return optimize.StiefelResult{}, err
		}
		return r.memory.Minimize(ctx, v, k, r.cost, settings), nil
	}
	found := r.stiefel.Minimize(ctx, v, k, r.cost, settings)
	if found.Converged && polish { // rounding decides on where in the tolerance it ended
		found.Value = r.stiefel.Polish(ctx, v, k, r.cost)
	}
	return found, nil
}

// rowBlock is the number of rows that stay in the cache between their uses.
const rowBlock = 64

// manyCenters is the number above which one start takes all workers, which share the rows
// of its products, and is made by a method that takes fewer of these. Ends are not
// polished then: as far as Polish gets, that moves capacities by a tenth of their standard
// errors.
const manyCenters = 200

// share calls f for blocks of n rows, on all workers.
func (r *correlator) share(n, block int, f func(worker, first, rows int)) {
	if n <= block || len(r.e) == 1 {
		for first := 0; first < n; first += block {
			f(0, first, min(block, n-first))
		}
		return
	}
	// without the caller's context, whose Job counts starts and which they look at
	err := par.For(context.Background(), (n+block-1)/block, len(r.e), func(worker, i int) error {
		f(worker, i*block, min(block, n-i*block))
		return nil
	})
	if err != nil {
		panic(err) // that of f
	}
}

// product is the number of rows of X that are multiplied at a time.
func (r *correlator) product() int {
	if r.p > manyCenters {
		return rowBlock
	}
	return r.p
}

// vanished is the |residual x_i| / |x_i| below which a center counts as gone: its
// direction is rounding.
const vanished = 1e-7

// residual computes XV and the inverse diagonal of E = XX' - (XV)(XV)'. It returns
// the smallest ratio |residual x_i| / |x_i|, the stability of V.
func (r *correlator) residual(v []float64, k int) (stability float64) {
	if k > 0 {
		r.share(r.p, r.product(), func(_, first, n int) {
			linalg.Gemm(blas.NoTrans, blas.NoTrans, n, k, r.rank,
				1, r.x[first*r.rank:], r.rank, v, k, 0, r.c[first*k:], k)
		})
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

// rows calls f for blocks of rows of E, from the row first on, one after the other.
func (r *correlator) rows(k int, f func(first int, e []float64)) {
	for first := 0; first < r.p; first += rowBlock {
		f(first, r.block(0, k, first, min(rowBlock, r.p-first)))
	}
}

// block returns n rows of E in memory of a worker.
func (r *correlator) block(worker, k, first, n int) []float64 {
	p := r.p
	e := r.e[worker][:n*p]
	copy(e, r.gram[first*p:])
	if k > 0 {
		linalg.Gemm(blas.NoTrans, blas.Trans, n, p, k, -1, r.c[first*k:], k, r.c, k, 1, e, p)
	}
	return e
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
	r.share(p, rowBlock, func(worker, first, n int) {
		e := r.block(worker, k, first, n)
		for m := 0; m < n; m += 4 {
			r.weigh(e[m*p:min(m+4, n)*p], first+m)
		}
		linalg.Gemm(blas.NoTrans, blas.NoTrans, n, k, p, 1, e, p, r.c, k, 0, r.d[first*k:], k)
	})
	for _, sum := range r.costs {
		cost += sum - 1
	}
	r.share(r.rank, r.product(), func(_, first, n int) {
		linalg.Gemm(blas.Trans, blas.NoTrans, n, k, p,
			2, r.x[first:], r.rank, r.d, k, 0, gradient[first*k:], k)
	})
	return cost / 2
}

// weigh replaces up to four rows of E, from the row m on, by those of diag(b) - A, and
// stores the sums of their squared correlations. The sums of four rows do not wait for each
// other.
func (r *correlator) weigh(e []float64, m int) {
	p := r.p
	if len(e) < 4*p {
		for i := range len(e) / p {
			r.weighRow(e[i*p:(i+1)*p], m+i)
		}
		return
	}
	left := r.left[:p]
	e0, e1, e2, e3 := e[:p], e[p:2*p], e[2*p:3*p], e[3*p:4*p]
	m0, m1, m2, m3 := left[m], left[m+1], left[m+2], left[m+3]
	var s0, s1, s2, s3 float64
	for n, l := range left {
		a0, a1, a2, a3 := e0[n]*l, e1[n]*l, e2[n]*l, e3[n]*l
		s0 += a0 * e0[n]
		s1 += a1 * e1[n]
		s2 += a2 * e2[n]
		s3 += a3 * e3[n]
		e0[n], e1[n], e2[n], e3[n] = -a0*m0, -a1*m1, -a2*m2, -a3*m3
	}
	for i, sum := range [4]float64{s0, s1, s2, s3} {
		r.addDiagonal(e[i*p:], m+i, sum)
	}
}

func (r *correlator) weighRow(row []float64, m int) {
	var sum float64
	for n, e := range row {
		a := e * r.left[n]
		sum += a * e
		row[n] = -a * r.left[m]
	}
	r.addDiagonal(row, m, sum)
}

// addDiagonal adds b_m to row m, given its multiple by |residual x_m|².
func (r *correlator) addDiagonal(row []float64, m int, sum float64) {
	sum *= r.left[m]
	r.costs[m] = sum
	row[m] += sum * r.left[m]
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
	r := newCorrelator(&arena, centers, k, 1)
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
