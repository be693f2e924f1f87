package rsa

import (
	"math/bits"

	"netrep_go/core/internal/cmem"
)

// ranking is what Kendall's coefficients take from one vector: its order, and
// for each element the run of equal ones in which it is.
type ranking struct {
	order       []int32
	first, last []int32 // of the run of element i, in order: [first, last)
	position    []int32 // of element i in order
	tied        int64   // pairs of equal elements
}

func newRanking(arena *cmem.Arena, n int) *ranking {
	return &ranking{order: arena.Int32s(n), first: arena.Int32s(n), last: arena.Int32s(n), position: arena.Int32s(n)}
}

func (r *ranking) set(x []float64, s *sorter) {
	copy(r.order, s.sorted(x))
	r.tied = 0
	ties(x, r.order, func(from, to int) {
		for k := from; k < to; k++ {
			i := r.order[k]
			r.position[i], r.first[i], r.last[i] = int32(k), int32(from), int32(to)
		}
		r.tied += int64(to-from) * int64(to-from-1) / 2
	})
}

// kendall counts pairs of elements of which two vectors agree on the order. It
// is scratch memory of one worker: the set of elements seen so far by their
// positions in the second vector, a bit each, with a Fenwick tree over the
// counts of 64-bit words (so that a query takes log2(n/64) steps).
type kendall struct {
	words []uint64
	tree  []int32
}

func newKendall(arena *cmem.Arena, n int) *kendall {
	words := (n+63)/64 + 1
	return &kendall{arena.Uint64s(words), arena.Int32s(words)}
}

// difference returns the number of pairs that x and y order alike, less that of
// those they order differently. Pairs tied in either do not count.
func (k *kendall) difference(x, y *ranking) (sum int64) {
	clear(k.words)
	clear(k.tree)
	if x.tied == 0 && y.tied == 0 {
		return k.untied(x, y)
	}
	n := len(x.order)
	for from := 0; from < n; {
		to := int(x.last[x.order[from]])
		for _, i := range x.order[from:to] {
			below := k.below(y.first[i])
			upTo := below
			if y.last[i]-y.first[i] > 1 {
				upTo = k.below(y.last[i])
			}
			sum += int64(below) - int64(int32(from)-upTo)
		}
		for _, i := range x.order[from:to] {
			k.add(y.position[i])
		}
		from = to
	}
	return sum
}

// untied is difference where no elements are equal.
func (k *kendall) untied(x, y *ranking) (sum int64) {
	for seen, i := range x.order {
		p := y.position[i]
		sum += int64(2*k.below(p)) - int64(seen)
		k.add(p)
	}
	return sum
}

// add records that the element at position p has been seen.
func (k *kendall) add(p int32) {
	k.words[p>>6] |= 1 << (p & 63)
	for w := int(p>>6) + 1; w < len(k.tree); w += w & -w {
		k.tree[w]++
	}
}

// below returns how many elements seen have a position less than p.
func (k *kendall) below(p int32) int32 {
	w := p >> 6
	count := int32(bits.OnesCount64(k.words[w] & (1<<(p&63) - 1)))
	for ; w > 0; w &= w - 1 {
		count += k.tree[w]
	}
	return count
}
