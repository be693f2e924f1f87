package capacity

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/optimize"
)

// gaussianPoints returns manifolds of one sample each.
func gaussianPoints(seed uint64, m, n int) *mat.Dense {
	rng := rand.New(rand.NewPCG(seed, 0))
	x := mat.NewDense(m, n, nil)
	for i := range m {
		for j := range n {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

func ones(n int) []int64 {
	sizes := make([]int64, n)
	for i := range sizes {
		sizes[i] = 1
	}
	return sizes
}

// cover is the fraction of labelings of m points that planes through the origin
// of n dimensions separate (Cover, 1965).
func cover(m, n int) float64 {
	p, term := 0.0, math.Ldexp(1, 1-m)
	for k := range min(n, m) {
		p += term
		term *= float64(m-1-k) / float64(k+1)
	}
	return p
}

// Points in general position, whatever their number of dimensions, in all of the
// ways of choosing features: Cover's fractions.
func TestSearchOfPoints(t *testing.T) {
	const m, n = 20, 30
	for _, features := range []Features{Projected, Sampled, First} {
		for _, bias := range []bool{false, true} {
			d := Direct{Points: gaussianPoints(1, m, n), Sizes: ones(m), Labels: Independent, Features: features, Bias: bias, Seed: 3}
			curve := Separability{make([]float64, n), make([]int64, n)}
			if err := d.Search(context.Background(), curve, SearchOptions{Step: 10, Precision: 1, Tolerance: 0.02}); err != nil {
				t.Fatal(err)
			}
			for i, f := range curve.Fraction {
				dimensions := i + 1
				if bias {
					dimensions++
				}
				p := cover(m, dimensions)
				if sd := math.Sqrt(p * (1 - p) / float64(curve.Attempts[i])); curve.Attempts[i] > 0 && math.Abs(f-p) > 4*sd+1e-9 {
					t.Errorf("features %d, bias %t, n = %d: %g of %d, want %g", features, bias, i+1, f, curve.Attempts[i], p)
				}
			}
		}
	}
}

// The faces of the cone over points are counted by the binomial distribution.
func TestFacesOfPoints(t *testing.T) {
	const m, n, draws = 12, 20, 4000
	for _, bias := range []bool{false, true} {
		d := Direct{Points: gaussianPoints(2, m, n), Sizes: ones(m), Labels: Independent, Bias: bias, Seed: 3}
		faces := make([]int64, draws)
		if err := d.Faces(context.Background(), faces); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= m; n++ {
			var below, all, trivial float64
			for _, k := range faces {
				switch {
				case k == Trivial:
					trivial++
				case k < 0:
					t.Fatalf("face %d of independent points", k)
				case int(k)%2 == (n-1)%2:
					all++
					if int(k) <= n-1 {
						below++
					}
				}
			}
			dimensions := n
			if bias {
				dimensions++
			}
			got := trivial/draws + (1-trivial/draws)*below/all
			if want := cover(m, dimensions); math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/all)+1e-9 {
				t.Errorf("bias %t: p(%d) = %g, want %g", bias, n, got, want)
			}
		}
	}
}

// Too few features leave dichotomies inseparable, of which there are as many as
// Cover says.
func TestInseparableFaces(t *testing.T) {
	const m, n, draws = 14, 5, 2000
	for _, bias := range []bool{false, true} {
		d := Direct{Points: gaussianPoints(4, m, n), Sizes: ones(m), Labels: Independent, Bias: bias, Seed: 5}
		faces := make([]int64, draws)
		if err := d.Faces(context.Background(), faces); err != nil {
			t.Fatal(err)
		}
		separable, dimensions := 0.0, n
		for _, k := range faces {
			if k != Inseparable {
				separable++
			}
		}
		if bias {
			dimensions++
		}
		want := cover(m, dimensions)
		if got := separable / draws; math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/draws) {
			t.Errorf("bias %t: %g are separable, want %g", bias, got, want)
		}
	}
}

// Touching objects are not separable, nor are those that share a point.
func TestTouchingObjects(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{0, 0, 2, 0, 1, 0, 1, 1})
	var arena cmem.Arena
	defer arena.Free()
	s, points := newSeparator(&arena, 4), optimize.NewPoints(&arena, 4, 2)
	points.Set(x.RawMatrix())
	for _, v := range []struct {
		labels []float64
		want   bool
	}{
		{[]float64{1, 1, -1, -1}, false},
		{[]float64{1, -1, 1, -1}, true},
		{[]float64{1, 1, 1, -1}, true},
		{[]float64{-1, -1, -1, -1}, true},
	} {
		if got := s.separable(points, v.labels, true); got != v.want {
			t.Errorf("%v: separable is %t", v.labels, got)
		}
	}
	x.Set(3, 0, 1)
	x.Set(3, 1, 0)
	points.Set(x.RawMatrix())
	if s.separable(points, []float64{1, 1, 1, -1}, true) {
		t.Error("a point is separable from itself")
	}
}

func BenchmarkSeparable(b *testing.B) {
	for _, v := range [][2]int{{480, 240}, {480, 200}, {480, 280}, {1920, 128}, {1920, 960}} {
		b.Run(fmt.Sprint(v[0], "_", v[1]), func(b *testing.B) {
			var arena cmem.Arena
			defer arena.Free()
			s, points := newSeparator(&arena, v[0]), optimize.NewPoints(&arena, v[0], v[1])
			d := Direct{Sizes: ones(v[0]), Labels: Independent}
			labels, order := make([]float64, v[0]), make([]int, v[0])
			yes, total := 0, 0
			for b.Loop() {
				b.StopTimer()
				points.Set(gaussianPoints(uint64(total), v[0], v[1]).RawMatrix())
				d.draw(labels, order, d.rng(0, total), 0)
				total++
				b.StartTimer()
				if s.separable(points, labels, true) {
					yes++
				}
			}
			b.ReportMetric(float64(yes)/float64(total), "separable")
		})
	}
}
