package rsa

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// sorter orders numbers by their bits, digit by digit, in scratch memory that is
// kept. It belongs to one worker.
type sorter struct {
	keys, keysNext   []uint64
	order, orderNext []int32
}

// digit is the number of bits that a pass of a sorter orders by.
const digit = 11

// newSorter returns a sorter of at most n numbers with memory of the arena.
func newSorter(arena *cmem.Arena, n int) *sorter {
	return &sorter{arena.Uint64s(n), arena.Uint64s(n), arena.Int32s(n), arena.Int32s(n)}
}

// sorted returns the positions of the numbers in ascending order, equal ones in
// the order in which they come. The result is overwritten by the next call.
func (s *sorter) sorted(x []float64) []int32 {
	for i, v := range x {
		s.keys[i] = sortKey(v)
	}
	return s.sort(len(x), 64)
}

// sortedKeys is sorted for integers of so many bits.
func (s *sorter) sortedKeys(x []uint64, bits int) []int32 {
	copy(s.keys, x)
	return s.sort(len(x), bits)
}

func (s *sorter) sort(n, bits int) []int32 {
	for i := range n {
		s.order[i] = int32(i)
	}
	for shift := 0; shift < bits; shift += digit {
		s.pass(n, shift)
	}
	return s.order[:n]
}

// pass orders by the digit at shift, which is below 64: to say so, and to keep
// slices out of the loop, takes a quarter off its time.
func (s *sorter) pass(n, shift int) {
	const mask = 1<<digit - 1
	shift &= 63
	var start [1 << digit]int32
	keys, order := s.keys[:n], s.order[:n]
	for _, key := range keys {
		start[key>>shift&mask]++
	}
	if start[keys[0]>>shift&mask] == int32(n) {
		return // all have the same
	}
	var sum int32
	for d, count := range start {
		start[d] = sum
		sum += count
	}
	nextKeys, nextOrder := s.keysNext[:n], s.orderNext[:n]
	for i, key := range keys {
		d := key >> shift & mask
		to := start[d]
		nextKeys[to], nextOrder[to] = key, order[i]
		start[d] = to + 1
	}
	s.keys, s.keysNext = s.keysNext, s.keys
	s.order, s.orderNext = s.orderNext, s.order
}

// sortKey maps numbers to integers of the same order; both zeros to the same.
func sortKey(v float64) uint64 {
	bits := math.Float64bits(v + 0)
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}

// rounding is the part of a number by which dissimilarities that are equal by
// definition may differ.
const rounding = 32 * 0x1p-52

// gap tells ties, of numbers in an order: two neighbors are equal if they differ
// by rounding of the larger one, or of a typical number, the larger quartile in
// absolute value. Runs of such neighbors are tied, so that ties are transitive.
type gap struct {
	typical float64 // what is rounding of that
	widest  float64 // and of any number
}

// newGap returns that of the numbers x in ascending order, of which there are some.
func newGap(x []float64, order []int32) gap {
	last := len(order) - 1
	larger := func(i, j int) float64 {
		return rounding * max(math.Abs(x[order[i]]), math.Abs(x[order[j]]))
	}
	return gap{larger(last/4, last-last/4), larger(0, last)}
}

// closed reports whether neighbors a <= b are tied.
func (g gap) closed(a, b float64) bool {
	d := b - a
	return d <= g.widest && (d <= g.typical || d <= rounding*b || d <= -rounding*a)
}

// ties calls f for each run [from, to) of several positions in order, which is not
// empty, whose numbers are tied.
func ties(x []float64, order []int32, f func(from, to int)) {
	g := newGap(x, order)
	from, last := 0, x[order[0]]
	for k, i := range order {
		v := x[i]
		if !g.closed(last, v) {
			if k-from > 1 {
				f(from, k)
			}
			from = k
		}
		last = v
	}
	if len(order)-from > 1 {
		f(from, len(order))
	}
}

// midranks stores the ranks of x, from 1, in dst; tied numbers share the mean of
// theirs.
func (s *sorter) midranks(dst, x []float64) {
	order := s.sorted(x)
	for k, i := range order {
		dst[i] = float64(k + 1)
	}
	ties(x, order, func(from, to int) {
		rank := float64(from+to+1) / 2
		for _, i := range order[from:to] {
			dst[i] = rank
		}
	})
}

// Ranks stores in dst, of the same length, the ranks of the entries x of an RDM, from
// 1. Those that only rounding tells apart share the mean of their ranks.
func Ranks(dst, x []float64) error {
	var arena cmem.Arena
	defer arena.Free()
	s := newSorter(&arena, len(x))
	if err := arena.Err(); err != nil || len(x) == 0 {
		return err
	}
	s.midranks(dst, x)
	return nil
}

// doubledMidranks stores twice the midranks of x: integers, so that sums of equal
// ones are equal.
func (s *sorter) doubledMidranks(dst, x []float64) {
	s.midranks(dst, x)
	floats.Scale(2, dst)
}
