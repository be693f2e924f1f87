package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// TestAlignedKeepsItsBound compares with the polar factor by singular vectors.
func TestAlignedKeepsItsBound(t *testing.T) {
	for name, s := range spectra(31) {
		if name != "deficient" { // Spectrum refuses it, or finds rounding in place of zeros
			t.Run(name, func(t *testing.T) { checkAlignedBound(t, name, s) })
		}
	}
}

func checkAlignedBound(t *testing.T, name string, s []float64) {
	const m, rows = 40, 33
	rng := rand.New(rand.NewPCG(5, 0))
	n := len(s)
	var arena cmem.Arena
	defer arena.Free()
	polar, aligned := NewPolar(&arena, m, n), NewAligned(&arena, n)
	c, b, a := withSpectrum(rng, m, s), random(rng, rows, m), random(rng, rows, n)
	always := func(float64, float64) bool { return true }
	if _, ok := polar.Spectrum(c.RawMatrix().Data, m, n, always); !ok {
		return
	}
	var bc mat.Dense
	bc.Mul(b, c)
	scratch := make([]float64, 2*rows*n)
	for i := 0; i < rows; i += 10 {
		k := min(10, rows-i)
		left := mat.DenseCopyOf(bc.Slice(i, i+k, 0, n)).RawMatrix().Data
		right := mat.DenseCopyOf(a.Slice(i, i+k, 0, n)).RawMatrix().Data
		aligned.Add(polar, left, right, scratch, k, n)
	}
	got, bound := aligned.Sum(polar, n)
	q := mat.NewDense(m, n, nil)
	if _, err := polar.BySVD(q.RawMatrix().Data, mat.DenseCopyOf(c).RawMatrix().Data, m, n); err != nil {
		t.Fatal(err)
	}
	var bq mat.Dense
	bq.Mul(b, q)
	want := 0.0
	for i := range rows {
		for j := range n {
			want += bq.At(i, j) * a.At(i, j)
		}
	}
	scale := mat.Norm(a, 2) * mat.Norm(b, 2)
	if bound > 1e-3*scale {
		return // the bound is of first order: a large one only says that all is lost
	}
	if math.Abs(got-want) > bound+1e-12*scale {
		t.Errorf("got %v, want %v, which is beyond the bound %v", got, want, bound)
	}
	if name == "flat" && bound > 1e-9 {
		t.Errorf("the bound is %v", bound)
	}
}
