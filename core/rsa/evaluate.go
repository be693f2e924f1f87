package rsa

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Evaluation measures models against the RDMs of subjects. Entries that any of
// them lacks (NaN) do not count.
//
// The noise ceiling says how similar the RDM of the true model would be to those
// of the subjects: its upper bound is the mean similarity of subjects to the
// mean of all, the lower one to the mean of the others (Nili et al., PLoS Comput
// Biol 10 (2014) e1003553). RDMs are normalized before they are averaged, as the
// similarity does: ranks, z-scores or unit length.
type Evaluation struct {
	Comparison
	// Models may be nil.
	Models, Subjects *mat.Dense
	// Ceiling asks for the noise ceiling, which needs two subjects.
	Ceiling bool
}

// Fixed stores the similarities of models to subjects, the lower (row 0) and
// upper (row 1) bound of the noise ceiling of each subject in ceiling, and the
// lower bound of all others than each subject in without: NaN if means of
// subjects have no similarity to others, and of less than two subjects. Each of
// the three may be nil.
func (e Evaluation) Fixed(
	ctx context.Context, similarities, ceiling *mat.Dense, without []float64,
) error {
	var arena cmem.Arena
	defer arena.Free()
	r, err := e.resampling(&arena, false, false)
	if err != nil {
		return err
	}
	if _, subjects := e.sizes(); e.Ceiling && subjects < 2 {
		return core.Invalidf(
			"a noise ceiling needs the RDMs of at least 2 subjects, got %d", subjects)
	}
	w := e.newWorker(r)
	defer w.arena.Free()
	if err := w.arena.Err(); err != nil {
		return err
	}
	r.draw(&w.sample, nil)
	if err := w.evaluateModels(ctx); err != nil {
		return err
	}
	if similarities != nil {
		similarities.Copy(mat.NewDense(w.models, w.subjects, w.similarity))
	}
	if ceiling != nil {
		w.boundsOfEach(ceiling)
	}
	var bounds [2]float64
	for s := range without {
		w.sample.subjects[s] = 0
		if err := w.evaluateModels(ctx); err != nil {
			return err
		}
		w.bounds(bounds[:])
		without[s], w.sample.subjects[s] = bounds[0], 1
	}
	return nil
}

// Bootstrap stores in row t of evaluations the mean similarities of models to
// subjects in the t-th sample with replacement of conditions, subjects or both,
// and in row t of ceilings, which may be nil, the lower and upper bound of the
// noise ceiling: NaN if all subjects drawn are the same, or a mean of subjects
// has no similarity to others. Entries between copies of a condition are left
// out. Samples of fewer than 3 conditions, or in which an RDM has no similarity
// to others, are drawn again.
func (e Evaluation) Bootstrap(
	ctx context.Context, evaluations, ceilings *mat.Dense, conditions, subjects bool, seed uint64,
) error {
	var arena cmem.Arena
	defer arena.Free()
	r, err := e.resampling(&arena, conditions, subjects)
	if err != nil {
		return err
	}
	draws, _ := evaluations.Dims()
	// Not par.Each: workers also allocate in the loop, each from an arena of its own.
	workers := make([]*evaluator, par.Workers(ctx, draws)) // heap: one a worker
	for k := range workers {
		workers[k] = e.newWorker(r)
		defer workers[k].arena.Free()
		if err := workers[k].arena.Err(); err != nil {
			return err
		}
	}
	par.Expect(ctx, draws)
	return par.For(ctx, draws, len(workers), func(k, t int) error {
		w := workers[k]
		if err := w.resample(ctx, rand.New(rand.NewPCG(seed, uint64(t)))); err != nil {
			return err
		}
		w.average(evaluations.RawRowView(t))
		if ceilings != nil {
			w.bounds(ceilings.RawRowView(t))
		}
		return nil
	})
}

func (e Evaluation) sizes() (models, subjects int) {
	if e.Models != nil {
		models, _ = e.Models.Dims()
	}
	subjects, _ = e.Subjects.Dims()
	return models, subjects
}

// least is the number of entries that a sample must have.
func (e Evaluation) least() int {
	if models, _ := e.sizes(); e.strategy().traits().joint {
		return max(leastEntries, models+2)
	}
	return e.Comparison.least()
}

// resampling finds the entries that all have.
func (e Evaluation) resampling(
	arena *cmem.Arena, conditions, subjects bool,
) (*resampling, error) {
	_, pairs := e.Subjects.Dims()
	r := &resampling{n: Conditions(pairs), conditions: conditions, subjects: subjects}
	r.lacking = lackingAny(arena, pairs, e.Models, e.Subjects, e.Controls)
	if err := arena.Err(); err != nil {
		return nil, err
	}
	traits := e.strategy().traits()
	switch {
	case traits.whole != "" && conditions:
		return nil, core.Invalidf("samples with repeated conditions have no %s similarity: "+
			"resample subjects only", traits.whole)
	case traits.whole != "" && r.lacking != nil:
		return nil, missingIn(traits)
	case conditions && len(e.Sigma) == r.n*r.n:
		return nil, core.Invalidf("samples with repeated conditions need sigma as variances: " +
			"covariances between copies are not defined")
	case traits.joint && e.Ceiling:
		return nil, core.Invalidf("%v has no noise ceiling", e.Similarity)
	case r.lacking != nil && unset(r.lacking) < e.least():
		return nil, core.Invalidf("fewer than %d entries are not NaN in all RDMs", e.least())
	}
	return r, nil
}
