package capacity

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
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
	values  []float64 // squared lengths of the columns of x
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
		values:  arena.Float64s(p),
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
	for k := range c.rank {
		c.values[k] = values[p-1-k]
	}
	for i := range p {
		for k := range c.rank {
			u, root := vectors[i*p+p-1-k], math.Sqrt(values[p-1-k])
			c.x[i*c.rank+k], c.basis[i*c.rank+k] = u*root, u/root
		}
	}
	return c, nil
}

// RemovalOptions steers RemoveCorrelations.
type RemovalOptions struct {
	// Least and Most limit the number K of directions.
	Least, Most int
	// Squared takes the mean of squared correlations for the criterion, not of
	// absolute ones.
	Squared bool
	// Repeats is the number of starts for each K.
	Repeats int
	// Spectral starts from the axes in which the centers left are most correlated
	// and keeps the end of least cost, which makes the result a function of the
	// centers alone. Otherwise starts are random and the most stable end is kept,
	// the one with the largest min_i |residual x_i| / |x_i|.
	Spectral bool
	MaxIter  int
	Tol      float64
	Seed     uint64
}

// Removal is what RemoveCorrelations chose.
type Removal struct {
	// K is the number of directions, Tried the largest number tried.
	K, Tried int
	// Converged is false if MaxIter ended the search that the directions are from.
	Converged bool
}

// Removals receives what RemoveCorrelations finds.
type Removals struct {
	// Weights (P x Most) are such that the directions are X'Weights, X the centers,
	// in the columns 0 to K.
	Weights *mat.Dense
	// Means has a row of MeansOfPairs for each number of directions up to Most.
	Means *mat.Dense
	// Norms (Most+1 x P) are the lengths of the centers without the directions.
	Norms *mat.Dense
	// Stability (Most+1) is the smallest part of its length that a center keeps.
	Stability []float64
}

// rises is how many times in a row the criterion must grow to end the search, and
// early the number of directions before which it does not end.
const (
	rises = 3
	early = 5
)

// RemoveCorrelations finds the K directions without which the centers of P
// manifolds, whose Gram matrix relative to their mean is gram, are least
// correlated. For each K from 1 on it minimizes the correlator's cost from starts
// that add a random direction to the best subspace of the K before, and keeps the
// most stable end, the one with the largest min_i |residual x_i| / |x_i|. The
// chosen K has the smallest criterion, the mean correlation left over.
//
// What dst receives is filled from K = 0 to Tried.
func RemoveCorrelations(
	ctx context.Context, dst Removals, gram *mat.Dense, opts RemovalOptions,
) (Removal, error) {
	var arena cmem.Arena
	defer arena.Free()
	centers, err := newCenterBasis(&arena, gram)
	if err != nil {
		return Removal{}, err
	}
	most := min(opts.Most, max(0, centers.rank-1))
	width := max(1, most)
	if opts.Spectral { // there are no more axes to start from
		opts.Repeats = min(opts.Repeats, centers.rank)
	}
	starts, helpers := par.Workers(ctx, opts.Repeats), 1
	if centers.p > manyCenters {
		helpers = par.Workers(ctx, math.MaxInt) / starts
	}
	s := removal{
		centerBasis:    centers,
		RemovalOptions: opts,
		Removals:       dst,
		criterion:      arena.Float64s(most + 1),
		workers: par.NewTeam(&arena, starts, func(arena *cmem.Arena) *correlator {
			r := newCorrelator(arena, centers, width, helpers)
			r.search(arena, width)
			return r
		}),
		descents: cmem.Slice[descent](&arena, opts.Repeats),
		ends:     arena.Float64s(opts.Repeats, centers.rank, width),
		best:     arena.Float64s(centers.rank * width),
		chosen:   arena.Float64s(centers.rank * width),
	}
	if opts.Spectral {
		s.axes = newAxes(&arena, centers.p)
	}
	if err := arena.Err(); err != nil {
		return Removal{}, err
	}
	found, err := s.run(ctx, most)
	if err == nil && found.K > 0 {
		w := dst.Weights.RawMatrix()
		linalg.Gemm(blas.NoTrans, blas.NoTrans, s.p, found.K, s.rank,
			1, s.basis, s.rank, s.chosen, found.K, 0, w.Data, w.Stride)
	}
	return found, err
}

