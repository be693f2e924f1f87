package rsa

import (
	"context"
	"math"
	"math/bits"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// rankMethod evaluates correlations of ranks. Entries are presorted; the
// midranks in a sample follow from cumulated weights, in one pass. Ranks are
// doubled to be integers, and so are their sums over subjects, which noise
// ceilings rank again.
type rankMethod struct {
	vector vector
	presorted
	rank   []int32 // (models + subjects) x pairs, doubled
	center []float64
	norms  []float64
	pooled []float64
	keys   []uint64
	sum    []uint64
}

func newRankMethod(arena *cmem.Arena, w *evaluator, v vector) *rankMethod {
	count, pairs := w.models+w.subjects, Pairs(w.resampling.n)
	return &rankMethod{
		vector: v, presorted: newPresorted(arena, w),
		rank:   arena.Int32s(count, pairs),
		center: arena.Float64s(count, pairs), norms: arena.Float64s(count),
		pooled: arena.Float64s(pairs),
		keys:   arena.Uint64s(pairs), sum: arena.Uint64s(pairs),
	}
}

func (m *rankMethod) evaluate(_ context.Context, w *evaluator) error {
	v, pairs, k := w.models+w.subjects, Pairs(w.resampling.n), len(w.sample.index)
	m.weigh(&w.sample)
	for i := range v {
		rank := m.rank[i*pairs : (i+1)*pairs]
		m.midranks(rank, i)
		m.norms[i] = m.gather(m.center[i*k:(i+1)*k], rank, w)
		if m.norms[i] == 0 && !m.vector.untied {
			return core.Errorf("%v: %w", w.subject(i), errConstant)
		}
	}
	for i := range w.models {
		for s := range w.subjects {
			r := m.correlation(w, m.center[i*k:(i+1)*k], m.norms[i], w.models+s, k)
			w.similarity[i*w.subjects+s] = r
		}
	}
	if w.ceiling() {
		return m.ceilings(w, pairs, k)
	}
	return nil
}

// midranks stores twice the midranks of all entries of RDM i in the sample.
func (m *rankMethod) midranks(rank []int32, i int) {
	order, same := m.ordered(i)
	var below int32 // twice the weight of smaller entries
	if !m.tied[i] {
		for _, p := range order {
			w := m.weight[p]
			rank[p] = below + w + 1
			below += 2 * w
		}
		return
	}
	for from := 0; from < len(order); {
		weight, to := m.weight[order[from]], from+1
		for same[to-1] {
			weight += m.weight[order[to]]
			to++
		}
		for _, p := range order[from:to] {
			rank[p] = below + weight + 1
		}
		below += 2 * weight
		from = to
	}
}

// gather stores the centered ranks of the entries of the sample times the roots of
// their weights, and returns their norm. The mean of ranks is (total + 1) / 2.
func (m *rankMethod) gather(dst []float64, rank []int32, w *evaluator) float64 {
	mean, index := w.sample.total+1, w.sample.index
	root := w.sample.root[:len(index)]
	for t, p := range index {
		dst[t] = (float64(rank[p]) - mean) * root[t]
	}
	return floats.Norm(dst, 2)
}

// correlation returns that of a vector of centered ranks and vector i.
func (m *rankMethod) correlation(w *evaluator, x []float64, norm float64, i, k int) float64 {
	product := floats.Dot(x, m.center[i*k:(i+1)*k])
	if m.vector.untied {
		n := w.sample.total
		return product * 3 / (n*n*n - n) // ranks are doubled
	}
	return max(-1, min(1, product/(norm*m.norms[i])))
}

// ceilings compares subjects with the ranks of the sums of ranks.
func (m *rankMethod) ceilings(w *evaluator, pairs, k int) error {
	clear(m.sum[:k])
	ranks := func(s int) []int32 { return m.rank[(w.models+s)*pairs:] }
	for s, count := range w.sample.subjects {
		rank := ranks(s)
		for t, p := range w.sample.index {
			m.sum[t] += uint64(count) * uint64(rank[p])
		}
	}
	copy(m.keys, m.sum[:k])
	norm := m.pool(w, k)
	for s := range w.subjects {
		w.upper[s] = m.correlation(w, m.pooled[:k], norm, w.models+s, k)
	}
	for s, count := range w.sample.subjects {
		if count == 0 {
			continue
		}
		rank := ranks(s)
		for t, p := range w.sample.index {
			m.keys[t] = m.sum[t] - uint64(count)*uint64(rank[p])
		}
		others := m.pool(w, k)
		if (norm == 0 || others == 0) && !m.vector.untied {
			return errMean
		}
		w.lower[s] = m.correlation(w, m.pooled[:k], others, w.models+s, k)
	}
	return nil
}

// pool ranks m.keys, stores centered ranks in m.pooled and returns their norm.
func (m *rankMethod) pool(w *evaluator, k int) float64 {
	keys, weight := m.keys[:k], w.sample.weight
	var largest uint64
	for _, key := range keys {
		largest = max(largest, key)
	}
	order := m.sorter.sortedKeys(keys, bits.Len64(largest))
	mean := w.sample.total + 1
	var below, square float64
	for from := 0; from < k; {
		run, to := weight[order[from]], from+1
		for to < k && keys[order[to]] == keys[order[from]] {
			run += weight[order[to]]
			to++
		}
		centered := 2*below + run + 1 - mean
		square += run * centered * centered
		for _, t := range order[from:to] {
			m.pooled[t] = centered * w.sample.root[t]
		}
		below += run
		from = to
	}
	return math.Sqrt(square)
}
