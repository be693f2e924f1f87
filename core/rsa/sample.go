package rsa

import (
	"math"
	"math/rand/v2"

	"netrep_go/core/internal/cmem"
)

// sample says how often each condition and each subject counts.
type sample struct {
	conditions, subjects []int32

	// The entries between different conditions that were both drawn: their
	// positions in a condensed RDM, how often they count, and the roots of that.
	index        []int32
	weight, root []float64
	total        float64 // of the weights
}

// resampling draws samples.
type resampling struct {
	n          int
	lacking    []bool // entries that never count, nil if there are none
	conditions bool
	subjects   bool
}

// draw stores the sample of a generator: n conditions and all subjects, with
// replacement if they are to be resampled.
func (r *resampling) draw(s *sample, rng *rand.Rand) {
	count(s.conditions, r.conditions, rng)
	count(s.subjects, r.subjects, rng)
	r.weigh(s)
}

// count stores how often each of len(dst) things is drawn: once each, if they are
// not drawn at random.
func count(dst []int32, random bool, rng *rand.Rand) {
	if !random {
		for i := range dst {
			dst[i] = 1
		}
		return
	}
	clear(dst)
	for range dst {
		dst[rng.IntN(len(dst))]++
	}
}

// weigh finds the entries that count.
func (r *resampling) weigh(s *sample) {
	s.index, s.weight, s.root, s.total = s.index[:0], s.weight[:0], s.root[:0], 0
	for i, k := 0, 0; i < r.n; i++ {
		wi := s.conditions[i]
		if wi == 0 {
			k += r.n - 1 - i
			continue
		}
		for j := i + 1; j < r.n; j, k = j+1, k+1 {
			w := float64(wi * s.conditions[j])
			if w == 0 || (r.lacking != nil && r.lacking[k]) {
				continue
			}
			s.index, s.weight = append(s.index, int32(k)), append(s.weight, w) // heap: reserved
			s.root = append(s.root, math.Sqrt(w))                              // heap: reserved
			s.total += w
		}
	}
}

// distinct returns how many things were drawn.
func distinct(counts []int32) (n int) {
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

// positions returns the conditions drawn, in order, as often as they were.
func (s *sample) positions(arena *cmem.Arena) []int32 {
	list := arena.Int32s(len(s.conditions))[:0]
	if arena.Err() != nil {
		return nil
	}
	for c, count := range s.conditions {
		for range count {
			list = append(list, int32(c))
		}
	}
	return list
}
