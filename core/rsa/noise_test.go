package rsa

import (
	"context"
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

// A covariance that is given and the same one of residuals are one noise, and no noise
// is that of the identity.
func TestNoiseIsGivenOrEstimated(t *testing.T) {
	x, balls := volume(6)
	models := randomModels(2, 6)
	residuals, _ := volume(90)
	run := func(noise *Noise) []float64 {
		dst, used := mat.NewDense(60, 2, nil), make([]int64, 60)
		measured := Measured{Responses: x, Design: Design{Conditions: 6},
			Dissimilarity: Dissimilarity{Measure: SquaredEuclidean}, Noise: noise}
		err := Searchlights(context.Background(), dst, used, measured, balls, Comparison{}, models)
		if err != nil {
			t.Fatal(err)
		}
		return dst.RawMatrix().Data
	}
	centered := mat.NewDense(90, 60, residuals.Doubles)
	for j := range 60 {
		column := mat.Col(nil, j, centered)
		mean := mat.Sum(mat.NewVecDense(90, column)) / 90
		for i, v := range column {
			centered.Set(i, j, v-mean)
		}
	}
	covariance, identity := mat.NewDense(60, 60, nil), mat.NewDense(60, 60, nil)
	covariance.Mul(centered.T(), centered)
	covariance.Scale(1./89, covariance)
	for j := range 60 {
		identity.Set(j, j, 1)
	}
	for name, pair := range map[string][2]*Noise{
		"covariance": {
			{Covariance: covariance}, {Residuals: residuals, Freedom: 89, Shrinkage: Full},
		},
		"identity": {{Covariance: identity}, nil},
	} {
		want := run(pair[1])
		for k, v := range run(pair[0]) {
			if math.Abs(v-want[k]) > 1e-9 {
				t.Errorf("%s: score %d is %v, want %v", name, k, v, want[k])
			}
		}
	}
}

// The noise of folds needs the fold of each row, sorted, two rows or more of each.
func TestNoiseIsCutByFolds(t *testing.T) {
	residuals, _ := volume(6)
	for _, group := range [][]int64{nil, {}, {0, 0, 1, 1, 2}, {0, 0, 0, 0, 1, 2}, {1, 1, 1, 0, 0, 0}} {
		each, err := (&Noise{Residuals: residuals, Group: group}).Cut(3)
		if !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%v: %d folds, error %v", group, len(each), err)
		}
	}
	each, err := (&Noise{Residuals: residuals, Group: []int64{0, 0, 1, 1, 2, 2}}).Cut(3)
	if err != nil || len(each) != 3 || each[2].Residuals.Rows != 2 {
		t.Errorf("%d folds, error %v", len(each), err)
	}
}
