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

// EnergyCohort measures the Energy distances between the networks of a list. It
// implements multiset.Cohort.
type EnergyCohort struct {
	ctx         context.Context // a pair takes long: its fit has to see cancel
	train, test repeated
	fits        []*energySolver
	scores      []*energySolver // for the number of held-out repeats and inputs
	alignments  [][]float64
	arena       cmem.Arena
	unconverged atomic.Int64
}

// repeated is one part of the data: all networks of one shape.
type repeated struct {
	energy   Energy
	given    []*mat.Dense
	networks []*energyNetwork
	m, n     int
}

// NewEnergyCohort returns a cohort of the networks in train. Held-out distances
// are measured on test, if there is any, with its own number of repeats.
func NewEnergyCohort(ctx context.Context, energy Energy, train, test []*mat.Dense, testRepeats int) (*EnergyCohort, error) {
	if err := checkLengths(len(train), len(test)); err != nil {
		return nil, err
	}
	c := &EnergyCohort{ctx: ctx, train: repeated{energy: energy, given: train}, test: repeated{energy: energy, given: test}}
	c.test.energy.Repeats = testRepeats
	if err := c.train.check(); err != nil {
		return nil, err
	}
	if len(test) == 0 {
		return c, nil
	}
	if err := c.test.check(); err != nil {
		return nil, fmt.Errorf("held-out data: %w", err)
	}
	if c.test.n != c.train.n {
		return nil, core.Invalidf("network 0 has %d neurons and held-out network 0 has %d", c.train.n, c.test.n)
	}
	return c, nil
}

// check fills in m and n, which all networks must agree on.
func (r *repeated) check() error {
	if err := r.energy.Check(); err != nil {
		return err
	}
	if err := r.energy.checkSpread(); err != nil {
		return err
	}
	rows, cols := r.given[0].Dims()
	for k, x := range r.given {
		if a, b := x.Dims(); a != rows || b != cols {
			return core.Invalidf("network %d has %d responses of %d neurons and network 0 has %d of %d", k, a, b, rows, cols)
		}
	}
	r.m, r.n = rows/r.energy.Repeats, cols
	return r.energy.checkRows(r.given[0])
}

func (r *repeated) reserve(arena *cmem.Arena) {
	for _, x := range r.given {
		r.networks = append(r.networks, newEnergyNetwork(arena, x))
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
	for range workers {
		c.fits = append(c.fits, newEnergySolver(&c.arena, c.train.energy, 1, c.train.m, c.train.n))
		c.alignments = append(c.alignments, c.arena.Float64s(c.train.n*c.train.n))
		if len(c.test.given) > 0 {
			c.scores = append(c.scores, newEnergySolver(&c.arena, c.test.energy, 1, c.test.m, c.test.n))
		}
	}
	return c.arena.Err()
}

// Prepare measures the spread of network k.
func (c *EnergyCohort) Prepare(_, k int) error {
	c.train.prepare(k)
	if len(c.test.given) > 0 {
		c.test.prepare(k)
	}
	return nil
}

// Distance returns the training distance of networks i and j, and their
// held-out distance if there is test data.
func (c *EnergyCohort) Distance(worker, i, j int) (train, test float64, err error) {
	t, a, b := c.alignments[worker], c.train.networks[i], c.train.networks[j]
	fit, err := c.fits[worker].fit(c.ctx, t, nil, a, b)
	if err != nil {
		return math.NaN(), math.NaN(), fmt.Errorf("networks %d and %d: %w", i, j, err)
	}
	if !fit.Converged {
		c.unconverged.Add(1)
	}
	train = energyDistance(last(fit.Loss), a, b)
	if len(c.test.given) > 0 {
		a, b = c.test.networks[i], c.test.networks[j]
		loss, err := c.scores[worker].loss(c.ctx, t, a, b)
		if err != nil {
			return math.NaN(), math.NaN(), err
		}
		test = energyDistance(loss, a, b)
	}
	return train, test, nil
}
