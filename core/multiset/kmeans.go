package multiset

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// KMeansOptions steers KMeans.
type KMeansOptions struct {
	// MaxIter is the largest number of updates of the centroids, at least 1.
	MaxIter int
	// Restarts is how often the algorithm starts, at least once; the best end
	// is kept.
	Restarts int
	Seed     uint64
}

// KMeansResult tells how the best start of KMeans ended.
type KMeansResult struct {
	Iterations int
	// Inertia is the sum of the squared distances of networks from their
	// centroids.
	Inertia float64
	// Converged is false if labels still changed in the last iteration.
	Converged bool
}

// An update of a centroid takes a few sweeps from where the centroid was; extrapolated,
// these come as far as ten that are not. They end early when its entries change by less
// than this, in units of the magnitude of its networks.
const (
	centroidSweeps = 7
	centroidTol    = 1e-4
)

// KMeans divides K networks (m x n_i, n_i <= m) into clusters such that the sum
// of squared distances from the centroids,
//
//	sum_i min_c min_Q |X_i Q - M_c|^2,
//
// is a local minimum: Lloyd's algorithm with Fréchet means as centroids, from
// starts that k-means++ (Arthur & Vassilvitskii, SODA 2007) draws by the K x K
// distances apart, each draw being the best of a few. A cluster that loses its
// last network gets the one that is farthest from its centroid.
//
// It stores the centroids in rows [c m, (c+1) m) of centroids (n columns, n the
// largest width), their distances from the networks in dists (clusters x K), and
// the nearest centroid of each network in labels.
func KMeans(
	ctx context.Context, centroids, dists *mat.Dense, labels []int64,
	xs []*mat.Dense, apart *mat.Dense, opts KMeansOptions,
) (KMeansResult, error) {
	best := KMeansResult{Inertia: math.Inf(1)}
	clusters, _ := dists.Dims()
	if err := checkClusters(centroids, clusters, xs, opts); err != nil {
		return best, err
	}
	var arena cmem.Arena
	defer arena.Free()
	l, err := newLloyd(ctx, &arena, xs, clusters)
	if err != nil {
		return best, err
	}
	for start := range opts.Restarts {
		l.seed(rand.New(rand.NewPCG(opts.Seed, uint64(start))), apart)
		result, err := l.run(ctx, opts)
		if err != nil {
			return best, err
		}
		if result.Inertia < best.Inertia {
			best = result
			l.store(centroids, dists, labels)
		}
	}
	return best, nil
}

func checkClusters(centroids *mat.Dense, clusters int, xs []*mat.Dense, opts KMeansOptions) error {
	if clusters < 1 || clusters > len(xs) {
		return core.Invalidf(
			"n_clusters must be between 1 and the number of networks, which is %d, got %d",
			len(xs), clusters)
	}
	if opts.MaxIter < 1 || opts.Restarts < 1 {
		return core.Invalidf("max_iter and n_restarts must be at least 1, got %d and %d",
			opts.MaxIter, opts.Restarts)
	}
	rows, n := centroids.Dims()
	if err := checkNetworks(centroids.Slice(0, rows/clusters, 0, n).(*mat.Dense), xs); err != nil {
		return err
	}
	if n > rows/clusters {
		return core.Invalidf("networks have more features than samples: reduce them first")
	}
	return nil
}

// lloyd is the state of the algorithm.
type lloyd struct {
	xs        []*mat.Dense
	norms     []float64
	centroids []*mat.Dense
	dists     [][]float64 // of centroid c from network i
	labels    []int
	workers   par.Team[*procrustes]
}

func newLloyd(
	ctx context.Context, arena *cmem.Arena, xs []*mat.Dense, clusters int,
) (*lloyd, error) {
	l := &lloyd{
		xs:        xs,
		norms:     arena.Float64s(len(xs)),
		centroids: make([]*mat.Dense, clusters), // heap: no more than networks
		dists:     make([][]float64, clusters),  // heap: likewise
		labels:    cmem.Slice[int](arena, len(xs)),
	}
	m, n := xs[0].Dims()
	for _, x := range xs {
		_, width := x.Dims()
		n = max(n, width)
	}
	memory, dists := arena.Float64s(clusters, m, n), arena.Float64s(clusters, len(xs))
	workers := par.Workers(ctx, len(xs)*clusters)
	l.workers = par.NewTeam(arena, workers, func(arena *cmem.Arena) *procrustes {
		return newProcrustes(arena, m, n)
	})
	if err := arena.Err(); err != nil {
		return nil, err
	}
	for i, x := range xs {
		l.norms[i] = mat.Norm(x, 2)
	}
	for c := range clusters {
		l.centroids[c] = mat.NewDense(m, n, memory[c*m*n:(c+1)*m*n])
		l.dists[c] = dists[c*len(xs) : (c+1)*len(xs)]
	}
	return l, nil
}

