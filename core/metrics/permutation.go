package metrics

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// Permutation is the metric that matches neurons one to one,
//
//	d(X, Y) = min_{P permutation} score(X, Y P)
//
// with centered columns. Williams, Kunz, Kornblith & Linderman, NeurIPS 2021.
type Permutation struct {
	Center bool
	Score  Score
}

// Check returns an error that names the option that is out of range.
func (p Permutation) Check() error { return p.Score.check() }

// Center stores the column means of the m x n x in mean, and x without them in
// centered, which may be the memory of x.
func Center(mean []float64, centered, x *mat.Dense) {
	linalg.ColumnMeans(mean, x)
	linalg.SubtractRow(centered.RawMatrix().Data, x, mean)
}

// Match stores in cols the column of y that belongs to each column of x, so
// that the trace of the matched x'y is as large as can be. x and y are m x n.
func Match(cols []int64, x, y *mat.Dense) error {
	if nx, ny := linalg.Norm(x), linalg.Norm(y); nx > 0 && ny > 0 {
		if err := checkNorms(nx, ny); err != nil {
			return err
		}
	}
	m, n := x.Dims()
	var arena cmem.Arena
	defer arena.Free()
	cost := arena.Float64s(n * n)
	if err := arena.Err(); err != nil {
		return err
	}
	rx, ry := x.RawMatrix(), y.RawMatrix()
	linalg.Gemm(blas.Trans, blas.NoTrans, n, n, m,
		-1, rx.Data, rx.Stride, ry.Data, ry.Stride, 0, cost, n)
	for i, j := range optimize.NewAssignment(&arena, n).Minimize(cost, n, n) {
		cols[i] = int64(j)
	}
	return nil
}

// PermutationCohort measures the Permutation distances between the networks of
// a list. It implements multiset.Cohort.
type PermutationCohort struct {
	metric      Permutation
	single      bool
	train, test []*mat.Dense
	networks    []permutationNetwork
	workers     par.Team[*permutationWorker]
	arena       cmem.Arena
}

// permutationNetwork is a network with the training means subtracted.
type permutationNetwork struct {
	train, test    samples
	norm, testNorm float64
}

// permutationWorker is the workspace of one worker.
type permutationWorker struct {
	mean, flat  []float64
	cost        []float64
	buf         []float32
	left, right []float64
	assignment  *optimize.Assignment
	match       []int32
}

// NewPermutationCohort returns a cohort of the m x p_k matrices in train.
// Held-out distances are measured on test, if there is any: one matrix a
// network. If single, activations are multiplied in float32.
func NewPermutationCohort(
	metric Permutation, single bool, train, test []*mat.Dense,
) (*PermutationCohort, error) {
	if err := metric.Check(); err != nil {
		return nil, err
	}
	if err := checkCohort(train, test); err != nil {
		return nil, err
	}
	return &PermutationCohort{metric: metric, single: single, train: train, test: test,
		networks: make([]permutationNetwork, len(train))}, nil // heap: one a network
}

// Len returns the number of networks.
func (c *PermutationCohort) Len() int { return len(c.train) }

// Free releases the memory of the cohort.
func (c *PermutationCohort) Free() { c.arena.Free() }

// Reserve allocates the prepared networks and one workspace a worker.
func (c *PermutationCohort) Reserve(workers int) error {
	m, width := c.train[0].RawMatrix().Rows, 0
	rows := m
	for k, x := range c.train {
		_, p := x.Dims()
		width = max(width, p)
		c.networks[k].train = newSamples(&c.arena, m, p, c.single)
		if len(c.test) > 0 {
			mt, _ := c.test[k].Dims()
			rows = max(rows, mt)
			c.networks[k].test = newSamples(&c.arena, mt, p, c.single)
		}
	}
	c.workers = par.NewTeam(&c.arena, workers, func(arena *cmem.Arena) *permutationWorker {
		return newPermutationWorker(arena, rows, width, c.single)
	})
	return c.arena.Err()
}

func newPermutationWorker(arena *cmem.Arena, m, n int, single bool) *permutationWorker {
	w := &permutationWorker{
		mean:       arena.Float64s(n),
		flat:       arena.Float64s(m * n),
		cost:       arena.Float64s(n * n),
		assignment: optimize.NewAssignment(arena, n),
		match:      arena.Int32s(n),
	}
	if single {
		w.buf = arena.Float32s(n * n)
		w.left, w.right = arena.Float64s(n), arena.Float64s(n)
	}
	return w
}

