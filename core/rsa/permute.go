package rsa

import (
	"context"
	"errors"
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
// 209-220). Entries that models lack (NaN) move with their conditions; those that any RDM
// then lacks do not count. It is NaN where a similarity is then undefined.
//
// If there are controls, the conditions are those of what these leave of the models:
// what models and controls have in common stays, and so does what RDMs and controls
// have (double semi-partialing; Dekker, Krackhardt and Snijders, Psychometrika 72 (2007)
// 563-581).
func (e Evaluation) Permute(ctx context.Context, null *mat.Dense, seed uint64) error {
	e.Ceiling = false
	if e.strategy().traits().joint {
		return core.Invalidf("%v is of all models at once, whose conditions cannot be permuted "+
			"for each: test them one at a time, with the others as controls", e.Similarity)
	}
	var arena cmem.Arena
	defer arena.Free()
	r, err := e.resampling(&arena, false, false)
	if err != nil {
		return err
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
	moved   [][]float64
	fixed   []bool // entries that never count, whatever the order of the models' conditions
	lacking []bool // entries of models that do not count, nil if there are none
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
	p.move(arena)
	if held.m.traits.inner && len(e.Sigma) == 0 && r.lacking == nil && e.Controls == nil {
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

// move finds the models whose conditions are permuted, or what controls leave of them,
// and the entries that these and the other RDMs lack.
func (p *permuter) move(arena *cmem.Arena) {
	w, pairs := p.all, Pairs(p.all.resampling.n)
	p.moved = make([][]float64, w.models) // heap: one a model
	p.fixed = lackingAny(arena, pairs, w.Subjects, w.Controls)
	p.lacking = lackingAny(arena, pairs, w.Models)
	if w.Controls != nil {
		p.lacking = w.resampling.lacking
	}
	for k := range p.moved {
		p.moved[k] = w.row(k)
		if w.Controls == nil || arena.Err() != nil {
			continue
		}
		p.moved[k] = arena.Float64s(pairs)
		left := p.held.forms[k].vector()
		if p.held.m.kept == nil {
			copy(p.moved[k], left)
			continue
		}
		for t, at := range p.held.m.kept {
			p.moved[k][at] = left[t]
		}
	}
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
	switch {
	case p.mean != nil:
		for m := range dst {
			dst[m] = gatheredDot(p.held.forms[m].vector(), w.source, p.mean)
		}
		return nil
	case p.lacking != nil:
		return w.comparedWithout(p, dst)
	}
	return w.compare(p, dst, p.held.m, p.held.forms[p.all.models:], w.form, w.scratch)
}

// comparedWithout is compare over the entries that no RDM lacks after the permutation.
func (w *permuterWorker) comparedWithout(p *permuter, dst []float64) error {
	var arena cmem.Arena
	defer arena.Free()
	pairs := len(w.source)
	lack := cmem.Slice[bool](&arena, pairs)
	for k, s := range w.source[:len(lack)] {
		lack[k] = p.lacking[s] || (p.fixed != nil && p.fixed[k])
	}
	m, err := newComparer(&arena, p.all.Comparison, pairs, keep(&arena, pairs, lack, nil))
	if err != nil {
		return undefinedIn(dst, err)
	}
	s, one := m.newScratch(&arena), m.newForms(&arena, 1)
	subjects := m.newForms(&arena, p.all.subjects)
	if err := arena.Err(); err != nil {
		return err
	}
	for k := range subjects {
		if err := m.prepare(&subjects[k], p.all.row(p.all.models+k), s); err != nil {
			return undefinedIn(dst, err)
		}
	}
	return w.compare(p, dst, m, subjects, one, s)
}

// undefinedIn stores NaN for an error that data of some entries cause.
func undefinedIn(dst []float64, err error) error {
	if !errors.Is(err, core.ErrInvalid) {
		return err
	}
	setNaN(dst)
	return nil
}

// compare stores the mean similarities of permuted models to prepared subjects.
func (w *permuterWorker) compare(
	p *permuter, dst []float64, m *comparer, subjects, one []form, s *scratch,
) error {
	prepare := m.prepare
	if m.controls != nil {
		prepare = m.prepareLeft
	}
	for i, x := range p.moved {
		for k, at := range w.source {
			w.rdm[k] = x[at]
		}
		err := prepare(&one[0], w.rdm, s)
		dst[i] = 0
		for k := 0; k < len(subjects) && err == nil; k++ {
			var v float64
			v, err = m.compare(&one[0], &subjects[k], s)
			dst[i] += v / float64(len(subjects))
		}
		if err != nil {
			if err := undefinedIn(dst[i:i+1], err); err != nil {
				return err
			}
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
