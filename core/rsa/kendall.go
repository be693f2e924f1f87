package rsa

import (
	"math"
	"math/bits"

	"netrep_go/core/internal/cmem"
)

// kendall is the strategy of Kendall's coefficients: A, or B if it is set.
type kendall struct{ b bool }

func (kendall) traits() traits { return traits{} }

func (kendall) start(*comparer, *cmem.Arena, Comparison) error { return nil }

func (kendall) newForms(m *comparer, arena *cmem.Arena, count int) []form {
	forms, memory := cmem.Records[form](arena, count), arena.Int32s(count, rankingSize, m.size)
	if arena.Err() != nil {
		return nil
	}
	for k := range forms {
		forms[k].ranking = newRanking(memory[k*rankingSize*m.size:], m.size)
	}
	return forms
}

func (kendall) reserve(s *scratch, m *comparer, arena *cmem.Arena) {
	s.sorter, s.agreement = newSorter(arena, m.size), newAgreement(arena, m.size)
}

func (t kendall) prepare(m *comparer, f *form, entries []float64, s *scratch) error {
	f.ranking.set(entries, s.sorter)
	if t.b && f.ranking.tied == int64(Pairs(m.size)) {
		return errConstant
	}
	return nil
}

func (t kendall) compare(m *comparer, x, y *form, s *scratch) (float64, error) {
	difference := s.agreement.difference(&x.ranking, &y.ranking)
	return t.coefficient(difference, int64(Pairs(m.size)), &x.ranking, &y.ranking), nil
}

// coefficient divides the difference of so many pairs.
func (t kendall) coefficient(difference, pairs int64, x, y *ranking) float64 {
	ofX, ofY := pairs, pairs
	if t.b {
		ofX, ofY = ofX-x.tied, ofY-y.tied
	}
	return max(-1, min(1, float64(difference)/math.Sqrt(float64(ofX)*float64(ofY))))
}

func (kendall) normalize(_ *comparer, dst, entries []float64, s *scratch) {
	s.sorter.doubledMidranks(dst, entries)
}

func (t kendall) method(arena *cmem.Arena, w *evaluator) method {
	return newKendallMethod(arena, w, t)
}

// ranking is what Kendall's coefficients take from one vector: its order, and
// for each element the run of equal ones in which it is.
type ranking struct {
	order       []int32
	first, last []int32 // of the run of element i, in order: [first, last)
	position    []int32 // of element i in order
	tied        int64   // pairs of equal elements
	distinct    bool    // elements with a weight are, but for their copies
}

// rankingSize is the number of vectors of a ranking.
const rankingSize = 4

// newRanking returns one in the memory of its vectors.
func newRanking(memory []int32, n int) ranking {
	return ranking{
		order: memory[:n], first: memory[n : 2*n], last: memory[2*n : 3*n], position: memory[3*n : 4*n],
	}
}

func (r *ranking) set(x []float64, s *sorter) {
	copy(r.order, s.sorted(x))
	r.tied = 0
	for k, i := range r.order {
		r.position[i], r.first[i], r.last[i] = int32(k), int32(k), int32(k+1)
	}
	ties(x, r.order, func(from, to int) {
		for _, i := range r.order[from:to] {
			r.first[i], r.last[i] = int32(from), int32(to)
		}
		r.tied += int64(to-from) * int64(to-from-1) / 2
	})
}

// agreement counts pairs of elements of which two vectors agree on the order. It
// is scratch memory of one worker: the set of elements seen so far by their
// positions in the second vector, a bit each, with a Fenwick tree over the
// counts of 64-bit words (so that a query takes log2(n/64) steps).
type agreement struct {
	words []uint64
	tree  []int32
}

func newAgreement(arena *cmem.Arena, n int) *agreement {
	words := (n+63)/64 + 1
	return &agreement{arena.Uint64s(words), arena.Int32s(words)}
}

// difference returns the number of pairs that x and y order alike, less that of
// those they order differently. Pairs tied in either do not count.
func (a *agreement) difference(x, y *ranking) (sum int64) {
	clear(a.words)
	clear(a.tree)
	if x.tied == 0 && y.tied == 0 {
		return a.untied(x, y)
	}
	n := len(x.order)
	for from := 0; from < n; {
		to := int(x.last[x.order[from]])
		for _, i := range x.order[from:to] {
			below := a.below(y.first[i])
			upTo := below
			if y.last[i]-y.first[i] > 1 {
				upTo = a.below(y.last[i])
			}
			sum += int64(below) - int64(int32(from)-upTo)
		}
		for _, i := range x.order[from:to] {
			a.add(y.position[i])
		}
		from = to
	}
	return sum
}

// untied is difference where no elements are equal.
func (a *agreement) untied(x, y *ranking) (sum int64) {
	for seen, i := range x.order {
		p := y.position[i]
		sum += int64(2*a.below(p)) - int64(seen)
		a.add(p)
	}
	return sum
}

// add records that the element at position p has been seen.
func (a *agreement) add(p int32) {
	a.words[p>>6] |= 1 << (p & 63)
	for w := int(p>>6) + 1; w < len(a.tree); w += w & -w {
		a.tree[w]++
	}
}

// below returns how many elements seen have a position less than p.
func (a *agreement) below(p int32) int32 {
	w := p >> 6
	count := int32(bits.OnesCount64(a.words[w] & (1<<(p&63) - 1)))
	for ; w > 0; w &= w - 1 {
		count += a.tree[w]
	}
	return count
}
