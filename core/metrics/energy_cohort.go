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

// EnergyCohort measures the Energy distances between the networks of a list. It
// implements multiset.Cohort.
type EnergyCohort struct {
	train, test repeated
	workers     par.Team[*energyPair]
	arena       cmem.Arena
	unconverged atomic.Int64
}

// energyPair is the workspace of one worker, which works on a pair alone.
type energyPair struct {
	fit       *energySolver
	score     *energySolver // for the number of held-out repeats and inputs
	alignment []float64
}

// repeated is one part of the data: all networks of one shape.
type repeated struct {
	energy   Energy
	given    []*mat.Dense
	subject  func(k int) core.Subject
	networks []*energyNetwork
	m, n     int
}

// NewEnergyCohort returns a cohort of the networks in train. Held-out distances
// are measured on test, if there is any, with its own number of repeats.
func NewEnergyCohort(
	energy Energy, train, test []*mat.Dense, testRepeats int,
) (*EnergyCohort, error) {
	if err := energy.Check(); err != nil {
		return nil, err
	}
	if err := checkLengths(len(train), len(test)); err != nil {
		return nil, err
	}
	c := &EnergyCohort{
		train: repeated{energy: energy, given: train, subject: core.Network},
		test:  repeated{energy: energy, given: test, subject: core.HeldOut},
	}
	c.test.energy.Repeats = testRepeats
	if err := c.train.check(); err != nil {
		return nil, err
	}
	if len(test) == 0 {
		return c, nil
	}
	if err := c.test.check(); err != nil {
		return nil, err
	}
	if c.test.n != c.train.n {
		return nil, core.Invalidf("%v has %d neurons and %v has %d",
			core.Network(0), c.train.n, core.HeldOut(0), c.test.n)
	}
	return c, nil
}

// check fills in m and n, which all networks must agree on.
func (r *repeated) check() error {
	if err := r.energy.checkSpread(); err != nil {
		return core.Errorf("%v: %w", r.subject(0), err)
	}
	rows, cols := r.given[0].Dims()
	for k, x := range r.given {
		if a, b := x.Dims(); a != rows || b != cols {
			return core.Invalidf("%v has %d responses of %d neurons and %v has %d of %d",
				r.subject(k), a, b, r.subject(0), rows, cols)
		}
	}
	r.m, r.n = rows/r.energy.Repeats, cols
	if err := r.energy.checkRows(r.given[0]); err != nil {
		return core.Errorf("%v: %w", r.subject(0), err)
	}
	return nil
}

func (r *repeated) reserve(arena *cmem.Arena) {
	for _, x := range r.given {
		r.networks = append(r.networks, newEnergyNetwork(arena, x)) // heap: one a network
	}
}

func (r *repeated) prepare(k int) {
	r.networks[k].measureNorms()
	r.networks[k].measureSpread(r.energy.Repeats)
}

// Len returns the number of networks.
func (c *EnergyCohort) Len() int { return len(c.train.given) }

// Free releases the memory of the cohort.
func (c *EnergyCohort) Free() { c.arena.Free() }

// Unconverged counts the pairs whose fit stopped at its largest number of
// iterations.
func (c *EnergyCohort) Unconverged() int64 { return c.unconverged.Load() }

// Reserve allocates what is kept of each network and one workspace a worker.
func (c *EnergyCohort) Reserve(workers int) error {
	c.train.reserve(&c.arena)
	c.test.reserve(&c.arena)
	c.workers = par.NewTeam(&c.arena, workers, c.newWorker)
	return c.arena.Err()
}

func (c *EnergyCohort) newWorker(arena *cmem.Arena) *energyPair {
	w := &energyPair{
		fit:       newEnergySolver(arena, c.train.energy, 1, c.train.m, c.train.n),
		alignment: arena.Float64s(c.train.n * c.train.n),
	}
	if len(c.test.given) > 0 {
		w.score = newEnergySolver(arena, c.test.energy, 1, c.test.m, c.test.n)
	}
	return w
}

// Prepare measures the spread of network k.
func (c *EnergyCohort) Prepare(_ context.Context, _, k int) error {
	c.train.prepare(k)
	if len(c.test.given) > 0 {
		c.test.prepare(k)
	}
	return nil
}

// Distance returns the training distance of networks i and j, and their
// held-out distance if there is test data.
func (c *EnergyCohort) Distance(
	ctx context.Context, worker, i, j int,
) (train, test float64, err error) {
	w, a, b := c.workers[worker], c.train.networks[i], c.train.networks[j]
	fit, err := w.fit.fit(ctx, w.alignment, nil, a, b)
	if err != nil {
		err = core.Errorf("%v and %v: %w", core.Network(i), core.Network(j), err)
		return math.NaN(), math.NaN(), err
	}
	if !fit.Converged {
		c.unconverged.Add(1)
	}
	train = energyDistance(last(fit.Loss), a, b)
	if len(c.test.given) > 0 {
		a, b = c.test.networks[i], c.test.networks[j]
		loss, err := w.score.loss(ctx, w.alignment, a, b)
		if err != nil {
			return math.NaN(), math.NaN(), err
		}
		test = energyDistance(loss, a, b)
	}
	return train, test, nil
}
