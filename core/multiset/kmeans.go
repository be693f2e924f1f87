package multiset

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
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

// An update of a centroid takes a few sweeps from where the centroid was, the first one
// over the networks that are new: as they take turns, three come as far as ten alignments
// to a mean. They end early when one gains less than this part of the squared norms of the
// networks.
const (
	centroidSweeps = 3
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
			if err := l.store(ctx, centroids, dists, labels); err != nil {
				return best, err
			}
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
	space     *space // of all networks
	xs        []*mat.Dense
	norms     []float64
	labels    []int
	aligned   []bool // whether to the centroid of the label
	centroids []centroid
	before    []float64 // a centroid before its update
	workers   par.Team[*procrustes]
}

// centroid is the mean of a cluster and what is known of its distances from the networks.
type centroid struct {
	mean    *mat.Dense
	norm    float64
	settled bool // no update moves it
	ways
}

// jump moves the centroid to a network.
func (c *centroid) jump(x *mat.Dense) {
	copyPadded(c.mean, x)
	c.norm, c.settled = linalg.Norm(x), false
	c.forget()
}

func newLloyd(
	ctx context.Context, arena *cmem.Arena, xs []*mat.Dense, clusters int,
) (*lloyd, error) {
	m, n := xs[0].Dims()
	for _, x := range xs {
		_, width := x.Dims()
		n = max(n, width)
	}
	s, err := newSpace(ctx, arena, m, n, xs, optimize.Orthogonal)
	if err != nil {
		return nil, err
	}
	s.turns = s.newTurns(arena, len(xs))
	l := &lloyd{
		space:     s,
		xs:        xs,
		norms:     arena.Float64s(len(xs)),
		labels:    cmem.Slice[int](arena, len(xs)),
		aligned:   cmem.Slice[bool](arena, len(xs)),
		centroids: make([]centroid, clusters), // heap: no more than networks
		before:    arena.Float64s(m * n),
	}
	workers := par.Workers(ctx, len(xs)*clusters)
	l.workers = par.NewTeam(arena, workers, func(arena *cmem.Arena) *procrustes {
		return newProcrustes(arena, m, n)
	})
	for c := range l.centroids {
		l.centroids[c] = centroid{ways: newWays(arena, len(xs))}
		if memory := arena.Float64s(m, n); memory != nil {
			l.centroids[c].mean = mat.NewDense(m, n, memory)
		}
	}
	if err := arena.Err(); err != nil {
		return nil, err
	}
	for i, x := range xs {
		l.norms[i] = linalg.Norm(x)
	}
	return l, s.prepareTurns(ctx)
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
		d := l.centroids[c].dists[i]
		result.Inertia += d * d
	}
	return result, nil
}