// seed draws centroids among the networks and assigns every network to the
// nearest.
func (l *lloyd) seed(rng *rand.Rand, apart *mat.Dense) {
	nearest := make([]float64, len(l.xs)) // heap: one a network
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	for c, centroid := range l.centroids {
		i := drawSeed(rng, nearest, apart, len(l.centroids))
		copyPadded(centroid, l.xs[i])
		for j, d := range apart.RawRowView(i) {
			if d*d < nearest[j] {
				nearest[j], l.labels[j] = d*d, c
			}
		}
	}
}

// drawSeed draws networks with probabilities proportional to nearest, their
// squared distances from the seeds so far, and returns the one that leaves the
// smallest sum.
func drawSeed(rng *rand.Rand, nearest []float64, apart *mat.Dense, clusters int) int {
	total := floats.Sum(nearest)
	if math.IsInf(total, 1) || total == 0 {
		return rng.IntN(len(nearest))
	}
	best, least := 0, math.Inf(1)
	for range 2 + int(math.Log(float64(clusters))) {
		i := draw(rng, nearest, total)
		var left float64
		for j, d := range apart.RawRowView(i) {
			left += min(nearest[j], d*d)
		}
		if left < least {
			best, least = i, left
		}
	}
	return best
}

// draw returns i with probability weights[i]/total.
func draw(rng *rand.Rand, weights []float64, total float64) int {
	u := rng.Float64() * total
	last := 0
	for i, w := range weights {
		if w > 0 {
			last = i
		}
		if u < w {
			return i
		}
		u -= w
	}
	return last
}

// run updates centroids and labels until the labels rest.
func (l *lloyd) run(ctx context.Context, opts KMeansOptions) (KMeansResult, error) {
	var result KMeansResult
	for !result.Converged && result.Iterations < opts.MaxIter {
		if err := l.update(ctx); err != nil {
			return result, err
		}
		if err := l.measure(ctx); err != nil {
			return result, err
		}
		assigned, filled := l.assign(), l.fillEmpty()
		result.Converged = !assigned && !filled
		result.Iterations++
	}
	if !result.Converged { // a cluster that was filled has a centroid not measured yet
		if err := l.measure(ctx); err != nil {
			return result, err
		}
		l.assign()
	}
	for i, c := range l.labels {
		result.Inertia += l.dists[c][i] * l.dists[c][i]
	}
	return result, nil
}

// update moves each centroid to the mean of its networks.
func (l *lloyd) update(ctx context.Context) error {
	for c, centroid := range l.centroids {
		var members []*mat.Dense
		for i, x := range l.xs {
			if l.labels[i] == c {
				members = append(members, x) // heap: one a network
			}
		}
		if len(members) == 0 {
			continue
		}
		opts := FrechetOptions{Warm: true, MaxIter: centroidSweeps, Tol: centroidTol}
		if _, err := FrechetMean(ctx, centroid, members, opts); err != nil {
			return err
		}
	}
	return nil
}

// measure computes the distances of all centroids from all networks.
func (l *lloyd) measure(ctx context.Context) error {
	k := len(l.xs)
	norms := make([]float64, len(l.centroids)) // heap: no more than networks
	for c, centroid := range l.centroids {
		norms[c] = mat.Norm(centroid, 2)
	}
	par.Expect(ctx, k*len(norms))
	return l.workers.For(ctx, k*len(norms), func(w *procrustes, t int) (err error) {
		c, i := t/k, t%k
		l.dists[c][i], err = w.distance(l.centroids[c], l.xs[i], norms[c], l.norms[i])
		return err
	})
}

