package optimize

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"netrep_go/core/internal/cmem"
)

func total(cost []float64, n int, cols []int32) float64 {
	var sum float64
	for i, j := range cols {
		sum += cost[i*n+int(j)]
	}
	return sum
}

// leastCost tries every assignment of rows from i on.
func leastCost(cost []float64, m, n, i int, used []bool) float64 {
	if i == m {
		return 0
	}
	best := math.Inf(1)
	for j := range n {
		if !used[j] {
			used[j] = true
			best = min(best, cost[i*n+j]+leastCost(cost, m, n, i+1, used))
			used[j] = false
		}
	}
	return best
}

// negatedCrossProduct is what PermutationMetric minimizes: -X'Y.
func negatedCrossProduct(rng *rand.Rand, m, n, samples int) []float64 {
	x, y := make([]float64, samples*m), make([]float64, samples*n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	for i := range y {
		y[i] = rng.NormFloat64()
	}
	cost := make([]float64, m*n)
	for s := range samples {
		for i := range m {
			for j := range n {
				cost[i*n+j] -= x[s*m+i] * y[s*n+j]
			}
		}
	}
	return cost
}

func TestAssignmentAgreesWithTryingAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	a := NewAssignment(new(cmem.Arena), 7)
	for trial := range 2000 {
		n := 1 + trial%7
		m := 1 + rng.IntN(n)
		cost := make([]float64, m*n)
		for i := range cost {
			cost[i] = rng.NormFloat64()
			if trial%2 == 0 { // ties
				cost[i] = float64(rng.IntN(3))
			}
		}
		a.few = trial % 3 * few // with and without shortlists
		cols := a.Minimize(cost, m, n)
		if got, want := total(cost, n, cols), leastCost(cost, m, n, 0, make([]bool, n)); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%d x %d: cost %v, want %v", m, n, got, want)
		}
	}
}

// TestAssignmentIsCertified checks optimality by duality: the prices v bound
// the cost of any assignment from below by sum_i min_j (c_ij - v_j) + sum_j v_j.
func TestAssignmentIsCertified(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	a := NewAssignment(new(cmem.Arena), 150)
	for name, cost := range certifiedCosts(rng) {
		for _, m := range []int{150, 100, 1} {
			cols := a.Minimize(cost, m, 150)
			seen := make(map[int32]bool)
			var bound, size float64
			for i, j := range cols {
				seen[j] = true
				least := math.Inf(1)
				for k := range 150 {
					least = min(least, cost[i*150+k]-a.price[k])
				}
				bound += least
				size = max(size, math.Abs(cost[i*150+int(j)]))
			}
			for k, v := range a.price {
				if v > 0 || (v != 0 && a.row[k] < 0) {
					t.Errorf("%s: column %d has the price %v", name, k, v)
				}
				bound += v
			}
			if len(seen) != m {
				t.Errorf("%s: %d rows share %d columns", name, m, len(seen))
			}
			if got := total(cost, 150, cols); math.Abs(got-bound) > 1e-11*float64(m)*size {
				t.Errorf("%s, %d rows: cost %v, bound %v", name, m, got, bound)
			}
		}
	}
}

// TestAssignmentOfTiesAndShortlists has rows of up to a few times the length of a
// shortlist, and many columns that cost the same.
func TestAssignmentOfTiesAndShortlists(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	a := NewAssignment(new(cmem.Arena), 6*listedLater)
	for trial := range 600 {
		n := 1 + rng.IntN(6*listedLater)
		m := 1 + rng.IntN(n)
		kinds := 1 + rng.IntN(12)
		cost := make([]float64, m*n)
		for i := range cost {
			cost[i] = float64(rng.IntN(kinds))
			if trial%3 == 0 { // all rows want the same columns
				cost[i] = float64(i%n) + rng.Float64()
			}
		}
		a.few = trial % 2 * few // with and without shortlists
		cols := a.Minimize(cost, m, n)
		bound := 0.0
		for _, v := range a.price[:n] {
			bound += v
		}
		for i := range m {
			least := math.Inf(1)
			for j := range n {
				least = min(least, cost[i*n+j]-a.price[j])
			}
			bound += least
		}
		if got := total(cost, n, cols); math.Abs(got-bound) > 1e-9 {
			t.Fatalf("%d x %d of %d kinds: cost %v, bound %v", m, n, kinds, got, bound)
		}
	}
}

// TestAssignmentOfWhatIsNotFinite ends, with columns of their own.
func TestAssignmentOfWhatIsNotFinite(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	a := NewAssignment(new(cmem.Arena), 40)
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 0, 1}
	for trial := range 2000 {
		n := 1 + rng.IntN(40)
		m := 1 + rng.IntN(n)
		cost := make([]float64, m*n)
		for i := range cost {
			cost[i] = odd[rng.IntN(1+trial%len(odd))]
		}
		a.few = trial % 2 * few
		seen := make(map[int32]bool)
		for _, j := range a.Minimize(cost, m, n) {
			seen[j] = 0 <= j && int(j) < n
		}
		if len(seen) != m {
			t.Fatalf("%v, %d x %d: columns %v", cost, m, n, seen)
		}
	}
}

func certifiedCosts(rng *rand.Rand) map[string][]float64 {
	const n = 150
	costs := map[string][]float64{
		"cross-product": negatedCrossProduct(rng, n, n, 30),
		"equal":         make([]float64, n*n),
		"permutation":   make([]float64, n*n),
		"product":       make([]float64, n*n),
		"wide range":    make([]float64, n*n),
		"five values":   make([]float64, n*n),
		"fifty values":  make([]float64, n*n),
	}
	for i := range n {
		costs["permutation"][i*n+(i*7)%n] = -1
		for j := range n {
			costs["product"][i*n+j] = -float64((i + 1) * (j + 1)) // the hardest for bidding
			costs["five values"][i*n+j] = float64(rng.IntN(5))
			costs["fifty values"][i*n+j] = float64(rng.IntN(50))
			costs["wide range"][i*n+j] = rng.NormFloat64() * math.Exp(20*rng.NormFloat64())
		}
	}
	return costs
}

func TestAssignmentLeavesTheCostAlone(t *testing.T) {
	cost := []float64{4, 1, 3, 2, 0, 5, 3, 2, 2}
	want := fmt.Sprint(cost)
	cols := NewAssignment(new(cmem.Arena), 3).Minimize(cost, 3, 3)
	if total(cost, 3, cols) != 5 || fmt.Sprint(cost) != want {
		t.Errorf("columns %v of cost %v", cols, cost)
	}
}

func BenchmarkAssignment(b *testing.B) {
	for _, n := range []int{200, 500, 1000} {
		cost := negatedCrossProduct(rand.New(rand.NewPCG(1, 2)), n, n, 200)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := NewAssignment(new(cmem.Arena), n)
			for b.Loop() {
				a.Minimize(cost, n, n)
			}
		})
	}
}
