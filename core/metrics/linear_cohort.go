package metrics

import (
	"context"
	"math"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// LinearOptions configure a LinearCohort beyond the metric itself. The zero
// value is the default.
type LinearOptions struct {
	// Single multiplies activations in float32; everything after the products
	// stays in float64.
	Single bool
	// Tol is the largest error of a training distance that the certified route
	// over the Gram matrix may leave; 0 stands for 1e-7.
	Tol float64
}

// LinearCohort measures the Linear distances between the networks of a list.
// It implements multiset.Cohort.
type LinearCohort struct {
	linear      Linear
	opts        LinearOptions
	train, test []*mat.Dense
	networks    []linearNetwork
	workers     par.Team[*linearWorker]
	arena       cmem.Arena
	routes      [3]atomic.Int64
}

// linearWorker is the workspace of one worker.
type linearWorker struct {
	preparer *linearPreparer
	pair     *linearPair
}

// NewLinearCohort returns a cohort of the m x p_k matrices in train. Held-out
// distances are measured on test, if there is any: one matrix a network.
func NewLinearCohort(
	linear Linear, opts LinearOptions, train, test []*mat.Dense,
) (*LinearCohort, error) {
	if err := linear.Check(); err != nil {
		return nil, err
	}
	if err := checkCohort(train, test); err != nil {
		return nil, err
	}
	if opts.Tol == 0 {
		opts.Tol = 1e-7
	}
	return &LinearCohort{linear: linear, opts: opts, train: train, test: test,
		networks: make([]linearNetwork, len(train))}, nil // heap: one a network
}

// Len returns the number of networks.
func (c *LinearCohort) Len() int { return len(c.train) }

// Free releases the memory of the cohort.
func (c *LinearCohort) Free() { c.arena.Free() }

// Routes counts the training distances certified from the Gram matrix, those
// taken from singular values, and those of either kind that were so small that
// the residual was measured.
func (c *LinearCohort) Routes() (gram, svd, residual int64) {
	return c.routes[0].Load(), c.routes[1].Load(), c.routes[2].Load()
}

// Reserve allocates the prepared networks and one workspace a worker.
func (c *LinearCohort) Reserve(workers int) error {
	m, _ := c.train[0].Dims()
	mt, width := 0, 0
	for k, x := range c.train {
		_, p := x.Dims()
		width = max(width, p)
		c.networks[k].train = newSamples(&c.arena, m, min(m, p), c.opts.Single)
		if len(c.test) > 0 {
			mt, _ = c.test[0].Dims()
			c.networks[k].test = newSamples(&c.arena, mt, min(m, p), c.opts.Single)
		}
	}
	c.workers = par.NewTeam(&c.arena, workers, func(arena *cmem.Arena) *linearWorker {
		return &linearWorker{
			preparer: newLinearPreparer(arena, m, mt, width),
			pair:     newLinearPair(arena, min(m, width), mt > 0, c.opts.Single),
		}
	})
	return c.arena.Err()
}

// Prepare centers and whitens network k and drops its null directions.
func (c *LinearCohort) Prepare(_ context.Context, worker, k int) error {
	var test *mat.Dense
	if len(c.test) > 0 {
		test = c.test[k]
	}
	net := &c.networks[k]
	if err := c.workers[worker].preparer.prepare(net, c.linear, c.train[k], test); err != nil {
		return core.Errorf("%v: %w", core.Network(k), err)
	}
	if c.linear.Score == Euclidean {
		return nil
	}
	return checkAngles(k, net.norm, net.testNorm, test != nil)
}

// Distance returns the training distance of networks i and j, and their
// held-out distance if there is test data.
func (c *LinearCohort) Distance(
	_ context.Context, worker, i, j int,
) (train, test float64, err error) {
	a, b := &c.networks[i], &c.networks[j]
	if a.rank > b.rank {
		a, b = b, a
	}
	pair := c.workers[worker].pair
	pair.set(c.linear, c.opts.Tol, a, b)
	var route linalg.Route
	if len(c.test) == 0 {
		train, route, err = pair.trainDistance()
	} else {
		train, test, route, err = pair.heldOutDistance()
	}
	if err != nil {
		err = core.Errorf("%v and %v: %w", core.Network(i), core.Network(j), err)
		return math.NaN(), math.NaN(), err
	}
	c.routes[route].Add(1)
	if pair.residual > 0 {
		c.routes[2].Add(1)
	}
	return train, test, nil
}
