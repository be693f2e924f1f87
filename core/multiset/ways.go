package multiset

import "netrep_go/core/internal/cmem"

// ways are the distances of a point from networks as far as they are known: exact, or no
// larger than the distance, as that shrinks by no more than the point moves (Elkan, Using
// the triangle inequality to accelerate k-means, ICML 2003).
type ways struct {
	dists []float64
	exact []bool
}

func newWays(arena *cmem.Arena, k int) ways {
	return ways{arena.Float64s(k), cmem.Slice[bool](arena, k)}
}

// forget says that nothing is known.
func (w *ways) forget() {
	clear(w.dists)
	clear(w.exact)
}

// follow says how far the point has moved at most.
func (w *ways) follow(moved float64) {
	if moved == 0 {
		return
	}
	for i := range w.dists {
		w.dists[i] -= moved
	}
	clear(w.exact)
}
