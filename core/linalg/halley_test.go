package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// graded returns an m x n matrix with singular values from 1 down to smallest,
// times scale, and its polar factor.
func graded(rng *rand.Rand, m, n int, smallest, scale float64) (c, q *mat.Dense) {
	orthonormal := func(rows int) *mat.Dense {
		x := mat.NewDense(rows, n, nil)
		for i := range rows {
			for j := range n {
				x.Set(i, j, rng.NormFloat64())
			}
		}
		var qr mat.QR
		qr.Factorize(x)
		var full mat.Dense
		qr.QTo(&full)
		return mat.DenseCopyOf(full.Slice(0, rows, 0, n))
	}
	u, v := orthonormal(m), orthonormal(n)
	c, q = mat.NewDense(m, n, nil), mat.NewDense(m, n, nil)
	q.Mul(u, v.T())
	for j := range n {
		s := scale * math.Pow(smallest, float64(j)/float64(max(1, n-1)))
		for i := range m {
			u.Set(i, j, s*u.At(i, j))
		}
	}
	c.Mul(u, v.T())
	return c, q
}

func TestHalley(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{1, 1}, {2, 2}, {7, 3}, {40, 40}, {65, 64}} {
		for _, smallest := range []float64{1, 0.5, 1e-1, 1e-2} {
			for _, scale := range []float64{1e-70, 1, 1e70} {
				m, n := shape[0], shape[1]
				c, want := graded(rng, m, n, smallest, scale)
				var arena cmem.Arena
				h := NewHalley(&arena, m, n)
				got := make([]float64, m*n)
				if !h.Factor(got, c.RawMatrix().Data, m, n) {
					t.Fatalf("%v, sigma_n %g, scale %g: refused", shape, smallest, scale)
				}
				var difference mat.Dense
				difference.Sub(mat.NewDense(m, n, got), want)
				if d := mat.Norm(&difference, 2); d > 1e-11 {
					t.Errorf("%v, sigma_n %g, scale %g: off by %g", shape, smallest, scale, d)
				}
				arena.Free()
			}
		}
	}
}

func TestHalleyRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, scale := range map[string]float64{"singular": 1, "zero": 0, "NaN": math.NaN(), "too large": 1e200, "too small": 1e-200} {
		smallest := 1e-1
		if name == "singular" {
			smallest = 1e-9
		}
		c, _ := graded(rng, 6, 5, smallest, scale)
		var arena cmem.Arena
		if NewHalley(&arena, 6, 5).Factor(make([]float64, 30), c.RawMatrix().Data, 6, 5) {
			t.Errorf("%s: accepted", name)
		}
		arena.Free()
	}
}
