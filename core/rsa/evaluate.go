package rsa

import (
	"context"
	"errors"
	"fmt"
	"math"
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
// Biol 10 (2014) e1003553). RDMs are normalised before they are averaged, as the
// similarity does: ranks, z-scores or unit length.
type Evaluation struct {
	Comparison
	// Models may be nil.
	Models, Subjects *mat.Dense
	// Ceiling asks for the noise ceiling, which needs two subjects.
	Ceiling bool
}

// Fixed stores the similarities of models to subjects, and the lower (row 0) and
// upper (row 1) bound of the noise ceiling of each subject in ceiling, which may
// be nil.
func (e Evaluation) Fixed(ctx context.Context, similarities, ceiling *mat.Dense) error {
	r, err := e.resampling(false, false)
	if err != nil {
		return err
	}
	if _, subjects := e.sizes(); e.Ceiling && subjects < 2 {
		return core.Invalidf("a noise ceiling needs the RDMs of at least 2 subjects, got %d", subjects)
	}
	w := e.newWorker(r)
	defer w.arena.Free()
	if err := w.arena.Err(); err != nil {
		return err
	}
	r.draw(&w.sample, nil)
	if err := w.evaluate(ctx); err != nil {
		return err
	}
	if similarities != nil {
		similarities.Copy(mat.NewDense(w.models, w.subjects, w.similarity))
	}
	if ceiling != nil {
		ceiling.SetRow(0, w.lower)
		ceiling.SetRow(1, w.upper)
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
func (e Evaluation) Bootstrap(ctx context.Context, evaluations, ceilings *mat.Dense, conditions, subjects bool, seed uint64) error {
	r, err := e.resampling(conditions, subjects)
	if err != nil {
		return err
	}
	draws, _ := evaluations.Dims()
	workers := make([]*evaluator, par.Workers(ctx, draws))
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

// resampling finds the entries that all have.
func (e Evaluation) resampling(conditions, subjects bool) (*resampling, error) {
	_, pairs := e.Subjects.Dims()
	r := &resampling{n: Conditions(pairs), conditions: conditions, subjects: subjects}
	for _, rdms := range []*mat.Dense{e.Models, e.Subjects} {
		if rdms == nil {
			continue
		}
		for _, l := range lacking(rdms) {
			r.lacking = either(r.lacking, l.nan)
		}
	}
	spectral := e.Similarity == Bures || e.Similarity == NegativeRiemannian
	switch {
	case spectral && conditions:
		return nil, core.Invalidf("samples with repeated conditions have no Bures or Riemannian similarity: resample subjects only")
	case spectral && r.lacking != nil:
		return nil, core.Invalidf("RDMs with NaN have no Bures or Riemannian similarity")
	case conditions && len(e.Sigma) == r.n*r.n:
		return nil, core.Invalidf("samples with repeated conditions need sigma as variances: covariances between copies are not defined")
	case r.lacking != nil && len(keep(pairs, r.lacking, nil)) < leastEntries:
		return nil, core.Invalidf("fewer than %d entries are not NaN in all RDMs", leastEntries)
	}
	return r, nil
}

// method computes what an evaluator holds from its sample.
type method interface {
	evaluate(ctx context.Context, w *evaluator) error
}

// evaluator evaluates samples one after the other. It belongs to one worker.
type evaluator struct {
	Evaluation
	models, subjects int
	resampling       *resampling
	sample           sample
	similarity       []float64 // models x subjects
	lower, upper     []float64 // of each subject
	cancelled        bool      // there is no noise ceiling
	method           method
	arena            cmem.Arena
}

func (e Evaluation) newWorker(r *resampling) *evaluator {
	w := &evaluator{Evaluation: e, resampling: r}
	arena := &w.arena
	w.models, w.subjects = e.sizes()
	pairs := Pairs(r.n)
	w.sample = sample{
		conditions: arena.Int32s(r.n), subjects: arena.Int32s(w.subjects),
		index: arena.Int32s(pairs), weight: arena.Float64s(pairs), root: arena.Float64s(pairs),
	}
	w.similarity = make([]float64, w.models*w.subjects)
	w.lower, w.upper = make([]float64, w.subjects), make([]float64, w.subjects)
	switch e.Similarity {
	case Spearman, RhoA:
		w.method = newRankMethod(arena, w)
	case Pearson, CosineSimilarity:
		w.method = newMomentMethod(arena, w)
	default:
		w.method = &copyMethod{}
	}
	return w
}

func (w *evaluator) evaluate(ctx context.Context) error { return w.method.evaluate(ctx, w) }

// row returns the RDM of a model or, after these, of a subject.
func (w *evaluator) row(k int) []float64 {
	if k < w.models {
		return w.Models.RawRowView(k)
	}
	return w.Subjects.RawRowView(k - w.models)
}

// name says which RDM that is.
func (w *evaluator) name(k int) string {
	if k < w.models {
		return fmt.Sprintf("models[%d]", k)
	}
	return fmt.Sprintf("rdms[%d]", k-w.models)
}

// errMean is the error of noise ceilings, where there are similarities.
var errMean = core.Invalidf("the RDMs of subjects cancel in their mean, which has no similarity to them: there is no noise ceiling")

// attempts is how often a sample is drawn again at most.
const attempts = 1000

// resample evaluates the first sample of the generator in which all is defined.
func (w *evaluator) resample(ctx context.Context, rng *rand.Rand) error {
	var err error
	for range attempts {
		w.resampling.draw(&w.sample, rng)
		if distinct(w.sample.conditions) < 3 || len(w.sample.index) < leastEntries {
			err = core.Invalidf("samples have fewer than 3 conditions or entries")
			continue
		}
		err = w.evaluate(ctx)
		if w.cancelled = errors.Is(err, errMean); w.cancelled {
			return nil
		}
		if !errors.Is(err, errConstant) && !errors.Is(err, errZero) {
			return err
		}
	}
	return fmt.Errorf("%d bootstrap samples in a row cannot be evaluated: %w", attempts, err)
}

// average stores the mean over the subjects drawn of the similarity of each model.
func (w *evaluator) average(dst []float64) {
	for m := range dst {
		var sum, number float64
		for s, count := range w.sample.subjects {
			sum += float64(count) * w.similarity[m*w.subjects+s]
			number += float64(count)
		}
		dst[m] = sum / number
	}
}

// bounds stores the lower and the upper bound of the noise ceiling, each subject
// drawn counting once.
func (w *evaluator) bounds(dst []float64) {
	number := float64(distinct(w.sample.subjects))
	if number < 2 || w.cancelled {
		dst[0], dst[1] = math.NaN(), math.NaN()
		return
	}
	dst[0], dst[1] = 0, 0
	for s, count := range w.sample.subjects {
		if count > 0 {
			dst[0] += w.lower[s] / number
			dst[1] += w.upper[s] / number
		}
	}
}

// ceiling reports whether the noise ceiling of the sample is to be computed.
func (w *evaluator) ceiling() bool { return w.Ceiling && distinct(w.sample.subjects) > 1 }
