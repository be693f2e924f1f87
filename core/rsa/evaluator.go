package rsa

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

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
	w.similarity = arena.Float64s(w.models, w.subjects)
	w.lower, w.upper = arena.Float64s(w.subjects), arena.Float64s(w.subjects)
	w.method = e.strategy().method(arena, w)
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

// subject is what an error calls that RDM.
func (w *evaluator) subject(k int) core.Subject {
	if k < w.models {
		return core.Model(k)
	}
	return core.RDM(k - w.models)
}

// errMean says that there is no noise ceiling, where there are similarities.
var errMean = core.Invalidf("the RDMs of subjects cancel in their mean, which has no similarity " +
	"to them")

// attempts is how often a sample is drawn again at most.
const attempts = 1000

// resample evaluates the first sample of the generator in which all is defined.
func (w *evaluator) resample(ctx context.Context, rng *rand.Rand) error {
	var err error
	for range attempts {
		w.resampling.draw(&w.sample, rng)
		n := distinct(w.sample.conditions)
		if n < 3 || min(len(w.sample.index), Pairs(n)) < w.least() {
			err = core.Invalidf("samples have fewer than 3 conditions or %d entries", w.least())
			continue
		}
		err = w.evaluateModels(ctx)
		if !undefined(err) {
			return err
		}
	}
	return core.Errorf("%d bootstrap samples in a row cannot be evaluated: %w", attempts, err)
}

// undefined reports whether an error says that an RDM has no similarity to others.
func undefined(err error) bool {
	return slices.ContainsFunc([]error{errConstant, errZero, errDependent, errExplained},
		func(is error) bool { return errors.Is(err, is) })
}

// evaluateModels is evaluate where a noise ceiling that is not defined is no error.
func (w *evaluator) evaluateModels(ctx context.Context) error {
	err := w.evaluate(ctx)
	if w.cancelled = errors.Is(err, errMean); w.cancelled {
		return nil
	}
	return err
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

// boundsOfEach stores the bounds of each subject in the rows of dst.
func (w *evaluator) boundsOfEach(dst *mat.Dense) {
	if w.cancelled {
		setNaN(w.lower)
		setNaN(w.upper)
	}
	dst.SetRow(0, w.lower)
	dst.SetRow(1, w.upper)
}

// ceiling reports whether the noise ceiling of the sample is to be computed.
func (w *evaluator) ceiling() bool { return w.Ceiling && distinct(w.sample.subjects) > 1 }
