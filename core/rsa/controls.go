package rsa

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// dependent is the part of a vector that rounding leaves of it when all others have
// been removed, if it is a combination of them.
const dependent = 1e-10

// The errors of RDMs that are linear combinations of others.
var (
	errDependent = core.Invalidf("an RDM that is a combination of those before it, and a " +
		"constant, adds nothing to them: leave it out")
	errExplained = core.Invalidf("an RDM that is a combination of the controls has nothing left " +
		"to be compared")
)

// basis spans prepared RDMs, to which more may be added, by orthonormal vectors: RDM k
// is the sum over i of element (k, i) of the triangle times vector i. Of whitened RDMs
// the metric is that of V^-1.
type basis struct {
	forms    []form
	triangle []float64
	count    int
}

func newBasis(arena *cmem.Arena, count, size int, duals bool) *basis {
	return &basis{
		forms: newVectors(arena, count, size, duals), triangle: arena.Float64s(count, count),
	}
}

// remove subtracts from f its projection on the span, adds the coefficients of that to
// what is not nil, and returns the length of what is left. It is done twice, since the
// first time rounding leaves some of a large projection.
func (b *basis) remove(f *form, coefficients []float64) float64 {
	x, dual := f.vector(), f.second()
	for range 2 {
		for i := range b.count {
			along := &b.forms[i]
			c := floats.Dot(dual, along.vector())
			floats.AddScaled(x, -c, along.vector())
			if f.dual > 0 {
				floats.AddScaled(dual, -c, along.second())
			}
			if coefficients != nil {
				coefficients[i] += c
			}
		}
	}
	return math.Sqrt(max(0, floats.Dot(x, dual)))
}

// add adds a prepared RDM, unless it is a combination of those that are there.
func (b *basis) add(f *form) bool {
	next := &b.forms[b.count]
	copy(next.vector(), f.vector())
	if next.dual > 0 {
		copy(next.second(), f.second())
	}
	row := b.triangle[b.count*len(b.forms):][:b.count+1]
	left := b.remove(next, row)
	if left <= dependent {
		return false
	}
	next.scale(1 / left)
	row[b.count] = left
	b.count++
	return true
}

// scale multiplies the vector of a form, and its dual.
func (f *form) scale(by float64) {
	floats.Scale(by, f.vector())
	if f.dual > 0 {
		floats.Scale(by, f.second())
	}
}

// control finds the basis of the controls of a comparer, prepared as RDMs are.
func (v vector) control(m *comparer, arena *cmem.Arena, controls *mat.Dense) error {
	count, _ := controls.Dims()
	b := newBasis(arena, count, m.size, v.whitened)
	f, s := v.newForms(m, arena, 1), m.newScratch(arena)
	if err := arena.Err(); err != nil {
		return err
	}
	for k := range count {
		if err := m.prepare(&f[0], controls.RawRowView(k), s); err != nil {
			return core.Errorf("%v: %w", core.Control(k), err)
		}
		if !b.add(&f[0]) {
			return core.Errorf("%v: %w", core.Control(k), errDependent)
		}
	}
	m.controls = b
	return nil
}

// keptWith returns those of the kept entries that no control lacks.
func (c Comparison) keptWith(arena *cmem.Arena, pairs int, kept []int32) []int32 {
	nan := lackingAny(arena, pairs, c.Controls)
	if nan == nil || arena.Err() != nil {
		return kept
	}
	if kept == nil {
		return keep(arena, pairs, nan, nil)
	}
	rest := kept[:0]
	for _, k := range kept {
		if !nan[k] {
			rest = append(rest, k)
		}
	}
	return rest
}

// least is the number of entries below which RDMs are not compared: as many are left to
// them by the controls as without.
func (c Comparison) least() int {
	if c.Controls == nil {
		return leastEntries
	}
	return leastEntries + c.Controls.RawMatrix().Rows
}

// resampled returns the comparison of the conditions drawn, whose entries come from the
// positions in source.
func (c Comparison) resampled(arena *cmem.Arena, source, drawn []int32) Comparison {
	sampled := Comparison{Similarity: c.Similarity, Sigma: resampledSigma(arena, c.Sigma, drawn)}
	if c.Controls == nil {
		return sampled
	}
	rows, _ := c.Controls.Dims()
	data := arena.Float64s(rows, len(source))
	if arena.Err() != nil {
		return sampled
	}
	sampled.Controls = mat.NewDense(rows, len(source), data)
	for i := range rows {
		row, from := sampled.Controls.RawRowView(i), c.Controls.RawRowView(i)
		for t, k := range source {
			row[t] = from[k]
		}
	}
	return sampled
}
