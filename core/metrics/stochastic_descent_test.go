package metrics_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/metrics"
)

// alternate fits by alternations alone, each a fit of one iteration, to the same tolerance.
func alternate(t *testing.T, g metrics.Gaussian, x, y metrics.Responses, start *mat.Dense) (loss float64, n int) {
	t.Helper()
	one, end := g, mat.DenseCopyOf(start)
	one.MaxIter = 1
	for last := math.Inf(1); ; last = loss {
		fit, err := one.Fit(context.Background(), end, x, y, false, []*mat.Dense{end})
		if err != nil {
			t.Fatal(err)
		}
		n++
		if loss = fit.Loss[0]; n > 2 && last-loss < g.Tol {
			return loss, n
		}
	}
}

// rounded returns responses whose covariances are well conditioned.
func rounded(rng *rand.Rand, m, n int) metrics.Responses {
	r := responses(rng, m, n, n)
	r.Covs.Scale(1/float64(n), r.Covs)
	for i := range m * n {
		r.Covs.Set(i, i%n, r.Covs.At(i, i%n)+0.1)
	}
	return r
}

// TestFewerAlternations compares a table of fits with alternations alone: at least 6 times
// fewer in the median, never more, by losses that do not rise, and where there is one end only,
// to one that is no worse.
func TestFewerAlternations(t *testing.T) {
	var ratios []float64
	for seed, tc := range []struct {
		m, n  int
		alpha float64
	}{{20, 10, 1}, {20, 10, 0.2}, {40, 12, 1}, {25, 12, 0.2}, {1, 12, 1}} {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		x, y, start := rounded(rng, tc.m, tc.n), rounded(rng, tc.m, tc.n), orthogonal(rng, tc.n)
		g := metrics.Gaussian{Alpha: tc.alpha, Neurons: tc.n, MaxIter: 5000, Tol: 1e-8}
		aligned := mat.NewDense(tc.n, tc.n, nil)
		fit, err := g.Fit(context.Background(), aligned, x, y, false, []*mat.Dense{start})
		if err != nil || !fit.Converged {
			t.Fatal(err)
		}
		loss, n := alternate(t, g, x, y, start)
		if end := fit.Loss[len(fit.Loss)-1]; len(fit.Loss) > n || (tc.alpha == 1 && end > loss+1e-6) {
			t.Errorf("%+v: %d instead of %d alternations, loss %g instead of %g", tc, len(fit.Loss), n, end, loss)
		}
		for k := 1; k < len(fit.Loss); k++ {
			if fit.Loss[k] > fit.Loss[k-1]+1e-13*fit.Loss[0] {
				t.Errorf("%+v: losses %v rise", tc, fit.Loss)
			}
		}
		ratios = append(ratios, float64(n)/float64(len(fit.Loss)))
	}
	slices.Sort(ratios)
	if median := ratios[len(ratios)/2]; median < 6 {
		t.Errorf("%g times fewer alternations: %.3g", median, ratios)
	}
	t.Logf("%.3g", ratios)
}

// TestShareOfWorseEnds: where starts have several ends, no more of them lead to a higher
// one than alternations alone by more than lead to a lower one.
func TestShareOfWorseEnds(t *testing.T) {
	worse, better, starts := 0, 0, 0
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		x, y := rounded(rng, 12, 6), rounded(rng, 12, 6)
		g := metrics.Gaussian{Alpha: 0.2, Neurons: 6, MaxIter: 5000, Tol: 1e-8}
		for range 12 {
			start, aligned := orthogonal(rng, 6), mat.NewDense(6, 6, nil)
			fit, err := g.Fit(context.Background(), aligned, x, y, false, []*mat.Dense{start})
			if err != nil {
				t.Fatal(err)
			}
			loss, _ := alternate(t, g, x, y, start)
			end := fit.Loss[len(fit.Loss)-1]
			starts++
			if end > loss*(1+1e-5) {
				worse++
			}
			if end < loss*(1-1e-5) {
				better++
			}
		}
	}
	share := fmt.Sprintf("%d starts: %d end higher, %d lower", starts, worse, better)
	t.Log(share)
	if worse > starts/5 || worse > better+starts/20 {
		t.Error(share)
	}
}

// TestLongestFits: no start takes many times the alternations of the others. Where steps
// were not made shorter after one that was taken back, the worst here took 282.
func TestLongestFits(t *testing.T) {
	worst, total, fits := 0, 0, 0
	for seed := range uint64(12) {
		for _, tc := range [][2]int{{16, 5}, {8, 10}, {12, 8}} {
			rng := rand.New(rand.NewPCG(seed, 5))
			x, y := rounded(rng, tc[0], tc[1]), rounded(rng, tc[0], tc[1])
			start, aligned := orthogonal(rng, tc[1]), mat.NewDense(tc[1], tc[1], nil)
			g := metrics.Gaussian{Alpha: 0.2, Neurons: tc[1], MaxIter: 5000, Tol: 1e-8}
			fit, err := g.Fit(context.Background(), aligned, x, y, false, []*mat.Dense{start})
			if err != nil || !fit.Converged {
				t.Fatal(err)
			}
			worst, total, fits = max(worst, len(fit.Loss)), total+len(fit.Loss), fits+1
		}
	}
	if mean := total / fits; worst > 100 || mean > 40 {
		t.Errorf("%d alternations at worst, %d in the mean", worst, mean)
	}
}
