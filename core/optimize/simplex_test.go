package optimize

import (
	"math"
	"math/rand/v2"
	"testing"

	"netrep_go/core/internal/cmem"
)

func never() bool { return false }

// TestSimplexAgreesWithShortestPaths takes costs of every kind of size and of ties, where
// there are ways around the tree that send nothing.
func TestSimplexAgreesWithShortestPaths(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 0))
	kinds := map[string]func() float64{
		"constant": func() float64 { return 1 },
		"zero":     func() float64 { return 0 },
		"two":      func() float64 { return float64(rng.IntN(2)) },
		"normal":   rng.NormFloat64,
		"tiny":     func() float64 { return 1e-150 * rng.NormFloat64() },
		"huge":     func() float64 { return 1e150 * rng.NormFloat64() },
		"offset":   func() float64 { return 1e6 + rng.NormFloat64() },
		"heavy":    func() float64 { return math.Exp(10 * rng.NormFloat64()) },
	}
	for name, draw := range kinds {
		for _, shape := range [][2]int{{1, 1}, {1, 7}, {7, 1}, {2, 2}, {30, 31}, {40, 24}, {24, 40}} {
			m, n := shape[0], shape[1]
			cost := make([]float64, m*n)
			var scale float64
			for k := range cost {
				cost[k] = draw()
				scale = max(scale, math.Abs(cost[k]))
			}
			g := greatestDivisor(m, n)
			supply, room := float64(n/g), float64(m/g)
			want, _ := moved(cost, m, n, supply, room)
			got := make([]float64, m*n)
			NewSimplex(new(cmem.Arena), m, n).Minimize(got, cost, supply, room, never)
			checkSums(t, got, m, n, supply, room)
			cheap, least := flowCost(got, cost, m, n), flowCost(want, cost, m, n)
			if math.Abs(cheap-least) > 1e-12*scale*supply*float64(m) {
				t.Errorf("%s, %d x %d: cost %v, want %v", name, m, n, cheap, least)
			}
		}
	}
}

// TestSimplexSendsAlongATree counts where something flows.
func TestSimplexSendsAlongATree(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0))
	m, n := 60, 41
	cost, flow := make([]float64, m*n), make([]float64, m*n)
	for k := range cost {
		cost[k] = rng.NormFloat64()
	}
	NewSimplex(new(cmem.Arena), m, n).Minimize(flow, cost, float64(n), float64(m), never)
	used := 0
	for _, f := range flow {
		if f > 0 {
			used++
		}
	}
	if used > m+n-1 {
		t.Errorf("%d ways are used", used)
	}
}

func TestSimplexStops(t *testing.T) {
	flow, calls := make([]float64, 4), 0
	NewSimplex(new(cmem.Arena), 2, 2).Minimize(flow, []float64{1, 0, 0, 1}, 1, 1, func() bool {
		calls++
		return true
	})
	checkSums(t, flow, 2, 2, 1, 1)
	if calls != 1 {
		t.Errorf("asked %d times", calls)
	}
}
