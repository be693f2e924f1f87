package rsa

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Ceilings stores in row k of bounds the lower and the upper bound of the noise ceiling of
// the RDMs of subjects at point k, such as a time or a place: so many rows of rdms from row
// k subjects on. Row t of null, which may be nil, gets the lower bounds after the t-th random
// permutations of the conditions of each subject, the same at all points: what is to be
// expected of subjects that have nothing in common. Bounds that are undefined are NaN.
func Ceilings(
	ctx context.Context, bounds, null, rdms *mat.Dense, subjects int, c Comparison, seed uint64,
) error {
	points, _ := bounds.Dims()
	permutations := 0
	if null != nil {
		permutations, _ = null.Dims()
	}
	_, pairs := rdms.Dims()
	newWorker := func(arena *cmem.Arena) *subjectsPermuter {
		n := Conditions(pairs)
		return &subjectsPermuter{
			order: cmem.Slice[int](arena, n), rdms: arena.Float64s(subjects * pairs),
		}
	}
	tasks := points * (1 + permutations)
	return par.Each(ctx, tasks, newWorker, func(w *subjectsPermuter, task int) error {
		k, t := task/(1+permutations), task%(1+permutations)
		e := Evaluation{Comparison: c, Ceiling: true}
		e.Subjects = rdms.Slice(k*subjects, (k+1)*subjects, 0, pairs).(*mat.Dense)
		if t == 0 {
			return e.bounds(ctx, bounds.RawRowView(k))
		}
		e.Subjects = w.permuted(e.Subjects, rand.New(rand.NewPCG(seed, uint64(t))))
		var both [2]float64
		err := e.bounds(ctx, both[:])
		null.Set(t-1, k, both[0])
		return err
	})
}

// bounds stores those of the noise ceiling, NaN if they are undefined.
func (e Evaluation) bounds(ctx context.Context, dst []float64) error {
	var arena cmem.Arena
	defer arena.Free()
	r, err := e.resampling(&arena, false, false)
	if err != nil {
		return undefinedIn(dst, err)
	}
	w := e.newWorker(r)
	defer w.arena.Free()
	if err := w.arena.Err(); err != nil {
		return err
	}
	r.draw(&w.sample, nil)
	if err := w.evaluateModels(ctx); err != nil {
		return undefinedIn(dst, err)
	}
	w.bounds(dst)
	return nil
}

// subjectsPermuter permutes the conditions of each of several RDMs.
type subjectsPermuter struct {
	order []int
	rdms  []float64
}

// permuted returns the RDMs, of which it overwrites the last ones.
func (w *subjectsPermuter) permuted(rdms *mat.Dense, rng *rand.Rand) *mat.Dense {
	subjects, pairs := rdms.Dims()
	n := len(w.order)
	for s := range subjects {
		core.Shuffle(w.order, rng)
		to, from := w.rdms[s*pairs:(s+1)*pairs], rdms.RawRowView(s)
		for i, k := 0, 0; i < n; i++ {
			for j := i + 1; j < n; j, k = j+1, k+1 {
				a, b := int32(w.order[i]), int32(w.order[j])
				to[k] = from[position(n, min(a, b), max(a, b))]
			}
		}
	}
	return mat.NewDense(subjects, pairs, w.rdms)
}
