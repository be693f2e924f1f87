package rsa

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// comparer compares RDMs of n conditions over the entries that are kept. It may
// be shared by workers.
type comparer struct {
	strategy strategy
	traits   traits
	n        int
	kept     []int32 // nil: all
	size     int     // entries kept
	white    *whitener
	controls *basis    // nil: none
	noise    []float64 // S as seen from the first condition, for NegativeRiemannian
}

// newComparer returns a comparer of RDMs with so many entries, in memory of the arena.
func newComparer(arena *cmem.Arena, c Comparison, pairs int, kept []int32) (*comparer, error) {
	kept = c.keptWith(arena, pairs, kept)
	m := &comparer{strategy: c.strategy(), n: Conditions(pairs), kept: kept, size: pairs}
	m.traits = m.strategy.traits()
	if err := arena.Err(); err != nil {
		return m, err
	}
	if kept != nil {
		m.size = len(kept)
	}
	if m.size < c.least() {
		return m, c.tooFew(m.size)
	}
	if c.Controls != nil && !m.traits.partial {
		return m, core.Invalidf("%v takes no controls", c.Similarity)
	}
	if m.traits.whole != "" && m.size < pairs {
		return m, missingIn(m.traits)
	}
	return m, m.strategy.start(m, arena, c)
}

// missingIn is the error of RDMs that must be whole and lack entries.
func missingIn(t traits) error {
	return core.Invalidf("RDMs with NaN have no %s similarity", t.whole)
}

// pairs returns the conditions of each kept entry.
func (m *comparer) pairs(arena *cmem.Arena) [][2]int32 {
	list := cmem.Slice[[2]int32](arena, m.size)
	if arena.Err() != nil {
		return nil
	}
	t := 0 // the entry that is next
	for i, k := 0, 0; i < m.n; i++ {
		for j := i + 1; j < m.n && t < m.size; j, k = j+1, k+1 {
			if m.kept == nil || int(m.kept[t]) == k {
				list[t] = [2]int32{int32(i), int32(j)}
				t++
			}
		}
	}
	return list
}

// form is a prepared RDM: a vector and its dual, for which it may do itself, or
// whatever a strategy stores in it.
type form struct {
	memory  []float64 // of this form and those after it
	size    int
	dual    int // where the dual begins, 0 if it is the vector
	ranking ranking
}

func (f *form) vector() []float64  { return f.memory[:f.size] }
func (f *form) second() []float64  { return f.memory[f.dual : f.dual+f.size] }
func (f *form) vectors() []float64 { return f.memory }
func (f *form) duals() []float64   { return f.memory[f.dual:] }

// stride is the number of float64 of a form.
func (f *form) stride() int { return f.dual + f.size }

// newVectors returns forms with vectors of a size and, if asked for, duals.
func newVectors(arena *cmem.Arena, count, size int, duals bool) []form {
	dual := 0
	if duals {
		dual = size
	}
	stride := dual + size
	forms, memory := cmem.Records[form](arena, count), arena.Float64s(count, stride)
	if arena.Err() != nil {
		return nil
	}
	for k := range forms {
		forms[k] = form{memory: memory[k*stride:], size: size, dual: dual}
	}
	return forms
}

func (m *comparer) newForms(arena *cmem.Arena, count int) []form {
	return m.strategy.newForms(m, arena, count)
}

// scratch is the memory of one worker, of which a strategy reserves what it needs.
type scratch struct {
	entries   []float64
	part      []float64 // if entries are left out
	work      []float64
	left      []form // if there are controls
	sorter    *sorter
	agreement *agreement
	spectra   *spectra
	tile      [tileSize * tileSize]float64
}

func (m *comparer) newScratch(arena *cmem.Arena) *scratch {
	s := &scratch{entries: arena.Float64s(m.size)}
	if m.kept != nil {
		s.part = arena.Float64s(m.size)
	}
	m.strategy.reserve(s, m, arena)
	return s
}

// entries returns those of the RDM x that are kept.
func (m *comparer) entries(x []float64, s *scratch) []float64 {
	if m.kept == nil {
		return x
	}
	for t, k := range m.kept {
		s.entries[t] = x[k]
	}
	return s.entries
}

// prepare stores the RDM x in f. It fails if similarities to it are undefined.
func (m *comparer) prepare(f *form, x []float64, s *scratch) error {
	return m.strategy.prepare(m, f, m.entries(x, s), s)
}

// prepareMean is prepare for a mean of normalized RDMs: what controls leave of ranks is
// not ranked again.
func (m *comparer) prepareMean(f *form, mean []float64, s *scratch) error {
	if m.controls == nil {
		return m.prepare(f, mean, s)
	}
	if floats.Norm(mean, 2) <= math.Sqrt(cancelled) {
		return errMean
	}
	return m.prepareLeft(f, mean, s)
}

// prepareLeft is prepare for what controls have left of an RDM.
func (m *comparer) prepareLeft(f *form, x []float64, s *scratch) error {
	copy(f.vector(), m.entries(x, s))
	return m.strategy.(interface {
		finish(m *comparer, f *form, s *scratch) error
	}).finish(m, f, s)
}

// compare returns the similarity of prepared RDMs.
func (m *comparer) compare(x, y *form, s *scratch) (float64, error) {
	return m.strategy.compare(m, x, y, s)
}

// tileSize is the number of RDMs that are compared in one product, on either side.
const tileSize = 32

// tile stores the similarities of all rows to all columns in dst.
func (m *comparer) tile(dst []float64, rows, cols []form, s *scratch) error {
	k := len(cols)
	if m.traits.inner {
		m.products(dst, rows, cols)
		for t, v := range dst[:len(rows)*k] {
			if !m.traits.joint {
				dst[t] = max(-1, min(1, v))
			}
		}
		return nil
	}
	for i := range rows {
		for j := range cols {
			v, err := m.compare(&rows[i], &cols[j], s)
			if err != nil {
				return err
			}
			dst[i*k+j] = v
		}
	}
	return nil
}

// products stores the inner products of rows and columns: one triangle is enough of
// vectors with themselves.
func (m *comparer) products(dst []float64, rows, cols []form) {
	x, y, k := &rows[0], &cols[0], len(cols)
	if x != y || len(rows) != k || x.dual > 0 {
		linalg.Gemm(blas.NoTrans, blas.Trans, len(rows), k, m.size,
			1, x.vectors(), x.stride(), y.duals(), y.stride(), 0, dst, k)
		return
	}
	blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, k, m.size,
		1, x.vectors(), x.stride(), 0, dst, k)
	for i := range k {
		for j := range i {
			dst[i*k+j] = dst[j*k+i]
		}
	}
}

// normalize stores the RDM x in dst as it enters a mean; entries that are not
// kept are 0.
func (m *comparer) normalize(dst, x []float64, s *scratch) {
	if m.kept == nil {
		m.strategy.normalize(m, dst, x, s)
		return
	}
	m.strategy.normalize(m, s.part, m.entries(x, s), s)
	clear(dst)
	for t, k := range m.kept {
		dst[k] = s.part[t]
	}
}
