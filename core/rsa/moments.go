package rsa

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// momentMethod evaluates correlations and cosines: all that it takes are inner
// products of the entries of the sample, weighted by how often they count. The
// mean of normalized RDMs needs no further ones.
type momentMethod struct {
	vector vector
	scaled []float64 // (models + subjects) x pairs, entries times the roots of weights
	gram   []float64
	norms  []float64
}

func newMomentMethod(arena *cmem.Arena, w *evaluator, v vector) *momentMethod {
	count := w.models + w.subjects
	return &momentMethod{
		vector: v, scaled: arena.Float64s(count * Pairs(w.resampling.n)),
		gram: arena.Float64s(count * count), norms: arena.Float64s(count),
	}
}

func (m *momentMethod) evaluate(_ context.Context, w *evaluator) error {
	v, k := w.models+w.subjects, len(w.sample.index)
	for i := range v {
		m.gather(m.scaled[i*k:(i+1)*k], w.row(i), w)
	}
	if err := m.products(w, v, k); err != nil {
		return err
	}
	for i := range w.models {
		for s := range w.subjects {
			w.similarity[i*w.subjects+s] = max(-1, min(1, m.gram[i*v+w.models+s]))
		}
	}
	if w.ceiling() {
		return m.ceilings(w, v)
	}
	return nil
}

// gather stores the entries of the sample, centered for correlations, times the
// roots of their weights.
func (m *momentMethod) gather(dst, x []float64, w *evaluator) {
	index := w.sample.index
	weight, root := w.sample.weight[:len(index)], w.sample.root[:len(index)]
	var mean float64
	if m.vector.centered {
		for t, k := range index {
			mean += x[k] * weight[t]
		}
		mean /= w.sample.total
	}
	for t, k := range index {
		dst[t] = (x[k] - mean) * root[t]
	}
	// What is left of a constant vector is rounding.
	floor := unvaried * math.Abs(mean) * math.Sqrt(w.sample.total)
	if m.vector.centered && floats.Norm(dst, 2) <= floor {
		clear(dst)
	}
}

// products stores cosines above the diagonal of m.gram.
func (m *momentMethod) products(w *evaluator, v, k int) error {
	blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, v, k, 1, m.scaled, k, 0, m.gram, v)
	for i := range v {
		m.norms[i] = math.Sqrt(m.gram[i*v+i])
		if m.norms[i] == 0 {
			return core.Errorf("%v: %w", w.subject(i), m.vector.undefined())
		}
		if math.IsInf(m.norms[i], 1) {
			return core.Errorf("%v: %w", w.subject(i), errRange)
		}
	}
	for i := range v {
		for j := i; j < v; j++ {
			m.gram[i*v+j] /= m.norms[i] * m.norms[j]
		}
	}
	return nil
}

// ceilings computes the noise ceiling from the cosines R of subjects: if subject
// s was drawn u_s times, the mean of all has the cosine r_t / q^1/2 with subject
// t, where r = R u and q = u'Ru, and that of the others is what is left without t.
func (m *momentMethod) ceilings(w *evaluator, v int) error {
	cosine := func(s, t int) float64 { return m.gram[(w.models+min(s, t))*v+w.models+max(s, t)] }
	var q float64
	for t, ut := range w.sample.subjects {
		w.upper[t] = 0
		for s, us := range w.sample.subjects {
			w.upper[t] += float64(us) * cosine(s, t)
		}
		q += float64(ut) * w.upper[t]
	}
	for t, count := range w.sample.subjects {
		r, u := w.upper[t], float64(count)
		others := q - 2*u*r + u*u
		if count > 0 && !(min(q, others) > cancelled*float64(w.subjects*w.subjects)) {
			return errMean
		}
		w.upper[t] = r / math.Sqrt(q)
		w.lower[t] = (r - u) / math.Sqrt(others)
	}
	return nil
}

// cancelled is the squared length of a mean of unit vectors, as a sum of their
// cosines, that is rounding.
const cancelled = 1e-13