// update moves each centroid to the mean of its networks.
func (l *lloyd) update(ctx context.Context) error {
	for c := range l.centroids {
		if l.centroids[c].settled {
			continue
		}
		if err := l.updateOne(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

func (l *lloyd) updateOne(ctx context.Context, c int) error {
	cluster, aligned, fresh := l.cluster(c)
	if len(cluster.nets) == 0 {
		return nil
	}
	par.Expect(ctx, centroidSweeps*cluster.sweepTasks())
	at := &l.centroids[c]
	copy(l.before, cluster.mean)
	if err := cluster.gather(ctx, aligned, fresh); err != nil {
		return err
	}
	for sweep := 1; sweep < centroidSweeps && !at.settled; sweep++ {
		if err := cluster.takeTurns(ctx); err != nil {
			return err
		}
		at.settled = cluster.turns.gain <= centroidTol*l.meanSquare(c)
	}
	for i, label := range l.labels {
		l.aligned[i] = l.aligned[i] || label == c
	}
	at.norm = linalg.Norm(at.mean)
	at.follow(floats.Distance(l.before, cluster.mean, 2))
	return nil
}

// cluster returns the space of the networks of a cluster and its centroid, and those that
// are aligned to that and the others.
func (l *lloyd) cluster(c int) (cluster *space, aligned, fresh []*network) {
	s := *l.space
	s.mean, s.nets = l.centroids[c].mean.RawMatrix().Data, nil
	for i, net := range l.space.nets {
		if l.labels[i] != c {
			continue
		}
		s.nets = append(s.nets, net) // heap: one a network
		if l.aligned[i] {
			aligned = append(aligned, net) // heap: likewise
		} else {
			fresh = append(fresh, net) // heap: likewise
		}
	}
	return &s, aligned, fresh
}

// meanSquare returns the mean of the squared norms of the networks of a cluster.
func (l *lloyd) meanSquare(c int) float64 {
	var sum, count float64
	for i, norm := range l.norms {
		if l.labels[i] == c {
			sum += norm * norm
			count++
		}
	}
	return sum / count
}

// measure computes the distances of networks from their centroids, and of others from
// those that may be nearer.
func (l *lloyd) measure(ctx context.Context) error {
	par.Expect(ctx, len(l.xs))
	return l.workers.For(ctx, len(l.xs), func(w *procrustes, i int) error {
		own := &l.centroids[l.labels[i]]
		if err := l.measureOne(w, own, i); err != nil {
			return err
		}
		for c := range l.centroids {
			other := &l.centroids[c]
			if other.dists[i] > own.dists[i]+rounded*(other.norm+l.norms[i]) {
				continue
			}
			if err := l.measureOne(w, other, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// measureOne makes the distance of a centroid from network i exact.
func (l *lloyd) measureOne(w *procrustes, at *centroid, i int) (err error) {
	if !at.exact[i] {
		at.dists[i], err = w.distance(at.mean, l.xs[i], at.norm, l.norms[i])
		at.exact[i] = true
	}
	return err
}

// rounded is the difference of distances, relative to the norms, that rounding explains.
const rounded = 1e-9

// assign gives each network the label of the nearest centroid and reports
// whether one changed. Centroids that are equally near up to rounding do not
// take networks from each other.
func (l *lloyd) assign() (changed bool) {
	for i, old := range l.labels {
		best := old
		for c := range l.centroids {
			if l.centroids[c].dists[i] < l.centroids[best].dists[i] {
				best = c
			}
		}
		if l.centroids[old].dists[i]-l.centroids[best].dists[i] > rounded*l.norms[i] {
			l.relabel(i, best)
			changed = true
		}
	}
	return changed
}

// relabel moves network i to cluster c.
func (l *lloyd) relabel(i, c int) {
	l.centroids[l.labels[i]].settled = false
	l.centroids[c].settled = false
	l.labels[i], l.aligned[i] = c, false
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
		l.relabel(i, c)
		l.centroids[c].jump(l.xs[i])
		changed = true
	}
	return changed
}

// farthest returns the network that is farthest from its centroid and not alone
// with it, or -1.
func (l *lloyd) farthest(members []int) int {
	best, distance := -1, 0.0
	for i, c := range l.labels {
		if d := l.centroids[c].dists[i]; members[c] > 1 && d > distance && d > 1e-7*l.norms[i] {
			best, distance = i, d
		}
	}
	return best
}

// store copies the state to the caller's memory, with all distances.
func (l *lloyd) store(
	ctx context.Context, centroids, dists *mat.Dense, labels []int64,
) error {
	k := len(l.xs)
	par.Expect(ctx, k*len(l.centroids))
	err := l.workers.For(ctx, k*len(l.centroids), func(w *procrustes, t int) error {
		return l.measureOne(w, &l.centroids[t/k], t%k)
	})
	if err != nil {
		return err
	}
	for c, at := range l.centroids {
		m, n := at.mean.Dims()
		centroids.Slice(c*m, (c+1)*m, 0, n).(*mat.Dense).Copy(at.mean)
		dists.SetRow(c, at.dists)
	}
	for i, c := range l.labels {
		labels[i] = int64(c)
	}
	return nil
}
