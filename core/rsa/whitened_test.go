package rsa

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"

	"netrep_go/core/internal/cmem"
)

// TestWhitenerOfAllPairs compares the closed form with the Cholesky factor that serves where
// pairs are lacking, for variances of all sizes.
func TestWhitenerOfAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0))
	for _, n := range []int{3, 4, 21} {
		for _, spread := range []float64{0, 1, 12} {
			var arena cmem.Arena
			m := &comparer{n: n, size: Pairs(n)}
			sigma := make([]float64, n)
			for i := range sigma {
				sigma[i] = math.Exp(spread * rng.NormFloat64())
			}
			w, err := newWhitener(&arena, n, m.pairs(&arena), sigma)
			if err != nil {
				t.Fatal(err)
			}
			factored := *w
			factored.factor, factored.variance = arena.Float64s(n, n), nil
			factored.setDiagonal(sigma)
			y := make([]float64, Pairs(n))
			for k := range y {
				y[k] = rng.NormFloat64()
			}
			got, want := make([]float64, len(y)), make([]float64, len(y))
			w.solve(got, y, make([]float64, n))
			factored.solve(want, y, make([]float64, n))
			for k, v := range got {
				if size := w.inverse[k]; !scalar.EqualWithinAbsOrRel(v, want[k], 1e-12*size, 1e-9) {
					t.Errorf("%d conditions, spread %v, entry %d: got %v, want %v",
						n, spread, k, v, want[k])
				}
			}
			arena.Free()
		}
	}
}
