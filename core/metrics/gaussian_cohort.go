package metrics

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// GaussianCohort measures the Gaussian distances between the networks of a
// list. It implements multiset.Cohort.
type GaussianCohort struct {
	ctx         context.Context // a pair takes long: its fit has to see cancel
	gaussian    Gaussian
	fromMeans   bool
	starts      []*mat.Dense
	train, test factored
	factorisers [][]*factoriser // one list of one a worker
	fits        []*gaussianSolver
	scores      []*gaussianSolver // for the number of held-out inputs
	alignments  [][]float64
	arena       cmem.Arena
	unconverged atomic.Int64
}

// factored is one part of the data, in the caller's form and prepared.
type factored struct {
	given    []Responses
	networks []*gaussians
	m, d     int
}

// NewGaussianCohort returns a cohort of the networks in train. Held-out
// distances are measured on test, if there is any. Every pair is fitted from the
// same starts, as by Gaussian.Fit.
func NewGaussianCohort(ctx context.Context, gaussian Gaussian, fromMeans bool, starts []*mat.Dense, train, test []Responses) (*GaussianCohort, error) {
	if err := gaussian.Check(); err != nil {
		return nil, err
	}
	if err := checkLengths(len(train), len(test)); err != nil {
		return nil, err
	}
	c := &GaussianCohort{ctx: ctx, gaussian: gaussian, fromMeans: fromMeans, starts: starts,
		train: factored{given: train}, test: factored{given: test}}
	for _, part := range []*factored{&c.train, &c.test} {
		if err := part.check(gaussian); err != nil {
			return nil, err
		}
	}
	if len(test) > 0 && c.test.d != c.train.d {
		return nil, core.Invalidf("network 0 has %d dimensions and held-out network 0 has %d", c.train.d, c.test.d)
	}
	return c, nil
}

// checkLengths checks the numbers of networks in the training and test data.
func checkLengths(train, test int) error {
	if train == 0 {
		return core.Invalidf("at least one network is needed, got none")
	}
	if test > 0 && test != train {
		return core.Invalidf("there are %d networks in the training data and %d in the test data", train, test)
	}
	return nil
}

// check fills in m and d, which all networks must agree on.
func (f *factored) check(g Gaussian) error {
	for k, r := range f.given {
		m, d, err := g.dims(r)
		if err != nil {
			return fmt.Errorf("network %d: %w", k, err)
		}
		if k == 0 {
			f.m, f.d = m, d
		}
		if m != f.m || d != f.d {
			return core.Invalidf("network %d has means of shape (%d, %d) and network 0 of (%d, %d)", k, m, d, f.m, f.d)
		}
	}
	return nil
}

func (f *factored) reserve(arena *cmem.Arena) {
	for range f.given {
		f.networks = append(f.networks, newGaussians(arena, f.m, f.d))
	}
}

// Len returns the number of networks.
func (c *GaussianCohort) Len() int { return len(c.train.given) }

// Free releases the memory of the cohort.
func (c *GaussianCohort) Free() { c.arena.Free() }

// Unconverged counts the pairs whose fit stopped at its largest number of
// iterations.
func (c *GaussianCohort) Unconverged() int64 { return c.unconverged.Load() }

// Reserve allocates the prepared networks and one workspace a worker.
func (c *GaussianCohort) Reserve(workers int) error {
	c.train.reserve(&c.arena)
	c.test.reserve(&c.arena)
	n := c.gaussian.Neurons
	for range workers {
		c.factorisers = append(c.factorisers, []*factoriser{newFactoriser(&c.arena, c.train.d)})
		c.fits = append(c.fits, newGaussianSolver(&c.arena, c.gaussian, 1, c.train.m, c.train.d))
		c.alignments = append(c.alignments, c.arena.Float64s(n*n))
		if len(c.test.given) > 0 {
			c.scores = append(c.scores, newGaussianSolver(&c.arena, c.gaussian, 1, c.test.m, c.test.d))
		}
	}
	return c.arena.Err()
}

// Prepare factors the covariances of network k. The ridge is for the training
// data, as in netrep.
func (c *GaussianCohort) Prepare(worker, k int) error {
	if err := c.train.networks[k].factor(c.ctx, c.factorisers[worker], c.train.given[k], c.gaussian.Ridge); err != nil {
		return fmt.Errorf("network %d: %w", k, err)
	}
	if len(c.test.given) == 0 {
		return nil
	}
	if err := c.test.networks[k].factor(c.ctx, c.factorisers[worker], c.test.given[k], 0); err != nil {
		return fmt.Errorf("held-out network %d: %w", k, err)
	}
	return nil
}

// Distance returns the training distance of networks i and j, and their
// held-out distance if there is test data.
func (c *GaussianCohort) Distance(worker, i, j int) (train, test float64, err error) {
	t, solver := c.alignments[worker], c.fits[worker]
	fit, err := solver.fit(c.ctx, t, c.train.networks[i], c.train.networks[j], c.fromMeans, c.starts)
	if err == nil {
		train, err = solver.distance(c.ctx, t, c.train.networks[i], c.train.networks[j])
	}
	if err == nil && len(c.test.given) > 0 {
		test, err = c.scores[worker].distance(c.ctx, t, c.test.networks[i], c.test.networks[j])
	}
	if err != nil {
		return math.NaN(), math.NaN(), fmt.Errorf("networks %d and %d: %w", i, j, err)
	}
	if !fit.Converged {
		c.unconverged.Add(1)
	}
	return train, test, nil
}