// Prepare centers network k.
func (c *PermutationCohort) Prepare(_ context.Context, worker, k int) error {
	w, net := c.workers[worker], &c.networks[k]
	x := c.train[k]
	_, p := x.Dims()
	mean := w.mean[:p]
	center(mean, x, c.metric.Center)
	net.norm = w.store(&net.train, x, mean)
	if len(c.test) > 0 {
		net.testNorm = w.store(&net.test, c.test[k], mean)
	}
	if err := errors.Join(net.train.check(net.norm), net.test.check(net.testNorm)); err != nil {
		return core.Errorf("%v: %w", core.Network(k), err)
	}
	if c.metric.Score == Euclidean && max(net.norm, net.testNorm) <= maxNorm {
		return nil
	}
	return checkAngles(k, net.norm, net.testNorm, len(c.test) > 0)
}

// store stores x without the mean in s and returns its norm.
func (w *permutationWorker) store(s *samples, x *mat.Dense, mean []float64) float64 {
	m, p := x.Dims()
	flat := w.flat[:m*p]
	linalg.SubtractRow(flat, x, mean)
	s.store(flat, m, p)
	return norm(flat)
}

// Distance returns the training distance of networks i and j, and their
// held-out distance if there is test data.
func (c *PermutationCohort) Distance(
	_ context.Context, worker, i, j int,
) (train, test float64, err error) {
	a, b := &c.networks[i], &c.networks[j]
	if a.train.cols > b.train.cols {
		a, b = b, a
	}
	w := c.workers[worker]
	trace := w.matchColumns(&a.train, &b.train)
	train = w.distance(c.metric.Score, trace, &a.train, &b.train, a.norm, b.norm)
	if len(c.test) > 0 {
		trace = w.matchedTrace(&a.test, &b.test)
		test = w.distance(c.metric.Score, trace, &a.test, &b.test, a.testNorm, b.testNorm)
	}
	return train, test, nil
}

// matchColumns finds the column of b for each column of a and returns the trace
// of the matched a'b. match holds the reverse, -1 for columns of b left over.
func (w *permutationWorker) matchColumns(a, b *samples) (trace float64) {
	p, q := a.cols, b.cols
	cost := w.cost[:p*q]
	crossProduct(cost, w.buf, a, b)
	for i, v := range cost {
		cost[i] = -v
	}
	w.match = w.match[:q]
	for j := range w.match {
		w.match[j] = -1
	}
	for i, j := range w.assignment.Minimize(cost, p, q) {
		w.match[j] = int32(i)
		trace -= cost[i*q+int(j)]
	}
	return trace
}

// distance returns the score of the matched matrices from their inner product
// and norms, or from their difference or sum if that is small.
func (w *permutationWorker) distance(
	score Score, trace float64, a, b *samples, na, nb float64,
) float64 {
	d, near := score.distance(trace, na, nb)
	if near == between {
		return d
	}
	if score == Euclidean {
		na, nb = 1, 1
	}
	if near == nearPi {
		nb = -nb
	}
	return score.fromChord(w.matchedChord(a, b, 1/na, 1/nb), near)
}

// matchedTrace returns the trace of the matched a'b.
func (w *permutationWorker) matchedTrace(a, b *samples) (trace float64) {
	w.eachRow(a, b, func(x, y []float64) {
		for j, i := range w.match {
			if i >= 0 {
				trace += x[i] * y[j]
			}
		}
	})
	return trace
}

// matchedChord returns |sa A - sb B| of the matched matrices.
func (w *permutationWorker) matchedChord(a, b *samples, sa, sb float64) float64 {
	var sum float64
	w.eachRow(a, b, func(x, y []float64) {
		for j, i := range w.match {
			d := sb * y[j]
			if i >= 0 {
				d -= sa * x[i]
			}
			sum += d * d
		}
	})
	return math.Sqrt(sum)
}

// eachRow calls f with the rows of a and b, one sample after the other.
func (w *permutationWorker) eachRow(a, b *samples, f func(x, y []float64)) {
	for r := range a.rows {
		f(a.slice(r, r+1, w.left), b.slice(r, r+1, w.right))
	}
}