// removal is the state of RemoveCorrelations.
type removal struct {
	*centerBasis
	RemovalOptions
	Removals
	criterion []float64 // the mean of each number of directions
	workers   par.Team[*correlator]
	descents  []descent
	ends      []float64 // the subspace in which each descent ended, rank x K one after the other
	axes      axes
	best      []float64 // the subspace of the last K, rank x K
	chosen    []float64 // that of the best K
}

// descent is where one start led.
type descent struct {
	cost, stability float64
	converged       bool
}

func (s *removal) run(ctx context.Context, most int) (Removal, error) {
	found := Removal{Converged: true}
	s.record(0)
	least := math.Inf(1)
	if s.Least == 0 {
		least = s.criterion[0]
	}
	for k := 1; k <= most && !(k > s.Least && ended(s.criterion[:k])); k++ {
		starts, err := s.starts(k)
		if err != nil {
			return found, err
		}
		par.Expect(ctx, starts)
		err = s.workers.For(ctx, starts, func(r *correlator, i int) error {
			return s.descend(ctx, r, k, i)
		})
		if err != nil {
			return found, err
		}
		first := 0
		for i := range starts {
			if s.better(&s.descents[i], &s.descents[first]) {
				first = i
			}
		}
		copy(s.best, s.end(first, k))
		s.record(k)
		found.Tried = k
		if k >= s.Least && s.criterion[k] < least {
			least, found.K, found.Converged = s.criterion[k], k, s.descents[first].converged
			copy(s.chosen, s.best[:s.rank*k])
		}
	}
	return found, nil
}

// record measures the centers without the best k directions.
func (s *removal) record(k int) {
	means := s.Means.RawRowView(k)
	s.Stability[k] = s.workers[0].measure(means, s.Norms.RawRowView(k), s.best[:s.rank*k], k)
	s.criterion[k] = means[meanAbsolute]
	if s.Squared {
		s.criterion[k] = means[meanSquared]
	}
}

// ended reports whether the criterion has risen often enough.
func ended(criterion []float64) bool {
	k := len(criterion) - 1
	if k < early {
		return false
	}
	for i := range rises {
		if !(criterion[k-i] > criterion[k-i-1]) {
			return false
		}
	}
	return true
}

// starts returns the number of starts for k directions, and finds the axes that
// they begin with.
func (s *removal) starts(k int) (int, error) {
	if !s.Spectral {
		return s.Repeats, nil
	}
	starts := min(s.Repeats, s.rank-k+1)
	return starts, s.axes.set(s.workers[0], s.best[:s.rank*(k-1)], k-1, starts)
}

// sameCost is the relative difference of costs that counts as none.
const sameCost = 1e-10

// better reports whether a is kept rather than b.
func (s *removal) better(a, b *descent) bool {
	if s.Spectral { // starts that lead to the same minimum differ by rounding
		return a.cost < b.cost*(1-sameCost)
	}
	return a.stability > b.stability
}

// end returns the subspace of k directions in which a descent ended.
func (s *removal) end(start, k int) []float64 {
	return s.ends[start*len(s.best):][:s.rank*k]
}

// descend minimizes the cost from a direction beside the best k-1.
func (s *removal) descend(ctx context.Context, r *correlator, k, start int) error {
	rng := rand.New(rand.NewPCG(s.Seed, uint64(k*s.Repeats+start)))
	v := s.end(start, k)
	for i := range s.rank {
		copy(v[i*k+1:(i+1)*k], s.best[i*(k-1):(i+1)*(k-1)])
		v[i*k] = 0
	}
	for i := range s.p {
		var z float64
		if s.Spectral {
			z = s.axes.weight(i, start)
		} else {
			z = rng.NormFloat64()
		}
		for j := range s.rank {
			v[j*k] += z * s.x[i*s.rank+j]
		}
	}
	size := 0.0
	for j := range s.rank {
		size = math.Hypot(size, v[j*k])
	}
	for j := range s.rank {
		v[j*k] /= size
	}
	if !r.stiefel.Orthonormalize(v, k) {
		return core.Numericalf("a start of the search for correlated directions is linearly dependent")
	}
	settings := optimize.StiefelSettings{MaxIter: s.MaxIter, Tol: s.Tol}
	found, err := r.minimize(ctx, v, k, settings, s.Spectral)
	if err != nil {
		return err
	}
	to := &s.descents[start]
	to.cost, to.converged = found.Value, found.Converged
	to.stability = r.residual(v, k)
	return ctx.Err()
}
