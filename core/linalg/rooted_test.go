package linalg

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// TestRootedKeepsItsBound compares with the polar factor by singular vectors.
func TestRootedKeepsItsBound(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 16, 31, 60} {
		for name, s := range spectra(n) {
			for _, scale := range []float64{1e-70, 1, 1e70} {
				t.Run(fmt.Sprintf("%s %d %g", name, n, scale), func(t *testing.T) {
					checkRootedBound(t, name, s, scale)
				})
			}
		}
	}
}

func checkRootedBound(t *testing.T, name string, s []float64, scale float64) {
	const rows = 33
	var arena cmem.Arena
	defer arena.Free()
	rng := rand.New(rand.NewPCG(5, 0))
	n := len(s)
	tri, c, _, ok := reduced(t, &arena, s, scale)
	if !ok || math.IsInf(tri.Loss(), 1) {
		if name == "flat" {
			t.Fatal("refused")
		}
		return
	}
	rooted, polar := NewRooted(&arena, n), NewPolar(&arena, n+3, n)
	b, a := random(rng, rows, n+3), random(rng, rows, n)
	var bc, bq mat.Dense
	bc.Mul(b, c)
	rooted.Reset(tri)
	pair, scratch := make([]float64, 2*10*n), make([]float64, 10*n)
	for i := 0; i < rows; i += 10 {
		k := min(10, rows-i)
		copy(pair, mat.DenseCopyOf(bc.Slice(i, i+k, 0, n)).RawMatrix().Data)
		copy(pair[k*n:], mat.DenseCopyOf(a.Slice(i, i+k, 0, n)).RawMatrix().Data)
		rooted.Add(pair[:2*k*n], scratch, k)
	}
	got, bound := rooted.Sum()
	q := mat.NewDense(n+3, n, nil)
	if _, err := polar.BySVD(q.RawMatrix().Data, mat.DenseCopyOf(c).RawMatrix().Data, n+3, n); err != nil {
		t.Fatal(err)
	}
	bq.Mul(b, q)
	bq.MulElem(&bq, a)
	want, norms := mat.Sum(&bq), mat.Norm(a, 2)*mat.Norm(b, 2)
	if bound > 1e-3*norms {
		return // the bound is of first order: a large one only says that all is lost
	}
	if !(math.Abs(got-want) <= bound+1e-12*norms) {
		t.Errorf("got %v, want %v, which is beyond the bound %v", got, want, bound)
	}
	if name == "flat" && bound > 1e-9 {
		t.Errorf("the bound is %v", bound)
	}
	if loss := tri.Loss() * norms; name == "flat" && (loss > 10*bound || bound > 10*loss) {
		t.Errorf("estimated a loss of %v, and the bound is %v", loss, bound)
	}
}
