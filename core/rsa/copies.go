package rsa

import (
	"context"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// copyMethod evaluates any similarity on RDMs of the sample, in which a condition
// that was drawn twice is there twice.
type copyMethod struct {
	fixed *copied // of all conditions, if these are not resampled
}

// copied holds the RDMs of a sample.
type copied struct {
	m       *comparer
	source  []int32 // position in an RDM of each entry of one of the sample
	forms   []form
	pooled  []form
	scratch *scratch
	rdm     []float64
	sum     []float64
	parts   []float64 // normalized RDMs of subjects, for the ceiling
}

func (c *copyMethod) evaluate(ctx context.Context, w *evaluator) error {
	if w.resampling.conditions {
		var arena cmem.Arena
		defer arena.Free()
		sampled, err := newCopied(ctx, &arena, w)
		if err != nil {
			return err
		}
		return sampled.ceilings(ctx, w)
	}
	if c.fixed == nil {
		fixed, err := newCopied(ctx, &w.arena, w)
		if err != nil {
			return err
		}
		c.fixed = fixed
	}
	return c.fixed.ceilings(ctx, w)
}

func newCopied(ctx context.Context, arena *cmem.Arena, w *evaluator) (*copied, error) {
	c := &copied{}
	drawn := w.sample.positions(arena)
	kept := c.setSource(arena, w, drawn)
	m, err := newComparer(arena, w.resampled(arena, c.source, drawn), len(c.source), kept)
	if err != nil {
		return nil, err
	}
	size := len(c.source)
	c.m, c.scratch = m, m.newScratch(arena)
	c.forms, c.pooled = m.newForms(arena, w.models+w.subjects), m.newForms(arena, 1)
	c.rdm, c.sum = arena.Float64s(size), arena.Float64s(size)
	if w.Ceiling {
		c.parts = arena.Float64s(w.subjects, size)
	}
	if err := arena.Err(); err != nil {
		return nil, err
	}
	return c, c.compare(ctx, w)
}

// part returns the normalized RDM of subject s.
func (c *copied) part(s int) []float64 { return c.parts[s*len(c.rdm):][:len(c.rdm)] }

// setSource finds where the entries of the sample of the conditions drawn come from,
// and returns those that count, nil for all.
func (c *copied) setSource(arena *cmem.Arena, w *evaluator, drawn []int32) []int32 {
	n := w.resampling.n
	c.source = arena.Int32s(Pairs(n))[:0]
	lack := cmem.Slice[bool](arena, Pairs(n))
	if arena.Err() != nil {
		return nil
	}
	for a, i := range drawn {
		for _, j := range drawn[a+1:] {
			k := int32(0)
			if i != j {
				k = position(n, i, j)
			}
			lack[len(c.source)] = i == j || (w.resampling.lacking != nil && w.resampling.lacking[k])
			c.source = append(c.source, k)
		}
	}
	if kept := keep(arena, Pairs(n), lack, nil); len(kept) < Pairs(n) {
		return kept
	}
	return nil
}

// compare prepares all RDMs and compares models with subjects.
func (c *copied) compare(ctx context.Context, w *evaluator) error {
	for k := range c.forms {
		if err := c.m.prepare(&c.forms[k], c.copy(w.row(k)), c.scratch); err != nil {
			return core.Errorf("%v: %w", w.subject(k), err)
		}
	}
	if err := c.m.relate(c.forms[:w.models]); err != nil {
		return err
	}
	for s := 0; w.Ceiling && s < w.subjects; s++ {
		c.m.normalize(c.part(s), c.copy(w.row(w.models+s)), c.scratch)
	}
	for i := range w.models {
		for s := range w.subjects {
			if err := ctx.Err(); err != nil {
				return err
			}
			v, err := c.m.compare(&c.forms[i], &c.forms[w.models+s], c.scratch)
			if err != nil {
				return err
			}
			w.similarity[i*w.subjects+s] = v
		}
	}
	return nil
}

// resampledSigma returns that of the conditions drawn.
func resampledSigma(arena *cmem.Arena, sigma []float64, drawn []int32) []float64 {
	n := len(drawn)
	list := arena.Float64s(len(sigma))[:0]
	if arena.Err() != nil {
		return nil
	}
	switch len(sigma) {
	case 0:
		return nil
	case n:
		for _, i := range drawn {
			list = append(list, sigma[i])
		}
	default:
		for _, i := range drawn {
			for _, j := range drawn {
				list = append(list, sigma[int(i)*n+int(j)])
			}
		}
	}
	return list
}

// copy returns the RDM of the sample from that of all conditions. It is
// overwritten by the next call.
func (c *copied) copy(x []float64) []float64 {
	for t, k := range c.source {
		c.rdm[t] = x[k]
	}
	return c.rdm
}

// ceilings compares subjects with means of normalized RDMs.
func (c *copied) ceilings(ctx context.Context, w *evaluator) error {
	if !w.ceiling() {
		return nil
	}
	clear(c.sum)
	for s, count := range w.sample.subjects {
		floats.AddScaled(c.sum, float64(count), c.part(s))
	}
	for s, count := range w.sample.subjects {
		if count == 0 {
			continue
		}
		err := ctx.Err()
		if err != nil {
			return err
		}
		if w.upper[s], err = c.against(w, s, c.sum); err != nil {
			return err
		}
		floats.AddScaledTo(c.rdm, c.sum, -float64(count), c.part(s))
		if w.lower[s], err = c.against(w, s, c.rdm); err != nil {
			return err
		}
	}
	return nil
}

// against returns the similarity of a mean RDM to that of subject s.
func (c *copied) against(w *evaluator, s int, mean []float64) (float64, error) {
	if err := c.m.prepareMean(&c.pooled[0], mean, c.scratch); err != nil {
		return 0, errMean
	}
	return c.m.compare(&c.pooled[0], &c.forms[w.models+s], c.scratch)
}
