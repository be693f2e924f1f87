package linalg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

func TestRational(t *testing.T) {
	for _, ratio := range []float64{2, 3, 10, 1e3, 1e6, 1e9, 1e14} {
		for _, lower := range []float64{1e-14, 1} {
			var r rational
			if !r.fit(lower, ratio*lower) {
				t.Fatalf("ratio %g: refused", ratio)
			}
			for i := range 1001 {
				x := lower * math.Pow(ratio, float64(i)/1000)
				var sum float64
				for k := range r.count {
					sum += r.weight[k] / (x + r.node[k])
				}
				if e := math.Abs(sum*math.Sqrt(x) - 1); !(e < 5e-15) {
					t.Fatalf("ratio %g: x^(-1/2) at %g is off by %g", ratio, x, e)
				}
			}
		}
	}
	var r rational
	for _, ratio := range []float64{1e18, math.Inf(1), math.NaN()} {
		if r.fit(1, ratio) {
			t.Errorf("ratio %g: accepted", ratio)
		}
	}
}

// reduced returns a workspace that reduced a matrix with the given singular values
// times scale, the matrix, and what the reduction said.
func reduced(
	t *testing.T, arena *cmem.Arena, s []float64, scale float64,
) (tri *Tridiagonal, c *mat.Dense, sum float64, ok bool) {
	t.Helper()
	n := len(s)
	c = withSpectrum(rand.New(rand.NewPCG(7, uint64(n))), n+3, s)
	c.Scale(scale, c)
	tri = NewTridiagonal(arena, 2*n, n)
	if err := arena.Err(); err != nil {
		t.Fatal(err)
	}
	sum, ok = tri.Norm(c.RawMatrix().Data, n+3, n, AnyBound)
	return tri, c, sum, ok
}

// TestTridiagonalNorm compares sums over poles with singular values, and their bound
// with that of eigenvalues.
func TestTridiagonalNorm(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 15, 16, 17, 48, 70} {
		for name, s := range spectra(n) {
			if sum(s) == 0 {
				continue // TestTridiagonalRefuses
			}
			for _, scale := range []float64{1e-130, 1, 1e130} {
				t.Run(fmt.Sprintf("%s %d %g", name, n, scale), func(t *testing.T) {
					var arena cmem.Arena
					defer arena.Free()
					tri, _, got, ok := reduced(t, &arena, s, scale)
					if !ok {
						t.Fatal("refused")
					}
					want := scale * sum(s)
					// The error that sqrtSum allows eigenvalues of a Gram matrix.
					largest, w := s[0], make([]float64, n)
					for i, v := range s {
						largest, w[i] = max(largest, v), v*v
					}
					_, bound := sqrtSum(w, gramError(n+3, largest*largest))
					if !(math.Abs(got-want) <= scale*bound+1e-14*want) {
						t.Errorf("got %v, want %v, beyond %v", got, want, scale*bound)
					}
					if name == "flat" && !tri.rooted {
						t.Error("no poles")
					}
					if name == "deficient" && n > 1 && !math.IsInf(tri.Loss(), 1) {
						t.Errorf("poles for a singular matrix")
					}
				})
			}
		}
	}
}

// TestTridiagonalAsksAboutTheSmallerBound holds that what eigenvalues certify is
// certified although the bound of poles is a little larger.
func TestTridiagonalAsksAboutTheSmallerBound(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	tri, c, _, _ := reduced(t, &arena, spectra(50)["steep"], 1)
	bounds := []float64{}
	tri.Norm(c.RawMatrix().Data, 53, 50, func(_, bound float64) bool {
		bounds = append(bounds, bound)
		return false
	})
	if len(bounds) == 0 || len(bounds) == 2 && !(bounds[1] <= bounds[0]) {
		t.Errorf("bounds %v, want that of poles, if any, and a smaller one", bounds)
	}
}

func TestTridiagonalRefuses(t *testing.T) {
	for name, scale := range map[string]float64{
		"zero": 0, "NaN": math.NaN(), "infinite": math.Inf(1), "too small": 1e-160, "too large": 1e160,
	} {
		var arena cmem.Arena
		if _, _, got, ok := reduced(t, &arena, spectra(5)["flat"], scale); ok {
			t.Errorf("%s: accepted, with norm %v", name, got)
		}
		arena.Free()
	}
}

// TestInverseRoot multiplies T by its inverse root twice.
func TestInverseRoot(t *testing.T) {
	for _, n := range []int{1, 2, 15, 16, 17, 33, 70} {
		for _, name := range []string{"flat", "clustered", "decaying"} {
			var arena cmem.Arena
			s := spectra(n)["flat"]
			for i := range s {
				switch name {
				case "clustered": // couplings that vanish
					s[i] = 1 + float64(i/3)
				case "decaying":
					s[i] = math.Pow(10, -3*float64(i)/float64(n))
				}
			}
			tri, _, _, _ := reduced(t, &arena, s, 1)
			if math.IsInf(tri.Loss(), 1) {
				t.Fatalf("%s %d: no poles", name, n)
			}
			root := mat.NewDense(n, n, nil)
			tri.inverseRoot(root.RawMatrix().Data, make([]float64, maxPoles*n))
			want, product := mat.NewDense(n, n, nil), new(mat.Dense)
			whole := mat.NewDense(n, n, nil)
			for i := range n {
				want.Set(i, i, 1)
				whole.Set(i, i, tri.d[i])
				if i < n-1 {
					whole.Set(i, i+1, tri.e[i])
					whole.Set(i+1, i, tri.e[i])
				}
			}
			product.Product(root, whole, root)
			product.Sub(product, want)
			// T^(-1/2) T T^(-1/2) is I up to roundings of T over its smallest eigenvalue.
			tol := 20 * eps * math.Pow(s[0]/s[n-1]+s[n-1]/s[0], 2)
			if d := mat.Norm(product, 2); !(d <= tol*float64(n)) {
				t.Errorf("%s %d: off by %g", name, n, d)
			}
			if !mat.EqualApprox(root, root.T(), 0) {
				t.Errorf("%s %d: not symmetric", name, n)
			}
			arena.Free()
		}
	}
}

// TestPolarTakesSpectrum compares the polar factor after a reduction with that of Factor.
func TestPolarTakesSpectrum(t *testing.T) {
	for _, n := range []int{1, 2, 16, 50} {
		for _, scale := range []float64{1e-100, 1, 1e100} {
			var arena cmem.Arena
			tri, c, _, _ := reduced(t, &arena, spectra(n)["flat"], scale)
			polar := NewPolar(&arena, n+3, n)
			got, want := mat.NewDense(n+3, n, nil), mat.NewDense(n+3, n, nil)
			if !polar.TakeSpectrum(tri) || !polar.FromSpectrum(got.RawMatrix().Data, c.RawMatrix().Data, n+3, n) {
				t.Fatalf("%d, scale %g: refused", n, scale)
			}
			if _, _, err := polar.Factor(want.RawMatrix().Data, c.RawMatrix().Data, n+3, n, AnyBound); err != nil {
				t.Fatal(err)
			}
			if !mat.EqualApprox(got, want, 1e-12) {
				t.Errorf("%d, scale %g: another polar factor", n, scale)
			}
			arena.Free()
		}
	}
}
