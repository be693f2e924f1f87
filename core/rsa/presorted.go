package rsa

import "netrep_go/core/internal/cmem"

// presorted holds the entries of RDMs in order, models before subjects, and what they
// count in a sample: orders are found once, for all samples.
type presorted struct {
	order  []int32 // (models + subjects) x entries that none lacks
	kept   int     // how many these are
	same   []bool  // of each in order, that it is tied with the next
	tied   []bool  // that any of an RDM is
	weight []int32 // of each entry of an RDM, 0 outside of the sample
	sorter *sorter
}

// newPresorted returns the order of the RDMs of w. The caller checks arena.Err.
func newPresorted(arena *cmem.Arena, w *evaluator) presorted {
	count, pairs := w.models+w.subjects, Pairs(w.resampling.n)
	kept, size := keep(arena, pairs, w.resampling.lacking, nil), pairs
	if kept != nil {
		size = len(kept)
	}
	p := presorted{
		order: arena.Int32s(count, size), kept: size,
		same: cmem.Slice[bool](arena, count, size), tied: cmem.Slice[bool](arena, count),
		weight: arena.Int32s(pairs), sorter: newSorter(arena, pairs),
	}
	part := arena.Float64s(size)
	for i := 0; i < count && arena.Err() == nil; i++ {
		p.set(i, w.row(i), kept, part)
	}
	return p
}

// set puts the entries of RDM i that are kept in order, nil for all.
func (p *presorted) set(i int, x []float64, kept []int32, part []float64) {
	order, same := p.ordered(i)
	if kept != nil {
		for t, k := range kept {
			part[t] = x[k]
		}
		x = part
	}
	copy(order, p.sorter.sorted(x))
	ties(x, order, func(from, to int) {
		p.tied[i] = true
		for k := from; k < to-1; k++ {
			same[k] = true
		}
	})
	if kept != nil {
		for t, k := range order {
			order[t] = kept[k]
		}
	}
}

// ordered returns the entries of RDM i in order, and which are tied with the next.
func (p *presorted) ordered(i int) (order []int32, same []bool) {
	return p.order[i*p.kept : (i+1)*p.kept], p.same[i*p.kept : (i+1)*p.kept]
}

// weigh stores what entries count in the sample.
func (p *presorted) weigh(s *sample) {
	clear(p.weight)
	for t, k := range s.index {
		p.weight[k] = int32(s.weight[t])
	}
}