// assign gives each network the label of the nearest centroid and reports
// whether one changed. Centroids that are equally near up to rounding do not
// take networks from each other.
func (l *lloyd) assign() (changed bool) {
	const rounding = 1e-9
	for i, old := range l.labels {
		best := old
		for c := range l.dists {
			if l.dists[c][i] < l.dists[best][i] {
				best = c
			}
		}
		if l.dists[old][i]-l.dists[best][i] > rounding*l.norms[i] {
			l.labels[i] = best
			changed = true
		}
	}
	return changed
}

// fillEmpty gives every cluster without networks the one that is farthest from
// its centroid, unless that is no farther than rounding. It reports whether
// there was anything to do.
func (l *lloyd) fillEmpty() (changed bool) {
	members := make([]int, len(l.centroids)) // heap: no more than networks
	for _, c := range l.labels {
		members[c]++
	}
	for c, n := range members {
		if n > 0 {
			continue
		}
		i := l.farthest(members)
		if i < 0 {
			return changed
		}
		members[l.labels[i]]--
		members[c]++
		l.labels[i] = c
		copyPadded(l.centroids[c], l.xs[i])
		l.dists[c][i] = 0
		changed = true
	}
	return changed
}

// farthest returns the network that is farthest from its centroid and not alone
// with it, or -1.
func (l *lloyd) farthest(members []int) int {
	best, distance := -1, 0.0
	for i, c := range l.labels {
		if d := l.dists[c][i]; members[c] > 1 && d > distance && d > 1e-7*l.norms[i] {
			best, distance = i, d
		}
	}
	return best
}

// store copies the state to the caller's memory.
func (l *lloyd) store(centroids, dists *mat.Dense, labels []int64) {
	m, n := l.centroids[0].Dims()
	for c, centroid := range l.centroids {
		centroids.Slice(c*m, (c+1)*m, 0, n).(*mat.Dense).Copy(centroid)
		dists.SetRow(c, l.dists[c])
	}
	for i, c := range l.labels {
		labels[i] = int64(c)
	}
}

// procrustes measures min_Q |X Q - M|. It belongs to one worker.
type procrustes struct {
	nuclear     *linalg.Nuclear
	polar       *linalg.Polar
	cross, q, d []float64
}

func newProcrustes(arena *cmem.Arena, m, n int) *procrustes {
	return &procrustes{
		nuclear: linalg.NewNuclear(arena, n, n),
		polar:   linalg.NewPolar(arena, n, n),
		cross:   arena.Float64s(n * n),
		q:       arena.Float64s(n * n),
		d:       arena.Float64s(m * n),
	}
}

// nearZero is the distance, relative to the norms, below which rounding in the
// inner product shows and the residual is formed.
const nearZero = 1e-4

// distance measures x against m, which is not narrower, given their norms.
func (p *procrustes) distance(m, x *mat.Dense, normM, normX float64) (float64, error) {
	rows, n := m.Dims()
	_, r := x.Dims()
	rm, rx := m.RawMatrix(), x.RawMatrix()
	cross := p.cross[:n*r]
	linalg.Gemm(blas.Trans, blas.NoTrans, n, r, rows,
		1, rm.Data, rm.Stride, rx.Data, rx.Stride, 0, cross, r)
	sum, _, err := p.nuclear.Norm(cross, n, r, true, func(sum, bound float64) bool {
		return bound <= 1e-10*(normM+normX)*linalg.Chord(sum, normM, normX)
	})
	d := linalg.Chord(sum, normM, normX)
	if err != nil || d >= nearZero*(normM+normX) {
		return d, err
	}
	linalg.Gemm(blas.Trans, blas.NoTrans, n, r, rows,
		1, rm.Data, rm.Stride, rx.Data, rx.Stride, 0, cross, r)
	q := p.q[:n*r]
	p.polar.Complete = true
	if _, _, err := p.polar.Factor(q, cross, n, r, linalg.AnyBound); err != nil {
		return d, err
	}
	mat.NewDense(rows, n, p.d[:rows*n]).Copy(m)
	linalg.Gemm(blas.NoTrans, blas.Trans, rows, n, r, 1, rx.Data, rx.Stride, q, r, -1, p.d, n)
	return floats.Norm(p.d[:rows*n], 2), nil
}
