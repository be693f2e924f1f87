package rsa

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/mat"
)

// onceEach returns a design in which each cell has one row, in random order.
func onceEach(n, folds int, rng *rand.Rand) Design {
	design := Design{Conditions: n, Folds: folds}
	for _, cell := range rng.Perm(n * max(1, folds)) {
		design.Condition = append(design.Condition, int64(cell%n))
		if folds > 0 {
			design.Fold = append(design.Fold, int64(cell/n))
		}
	}
	return design
}

// twice returns every row of x two times, and the design that averages them: cells of more
// than one row are loaded another way.
func twice(x *mat.Dense, design Design) (*mat.Dense, Design) {
	double := new(mat.Dense)
	double.Stack(x, x)
	design.Condition = slices.Repeat(design.Condition, 2)
	design.Fold = slices.Repeat(design.Fold, 2)
	return double, design
}

// TestOneRowOfEachCell compares rows that are gathered and centered at once with means of
// two equal ones, in any order of the rows, in one block of features and part of the
// conditions or more.
func TestOneRowOfEachCell(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 0))
	for k := range measures {
		if measures[k].classify != nil {
			continue
		}
		d, folds := Dissimilarity{Measure(k), 1, 0.1}, 0
		if measures[k].folds {
			folds = 3
		}
		for _, size := range [][2]int{{3, 1}, {3, 2}, {4, 255}, {5, 257}, {20, 3000}, {300, 40}} {
			n, p := size[0], size[1]
			if p == 1 && measures[k].flat != "" {
				continue
			}
			design := onceEach(n, folds, rng)
			x := randomResponses(len(design.Condition), p, 0)
			got := rdmOf(t, x, d, design)
			double, averaged := twice(x, design)
			want := rdmOf(t, double, d, averaged)
			for at, v := range got {
				if !scalar.EqualWithinAbsOrRel(v, want[at], 1e-13, 1e-11) {
					t.Fatalf("%v, %v, entry %d: got %v, want %v", d.Measure, size, at, v, want[at])
				}
			}
		}
	}
}

// TestNotFiniteAnywhere puts a response that is missing, infinite or too large in each row
// in turn: products show it, whichever it is.
func TestNotFiniteAnywhere(t *testing.T) {
	const n, p = 5, 300
	rng := rand.New(rand.NewPCG(9, 0))
	for _, d := range []Dissimilarity{
		{Measure: Cosine}, {Measure: Euclidean}, {Measure: SquaredEuclidean}, {Measure: Crossnobis},
	} {
		folds := 0
		if d.Measure == Crossnobis {
			folds = 2
		}
		design := onceEach(n, folds, rng)
		for o := range design.Condition {
			x := randomResponses(len(design.Condition), p, 0)
			column := rng.IntN(p)
			x.Set(o, column, math.NaN())
			// Without the feature, for the conditions that lack it.
			got, all := rdmOf(t, x, d, design), mat.DenseCopyOf(x)
			for row := range design.Condition {
				all.Set(row, column, 0)
			}
			want := rdmOf(t, all, d, design)
			for i, at := int64(0), 0; i < n; i++ {
				for j := i + 1; j < n; j, at = j+1, at+1 {
					lacks := design.Condition[o] == i || design.Condition[o] == j
					scale := map[Measure]float64{
						SquaredEuclidean: p / (p - 1.), Euclidean: math.Sqrt(p / (p - 1.)),
						Crossnobis: p / (p - 1.), Cosine: 1}[d.Measure]
					if lacks && !scalar.EqualWithinAbsOrRel(got[at], scale*want[at], 1e-12, 1e-12) {
						t.Fatalf("%v, row %d: got %v, want %v", d.Measure, o, got[at], want[at])
					}
				}
			}
			dst := mat.NewDense(1, Pairs(n), nil)
			for _, v := range []float64{math.Inf(1), math.Inf(-1), 1e200} {
				x.Set(o, column, v)
				err := RDMs(context.Background(), dst, []*mat.Dense{x}, d, []Design{design})
				infinite := fmt.Sprintf("the responses contain infinity, in row %d", o)
				if math.IsInf(v, 0) && (err == nil || err.Error() != infinite) ||
					!math.IsInf(v, 0) && !errors.Is(err, errRange) {
					t.Fatalf("%v, %v in row %d: got %v", d.Measure, v, o, err)
				}
			}
		}
	}
}

// TestNearbyBesideFar has two conditions that differ far below the rounding of what is
// subtracted from all: their distance is that of the data.
func TestNearbyBesideFar(t *testing.T) {
	const p = 30
	x := mat.NewDense(4, p, nil)
	want := 0.0
	for j := range p {
		x.Set(0, j, 1e-9*float64(j+1)/3)
		x.Set(1, j, 1e-9*float64(j+2)/3)
		x.Set(2, j, 1e3+float64(j)/7)
		x.Set(3, j, -1e3/3)
		difference := x.At(0, j) - x.At(1, j)
		want += difference * difference
	}
	got := rdmOf(t, x, Dissimilarity{Measure: SquaredEuclidean}, Design{Conditions: 4})[0]
	if !scalar.EqualWithinRel(got, want, 1e-14) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestHugeCommonResponses has means of features whose sum overflows, and no differences.
func TestHugeCommonResponses(t *testing.T) {
	x := mat.NewDense(4, 300, nil)
	for k := range x.RawMatrix().Data {
		x.RawMatrix().Data[k] = 1e306
	}
	got := rdmOf(t, x, Dissimilarity{Measure: SquaredEuclidean}, Design{Conditions: 4})
	if slices.ContainsFunc(got, func(v float64) bool { return v != 0 }) {
		t.Errorf("got %v, want zeros", got)
	}
}
