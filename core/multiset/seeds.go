package multiset

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// seed draws centroids among the networks and assigns every network to the
// nearest.
func (l *lloyd) seed(rng *rand.Rand, apart *mat.Dense) {
	nearest := make([]float64, len(l.xs)) // heap: one a network
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	clear(l.aligned)
	for c := range l.centroids {
		i := drawSeed(rng, nearest, apart, len(l.centroids))
		l.centroids[c].jump(l.xs[i])
		for j, d := range apart.RawRowView(i) {
			if d*d < nearest[j] {
				nearest[j], l.labels[j] = d*d, c
			}
		}
	}
}

// drawSeed draws networks with probabilities proportional to nearest, their
// squared distances from the seeds so far, and returns the one that leaves the
// smallest sum.
func drawSeed(rng *rand.Rand, nearest []float64, apart *mat.Dense, clusters int) int {
	total := floats.Sum(nearest)
	if math.IsInf(total, 1) || total == 0 {
		return rng.IntN(len(nearest))
	}
	best, least := 0, math.Inf(1)
	for range 2 + int(math.Log(float64(clusters))) {
		i := draw(rng, nearest, total)
		var left float64
		for j, d := range apart.RawRowView(i) {
			left += min(nearest[j], d*d)
		}
		if left < least {
			best, least = i, left
		}
	}
	return best
}

// draw returns i with probability weights[i]/total.
func draw(rng *rand.Rand, weights []float64, total float64) int {
	u := rng.Float64() * total
	last := 0
	for i, w := range weights {
		if w > 0 {
			last = i
		}
		if u < w {
			return i
		}
		u -= w
	}
	return last
}
