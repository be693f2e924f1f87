package metrics

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

func TestAlignedDistance(t *testing.T) {
	a := mat.NewDense(2, 2, []float64{1, 0, 0, 2})
	for _, tc := range []struct {
		name  string
		b     *mat.Dense
		rank  int
		score Score
		want  float64
	}{
		{"itself", a, 2, Angular, 0},
		{"its opposite", mat.NewDense(2, 2, []float64{-1, 0, 0, -2}), 2, Angular, math.Pi},
		{"a right angle", mat.NewDense(2, 2, []float64{0, 1, 1, 0}), 2, Angular, math.Pi / 2},
		{"a small angle", mat.NewDense(2, 2, []float64{1, math.Sqrt(5) * 1e-12, 0, 2}), 2, Angular, 1e-12},
		{"a distance", mat.NewDense(2, 2, []float64{1, 3, 4, 2}), 2, Euclidean, 5},
		// The second column adds nothing to the inner product: cos = 1 / 5.
		{"part of the columns", a, 1, Angular, math.Acos(0.2)},
		{"part of the columns", a, 1, Euclidean, math.Sqrt(8)},
		{"no columns", a, 0, Angular, math.Pi / 2},
	} {
		got, err := AlignedDistance(a, tc.b, tc.rank, tc.score)
		if err != nil || math.Abs(got-tc.want) > 1e-15*(1+tc.want) {
			t.Errorf("%s: got %v (error %v), want %v", tc.name, got, err, tc.want)
		}
	}
}

func TestAngleToNothingIsUndefined(t *testing.T) {
	a, zero := mat.NewDense(1, 2, []float64{1, 2}), mat.NewDense(1, 2, nil)
	if _, err := AlignedDistance(a, zero, 2, Angular); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("got %v, want an invalid argument", err)
	}
	if d, err := AlignedDistance(a, zero, 2, Euclidean); err != nil || math.Abs(d-math.Sqrt(5)) > 1e-15 {
		t.Errorf("got %v, %v, want the norm of the other", d, err)
	}
}

func TestLinearChecksItsOptions(t *testing.T) {
	for _, l := range []Linear{{Alpha: -0.1}, {Alpha: 1.1}, {Alpha: math.NaN()}, {Score: 7}} {
		if err := l.Check(); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%+v: got %v, want an invalid argument", l, err)
		}
	}
	if err := (Linear{Alpha: 1}).Check(); err != nil {
		t.Error(err)
	}
}

// TestAlignSquare aligns a square of points with its rotation by 30 degrees.
func TestAlignSquare(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{1, 0, 0, 1, -1, 0, 0, -1})
	c, s := math.Cos(math.Pi/6), math.Sin(math.Pi/6)
	var y, back mat.Dense
	y.Mul(x, mat.NewDense(2, 2, []float64{c, s, -s, c}))
	identity := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	wx, wy := mat.NewDense(2, 2, nil), mat.NewDense(2, 2, nil)
	rank, err := Align(wx, wy, x, &y, identity, identity)
	if err != nil || rank != 2 {
		t.Fatalf("rank %d, error %v", rank, err)
	}
	back.Product(&y, wy, wx.T())
	if !mat.EqualApprox(&back, x, 1e-14) {
		t.Errorf("the rotated square maps to %v", mat.Formatted(&back))
	}
}
