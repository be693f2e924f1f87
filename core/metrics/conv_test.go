package metrics

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

// TestConvolutionDistances compares the distances taken from products with
// those of the metrics that the products come from.
func TestConvolutionDistances(t *testing.T) {
	const m, n, shifts = 30, 5, 4
	rng := rand.New(rand.NewPCG(21, 0))
	draw := func() *mat.Dense {
		x := mat.NewDense(m, n, nil)
		for i := range m {
			for j := range n {
				x.Set(i, j, rng.NormFloat64())
			}
		}
		return x
	}
	x, y := draw(), draw()
	products := mat.NewDense(shifts*n, n, nil)
	want := map[bool][]float64{}
	for s := range shifts {
		rolled := mat.NewDense(m, n, nil)
		for i := range m {
			rolled.SetRow(i, x.RawRowView((i+s)%m))
		}
		c := products.Slice(s*n, (s+1)*n, 0, n).(*mat.Dense)
		c.Mul(rolled.T(), y)
		var svd mat.SVD
		svd.Factorize(c, mat.SVDNone)
		var nuclear float64
		for _, v := range svd.Values(nil) {
			nuclear += v
		}
		cols := make([]int64, n)
		if err := Match(cols, rolled, y); err != nil {
			t.Fatal(err)
		}
		var trace float64
		for i, j := range cols {
			trace += c.At(i, int(j))
		}
		scale := mat.Norm(x, 2) * mat.Norm(y, 2)
		want[false] = append(want[false], math.Acos(nuclear/scale))
		want[true] = append(want[true], math.Acos(trace/scale))
	}
	for matching, distances := range want {
		got := make([]float64, shifts)
		spec := ConvolutionSpec{Matching: matching, NormX: mat.Norm(x, 2), NormY: mat.Norm(y, 2)}
		if err := ConvolutionDistances(context.Background(), got, products, spec); err != nil {
			t.Fatal(err)
		}
		for s := range got {
			if math.Abs(got[s]-distances[s]) > 1e-9 {
				t.Errorf("matching %v, shift %d: got %v, want %v", matching, s, got[s], distances[s])
			}
		}
	}
	err := ConvolutionDistances(context.Background(), make([]float64, shifts), products, ConvolutionSpec{NormX: 1})
	if !errors.Is(err, core.ErrInvalid) {
		t.Errorf("a norm of zero gave %v", err)
	}
}
