package metrics

import (
	"context"
	"math"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// GaussianCohort measures the Gaussian distances between the networks of a
// list. It implements multiset.Cohort.
type GaussianCohort struct {
	gaussian    Gaussian
	fromMeans   bool
	starts      []*mat.Dense
	train, test factored
	workers     par.Team[*gaussianWorker]
	arena       cmem.Arena
	unconverged atomic.Int64
}

// gaussianWorker is the workspace of one worker, which works on a pair alone.
type gaussianWorker struct {
	factorizers par.Team[*factorizer]
	fit         *gaussianSolver
	score       *gaussianSolver // for the number of held-out inputs
	alignment   []float64
}

// factored is one part of the data, in the caller's form and prepared.
type factored struct {
	given    []Responses
	subject  func(k int) core.Subject
	networks []*gaussians
	m, d     int
}

// NewGaussianCohort returns a cohort of the networks in train. Held-out
// distances are measured on test, if there is any. Every pair is fitted from the
// same starts, as by Gaussian.Fit.
func NewGaussianCohort(
	gaussian Gaussian, fromMeans bool, starts []*mat.Dense, train, test []Responses,
) (*GaussianCohort, error) {
	if err := gaussian.Check(); err != nil {
		return nil, err
	}
	if err := checkLengths(len(train), len(test)); err != nil {
		return nil, err
	}
	c := &GaussianCohort{gaussian: gaussian, fromMeans: fromMeans, starts: starts,
		train: factored{given: train, subject: core.Network},
		test:  factored{given: test, subject: core.HeldOut}}
	for _, part := range []*factored{&c.train, &c.test} {
		if err := part.check(gaussian); err != nil {
			return nil, err
		}
	}
	if len(test) > 0 && c.test.d != c.train.d {
		return nil, core.Invalidf("%v has %d dimensions and %v has %d",
			core.Network(0), c.train.d, core.HeldOut(0), c.test.d)
	}
	return c, nil
}

// check fills in m and d, which all networks must agree on.
func (f *factored) check(g Gaussian) error {
	for k, r := range f.given {
		m, d, err := g.dims(r)
		if err != nil {
			return core.Errorf("%v: %w", f.subject(k), err)
		}
		if k == 0 {
			f.m, f.d = m, d
		}
		if m != f.m || d != f.d {
			return core.Invalidf("%v has means of shape (%d, %d) and %v of (%d, %d)",
				f.subject(k), m, d, f.subject(0), f.m, f.d)
		}
	}
	return nil
}

func (f *factored) reserve(arena *cmem.Arena) {
	for range f.given {
		f.networks = append(f.networks, newGaussians(arena, f.m, f.d)) // heap: one a network
	}
}

func (f *factored) factor(
	ctx context.Context, k int, team par.Team[*factorizer], ridge float64,
) error {
	if err := f.networks[k].factor(ctx, team, f.given[k], ridge); err != nil {
		return core.Errorf("%v: %w", f.subject(k), err)
	}
	return nil
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
	c.workers = par.NewTeam(&c.arena, workers, c.newWorker)
	return c.arena.Err()
}

func (c *GaussianCohort) newWorker(arena *cmem.Arena) *gaussianWorker {
	n := c.gaussian.Neurons
	w := &gaussianWorker{
		factorizers: par.Team[*factorizer]{newFactorizer(arena, c.train.d)},
		fit:         newGaussianSolver(arena, c.gaussian, 1, c.train.m, c.train.d),
		alignment:   arena.Float64s(n * n),
	}
	if len(c.test.given) > 0 {
		w.score = newGaussianSolver(arena, c.gaussian, 1, c.test.m, c.test.d)
	}
	return w
}

// Prepare factors the covariances of network k. The ridge is for the training
// data, as in netrep.
func (c *GaussianCohort) Prepare(ctx context.Context, worker, k int) error {
	team := c.workers[worker].factorizers
	if err := c.train.factor(ctx, k, team, c.gaussian.Ridge); err != nil || len(c.test.given) == 0 {
		return err
	}
	return c.test.factor(ctx, k, team, 0)
}

// Distance returns the training distance of networks i and j, and their
// held-out distance if there is test data.
func (c *GaussianCohort) Distance(
	ctx context.Context, worker, i, j int,
) (train, test float64, err error) {
	w, x, y := c.workers[worker], c.train.networks[i], c.train.networks[j]
	fit, err := w.fit.fit(ctx, w.alignment, x, y, c.fromMeans, c.starts)
	if err == nil {
		train, err = w.fit.distance(ctx, w.alignment, x, y)
	}
	if err == nil && len(c.test.given) > 0 {
		test, err = w.score.distance(ctx, w.alignment, c.test.networks[i], c.test.networks[j])
	}
	if err != nil {
		err = core.Errorf("%v and %v: %w", core.Network(i), core.Network(j), err)
		return math.NaN(), math.NaN(), err
	}
	if !fit.Converged {
		c.unconverged.Add(1)
	}
	return train, test, nil
}
