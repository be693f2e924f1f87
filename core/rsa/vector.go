package rsa

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// vector is the strategy of similarities that are inner products of vectors of
// unit length: entries, or their ranks, with or without their mean, in the metric
// of the identity or of V^-1 (see whitener).
type vector struct {
	ranked, centered, whitened bool
	// untied: the length is that of ranks without ties, so that equal ones have
	// a similarity too.
	untied bool
}

func (v vector) traits() traits { return traits{inner: true, partial: !v.untied} }

func (v vector) start(m *comparer, arena *cmem.Arena, c Comparison) (err error) {
	if v.whitened {
		m.white, err = newWhitener(arena, m.n, m.pairs(arena), c.Sigma)
	}
	if err != nil || c.Controls == nil {
		return err
	}
	return v.control(m, arena, c.Controls)
}

func (v vector) newForms(m *comparer, arena *cmem.Arena, count int) []form {
	return newVectors(arena, count, m.size, v.whitened)
}

func (v vector) reserve(s *scratch, m *comparer, arena *cmem.Arena) {
	if v.ranked {
		s.sorter = newSorter(arena, m.size)
	}
	if v.whitened {
		s.work = arena.Float64s(m.white.scratchSize())
	}
	if m.controls != nil {
		s.left = v.newForms(m, arena, 1)
	}
}

func (v vector) prepare(m *comparer, f *form, entries []float64, s *scratch) error {
	x := f.vector()
	if v.ranked {
		s.sorter.midranks(x, entries)
	} else {
		copy(x, entries)
	}
	return v.finish(m, f, s)
}

// finish makes a vector of unit length of the entries or ranks in f, and removes the
// controls.
func (v vector) finish(m *comparer, f *form, s *scratch) error {
	x := f.vector()
	norm := v.center(x)
	if norm == 0 && !v.untied {
		return v.undefined()
	}
	switch n := float64(m.size); {
	case v.untied:
		norm = math.Sqrt((n*n*n - n) / 12)
	case v.whitened:
		floats.Scale(1/norm, x) // or squares may overflow
		m.white.solve(f.second(), x, s.work)
		norm = math.Sqrt(floats.Dot(x, f.second()))
		floats.Scale(1/norm, f.second())
	}
	floats.Scale(1/norm, x)
	if m.controls == nil {
		return nil
	}
	left := m.controls.remove(f, nil)
	if left <= dependent {
		return errExplained
	}
	f.scale(1 / left)
	return nil
}

// center subtracts the mean of x if that is asked for, and returns the length of
// what is left, 0 if it is rounding.
func (v vector) center(x []float64) float64 {
	if !v.centered {
		return length(x)
	}
	mean := floats.Sum(x) / float64(len(x))
	floats.AddConst(-mean, x)
	norm := length(x)
	if norm <= unvaried*math.Abs(mean)*math.Sqrt(float64(len(x))) {
		return 0
	}
	return norm
}

// length returns the norm of x. A product, four times as fast as scaled sums, serves
// where squares are far from the ends of the range.
func length(x []float64) float64 {
	if square := floats.Dot(x, x); square > tiny && square < 1/tiny {
		return math.Sqrt(square)
	}
	return floats.Norm(x, 2)
}

// undefined is the error of RDMs of length 0.
func (v vector) undefined() error {
	if v.centered {
		return errConstant
	}
	return errZero
}

func (v vector) compare(_ *comparer, x, y *form, _ *scratch) (float64, error) {
	return max(-1, min(1, floats.Dot(x.vector(), y.second()))), nil
}

func (v vector) normalize(m *comparer, dst, entries []float64, s *scratch) {
	if m.controls != nil {
		if err := v.prepare(m, &s.left[0], entries, s); err != nil {
			panic(err)
		}
		copy(dst, s.left[0].vector())
		return
	}
	if v.ranked {
		s.sorter.doubledMidranks(dst, entries)
		return
	}
	copy(dst, entries)
	floats.Scale(1/v.center(dst), dst)
}

func (v vector) method(arena *cmem.Arena, w *evaluator) method {
	switch {
	case v.whitened || w.Controls != nil:
		return &copyMethod{}
	case v.ranked:
		return newRankMethod(arena, w, v)
	}
	return newMomentMethod(arena, w, v)
}
