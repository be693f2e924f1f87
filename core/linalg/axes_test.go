package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// A singular value of 1e-6 of the largest keeps two digits in the Gram matrix: whitened
// columns are orthonormal all the same.
func TestWhiteningResolvesSmallDirections(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0))
	for _, shape := range [][2]int{{40, 6}, {5, 9}} {
		m, n := shape[0], shape[1]
		x := random(rng, m, n)
		for i := range m {
			for j := range n {
				x.Set(i, j, x.At(i, j)*math.Pow(10, -float64(min(j, 6))))
			}
		}
		for _, unit := range []float64{1e-8, 1, 1e8} {
			var scaled, gram mat.Dense
			scaled.Scale(unit, x)
			xz, z := mat.NewDense(m, n, nil), mat.NewDense(n, n, nil)
			if err := (Whitening{}).Apply(xz, z, &scaled, false); err != nil {
				t.Fatal(err)
			}
			gram.Mul(xz.T(), xz)
			var squared mat.Dense
			squared.Mul(&gram, &gram)
			if !mat.EqualApprox(&squared, &gram, 1e-9) {
				t.Errorf("%d x %d: the whitened columns span no projection", m, n)
			}
			if rank := mat.Trace(&gram); math.Abs(rank-float64(min(m, n))) > 1e-9 {
				t.Errorf("%d x %d: trace %v, want the rank", m, n, rank)
			}
		}
	}
}

func TestMagnitude(t *testing.T) {
	for _, tc := range []struct {
		norm float64
		n    int
		want float64
	}{{0, 3, 1}, {4, 4, 1}, {8e-8, 4, 1e-8 * 10}, {30, 1, 10}, {6e9, 9, 1e9}} {
		if got := Magnitude(tc.norm, tc.n); math.Abs(got-tc.want) > 1e-12*tc.want {
			t.Errorf("Magnitude(%v, %d) = %v, want %v", tc.norm, tc.n, got, tc.want)
		}
	}
}

func TestNorm(t *testing.T) {
	for _, scale := range []float64{0, 1, 1e-200, 1e200, 1e-320} {
		whole := mat.NewDense(3, 4, []float64{1, 2, 3, 9, 4, 5, 6, 9, 7, 8, 9, 9})
		whole.Scale(scale, whole)
		x := whole.Slice(0, 3, 0, 3).(*mat.Dense)
		if got, want := Norm(x), scale*math.Sqrt(285); math.Abs(got-want) > 1e-14*want+2e-323 {
			t.Errorf("scale %v: %v, want %v", scale, got, want)
		}
	}
}
