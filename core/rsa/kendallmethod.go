package rsa

import (
	"context"
	"math/bits"
	"slices"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// kendallMethod evaluates Kendall's coefficients. Entries are presorted, and one that
// counts several times is an element of a weight: its copies would be tied with it.
type kendallMethod struct {
	kendall
	presorted
	slot      []int32   // of each entry of an RDM, where it is in the sample
	count     []int32   // the weights of the entries of the sample
	tie       []bool    // of each in order, that it is tied with the one before
	rankings  []ranking // of the models and subjects in the sample
	pooled    ranking
	sum, keys []uint64 // of the doubled midranks of subjects
	agreement *agreement
	compared  bool // models have been with subjects, in a sample of all conditions
}

func newKendallMethod(arena *cmem.Arena, w *evaluator, t kendall) *kendallMethod {
	count, pairs := w.models+w.subjects, Pairs(w.resampling.n)
	m := &kendallMethod{
		kendall: t, presorted: newPresorted(arena, w),
		slot: arena.Int32s(pairs), count: arena.Int32s(pairs), tie: cmem.Slice[bool](arena, pairs),
		rankings: cmem.Records[ranking](arena, count),
		sum:      arena.Uint64s(pairs), keys: arena.Uint64s(pairs),
		agreement: newAgreement(arena, pairs),
	}
	memory := arena.Int32s(count+1, rankingSize, pairs)
	if arena.Err() != nil {
		return m
	}
	for i := range m.rankings {
		m.rankings[i] = newRanking(memory[i*rankingSize*pairs:], pairs)
	}
	m.pooled = newRanking(memory[count*rankingSize*pairs:], pairs)
	return m
}

func (m *kendallMethod) evaluate(ctx context.Context, w *evaluator) error {
	if w.resampling.conditions || !m.compared {
		if err := m.compareModels(ctx, w); err != nil {
			return err
		}
		m.compared = true
	}
	if w.ceiling() {
		return m.ceilings(ctx, w)
	}
	return nil
}

func (m *kendallMethod) compareModels(ctx context.Context, w *evaluator) error {
	m.weigh(&w.sample)
	for t, p := range w.sample.index {
		m.slot[p], m.count[t] = int32(t), m.weight[p]
	}
	for i := range m.rankings {
		m.rank(i, len(w.sample.index))
		if m.constant(&m.rankings[i], w) {
			return core.Errorf("%v: %w", w.subject(i), errConstant)
		}
	}
	for i := range w.models {
		for s := range w.subjects {
			if err := ctx.Err(); err != nil {
				return err
			}
			w.similarity[i*w.subjects+s] = m.against(w, &m.rankings[i], s)
		}
	}
	return nil
}

// rank ranks the entries of RDM i that are in a sample of size of them.
func (m *kendallMethod) rank(i, size int) {
	r := &m.rankings[i]
	order, same := m.ordered(i)
	if !m.tied[i] {
		m.take(r, order, size)
		return
	}
	r.order = r.order[:0]
	joined := false // to the last one in the sample
	for k, p := range order {
		if m.weight[p] > 0 {
			m.tie[len(r.order)], joined = joined, true
			r.order = append(r.order, m.slot[p])
		}
		joined = joined && same[k]
	}
	r.setWeighted(m.tie[:size], m.count)
}

// take is rank where there are no ties. Entries outside of the sample are overwritten by
// the next one: which of them are in it is random, and a branch would be mispredicted.
func (m *kendallMethod) take(r *ranking, order []int32, size int) {
	all, n := r.order[:len(m.slot)], 0
	for _, p := range order {
		if n == size {
			break
		}
		all[n] = m.slot[p]
		n += int(min(m.weight[p], 1))
	}
	r.order = all[:size]
	clear(m.tie[:size])
	r.setWeighted(m.tie[:size], m.count)
}

// pairs returns the number of those of the entries of a sample.
func (*kendallMethod) pairs(w *evaluator) int64 {
	n := int64(w.sample.total)
	return n * (n - 1) / 2
}

// constant reports whether the coefficient of a ranking is undefined.
func (m *kendallMethod) constant(r *ranking, w *evaluator) bool {
	return m.b && r.tied == m.pairs(w)
}

// against returns the coefficient of a ranking and that of subject s.
func (m *kendallMethod) against(w *evaluator, x *ranking, s int) float64 {
	y := &m.rankings[w.models+s]
	return m.coefficient(m.agreement.weighted(x, y, m.count), m.pairs(w), x, y)
}

// ceilings compares subjects with the ranks of the sums of ranks.
func (m *kendallMethod) ceilings(ctx context.Context, w *evaluator) error {
	size := len(w.sample.index)
	sum, keys := m.sum[:size], m.keys[:size]
	clear(sum)
	for s, count := range w.sample.subjects {
		for t := range sum {
			sum[t] += uint64(count) * m.rankOf(w, s, t)
		}
	}
	copy(keys, sum)
	if m.pool(keys, w) {
		return errMean
	}
	for s := range w.subjects {
		w.upper[s] = m.against(w, &m.pooled, s)
	}
	for s, count := range w.sample.subjects {
		if count == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for t := range keys {
			keys[t] = sum[t] - uint64(count)*m.rankOf(w, s, t)
		}
		if m.pool(keys, w) {
			return errMean
		}
		w.lower[s] = m.against(w, &m.pooled, s)
	}
	return nil
}

// rankOf returns twice the midrank of element t of subject s.
func (m *kendallMethod) rankOf(w *evaluator, s, t int) uint64 {
	r := &m.rankings[w.models+s]
	return uint64(r.first[t] + r.last[t] + 1)
}

// pool ranks sums, and reports whether its coefficient is undefined.
func (m *kendallMethod) pool(keys []uint64, w *evaluator) (undefined bool) {
	order := m.sorter.sortedKeys(keys, bits.Len64(slices.Max(keys)))
	m.pooled.order = append(m.pooled.order[:0], order...) // heap: reserved
	for k := 1; k < len(order); k++ {
		m.tie[k] = keys[order[k]] == keys[order[k-1]]
	}
	m.pooled.setWeighted(m.tie[:len(order)], m.count)
	return m.constant(&m.pooled, w)
}

// setWeighted completes a ranking of which the order is set, in which element i
// stands weight[i] times: positions and runs are those among all copies. tie tells
// which elements in order are tied with the one before; the first one is not looked at.
func (r *ranking) setWeighted(tie []bool, weight []int32) {
	r.tied, r.distinct = 0, true
	var below int32
	for from, to := 0, 0; from < len(r.order); from = to {
		upTo := below
		for to = from; to == from || (to < len(r.order) && tie[to]); to++ {
			i := r.order[to]
			r.position[i] = upTo
			upTo += weight[i]
		}
		for _, i := range r.order[from:to] {
			r.first[i], r.last[i] = below, upTo
		}
		r.distinct = r.distinct && to == from+1
		run := int64(upTo - below)
		r.tied += run * (run - 1) / 2
		below = upTo
	}
}

// weighted is difference for rankings of weighted elements.
func (a *agreement) weighted(x, y *ranking, weight []int32) (sum int64) {
	clear(a.words)
	clear(a.tree)
	if x.distinct && y.distinct {
		return a.weightedDistinct(x, y, weight)
	}
	for from, to := 0, 0; from < len(x.order); from = to {
		seen := x.first[x.order[from]]
		for to = from; to < len(x.order) && x.first[x.order[to]] == seen; to++ {
			i := x.order[to]
			below := a.below(y.first[i])
			upTo := below
			if y.last[i]-y.first[i] > weight[i] {
				upTo = a.below(y.last[i])
			}
			sum += int64(weight[i]) * int64(below+upTo-seen)
		}
		for _, i := range x.order[from:to] {
			a.addCopies(y.position[i], weight[i])
		}
	}
	return sum
}

// weightedDistinct is weighted where an element is tied with its copies alone.
func (a *agreement) weightedDistinct(x, y *ranking, weight []int32) (sum int64) {
	var seen int32
	for _, i := range x.order {
		p, count := y.position[i], weight[i]
		sum += int64(count) * int64(2*a.below(p)-seen)
		a.addCopies(p, count)
		seen += count
	}
	return sum
}

// addCopies records that so many copies of an element, the first at position p, have
// been seen.
func (a *agreement) addCopies(p, count int32) {
	for count > 0 {
		bit := p & 63
		here := min(count, 64-bit)
		a.words[p>>6] |= (1<<here - 1) << bit
		for w := int(p>>6) + 1; w < len(a.tree); w += w & -w {
			a.tree[w] += here
		}
		p, count = p+here, count-here
	}
}
