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
	rng := rand.New(rand.NewPCG(5, 0))
	const m, rows = 40, 33
	for name, s := range spectra(31) {
		if name == "deficient" {
			continue // Spectrum refuses it, or finds rounding in place of zeros
		}
		n := len(s)
		var arena cmem.Arena
		polar, aligned := NewPolar(&arena, m, n), NewAligned(&arena, n)
		c, b, a := withSpectrum(rng, m, s), random(rng, rows, m), random(rng, rows, n)
		always := func(float64, float64) bool { return true }
		if _, ok := polar.Spectrum(c.RawMatrix().Data, m, n, always); !ok {
			arena.Free()
			continue
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
		if math.Abs(got-want) > bound+1e-12*mat.Norm(a, 2)*mat.Norm(b, 2) {
			t.Errorf("%s: got %v, want %v, which is beyond the bound %v", name, got, want, bound)
		}
		if name == "flat" && bound > 1e-10 {
			t.Errorf("%s: the bound is %v", name, bound)
		}
		arena.Free()
	}
}
