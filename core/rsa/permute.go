package rsa

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Permute stores in row t of null the mean similarities of models to subjects
// after the t-th random permutation of the conditions of all models: what is to
// be expected if conditions were exchangeable (Mantel, Cancer Research 27 (1967)
// 209-220).
func (e Evaluation) Permute(ctx context.Context, null *mat.Dense, seed uint64) error {
	e.Ceiling = false
	var arena cmem.Arena
	defer arena.Free()
	r, err := e.resampling(&arena, false, false)
	switch {
	case err != nil:
		return err
	case r.lacking != nil:
		return core.Invalidf("RDMs with NaN cannot be permuted: their missing entries would move")
	}
	permutations, _ := null.Dims()
	p, err := e.newPermuter(ctx, r, par.Workers(ctx, permutations))
	if err != nil {
		return err
	}
	defer p.all.arena.Free()
	par.Expect(ctx, permutations)
	return p.workers.For(ctx, permutations, func(w *permuterWorker, t int) error {
		return w.permuted(p, null.RawRowView(t), rand.New(rand.NewPCG(seed, uint64(t))))
	})
}

// permuter holds prepared RDMs, and for each worker a permuted model.
type permuter struct {
	all     *evaluator
	held    *copied
	mean    []float64 // of prepared subjects, if the order of conditions makes no difference to it
	workers par.Team[*permuterWorker]
}

type permuterWorker struct {
	order   []int // of conditions
	source  []int32
	rdm     []float64
	form    []form
	scratch *scratch
}

func (e Evaluation) newPermuter(
	ctx context.Context, r *resampling, workers int,
) (*permuter, error) {
	p := &permuter{all: e.newWorker(r)}
	arena := &p.all.arena
	if err := arena.Err(); err != nil {
		arena.Free()
		return nil, err
	}
	r.draw(&p.all.sample, nil)
	held, err := newCopied(ctx, arena, p.all)
	if err != nil {
		arena.Free()
		return nil, err
	}
	p.held = held
	if held.m.traits.inner && len(e.Sigma) == 0 {
		p.mean = arena.Float64s(held.m.size)
		for s := range p.all.subjects {
			floats.AddScaled(p.mean, 1/float64(p.all.subjects), held.forms[p.all.models+s].second())
		}
	}
	p.workers = par.NewTeam(arena, workers, func(arena *cmem.Arena) *permuterWorker {
		pairs := Pairs(r.n)
		return &permuterWorker{
			order: cmem.Slice[int](arena, r.n), source: arena.Int32s(pairs), rdm: arena.Float64s(pairs),
			form: held.m.newForms(arena, 1), scratch: held.m.newScratch(arena),
		}
	})
	if err := arena.Err(); err != nil {
		arena.Free()
		return nil, err
	}
	return p, nil
}

// permuted stores the mean similarity of each model to subjects after a
// permutation.
func (w *permuterWorker) permuted(p *permuter, dst []float64, rng *rand.Rand) error {
	n := p.all.resampling.n
	core.Shuffle(w.order, rng)
	for i, k := 0, 0; i < n; i++ {
		for j := i + 1; j < n; j, k = j+1, k+1 {
			a, b := int32(w.order[i]), int32(w.order[j])
			w.source[k] = position(n, min(a, b), max(a, b))
		}
	}
	for m := range dst {
		if p.mean != nil {
			dst[m] = gatheredDot(p.held.forms[m].vector(), w.source, p.mean)
			continue
		}
		if err := w.compare(p, &dst[m], p.all.row(m)); err != nil {
			return err
		}
	}
	return nil
}

// gatheredDot returns the sum of x[source[k]] y[k].
func gatheredDot(x []float64, source []int32, y []float64) float64 {
	var even, odd float64
	k := 0
	for ; k+1 < len(source); k += 2 {
		even += x[source[k]] * y[k]
		odd += x[source[k+1]] * y[k+1]
	}
	if k < len(source) {
		even += x[source[k]] * y[k]
	}
	return even + odd
}

// compare stores the mean similarity of a permuted model.
func (w *permuterWorker) compare(p *permuter, dst *float64, x []float64) error {
	for k, s := range w.source {
		w.rdm[k] = x[s]
	}
	if err := p.held.m.prepare(&w.form[0], w.rdm, w.scratch); err != nil {
		return err
	}
	*dst = 0
	for s := range p.all.subjects {
		v, err := p.held.m.compare(&w.form[0], &p.held.forms[p.all.models+s], w.scratch)
		if err != nil {
			return err
		}
		*dst += v / float64(p.all.subjects)
	}
	return nil
}
