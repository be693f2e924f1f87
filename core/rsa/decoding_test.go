package rsa

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// runs returns normal noise in a design of n conditions in folds, and patterns times a
// strength.
func runs(n, folds, p int, strength float64) (*mat.Dense, Design) {
	rng := rand.New(rand.NewPCG(5, uint64(p)))
	patterns := mat.NewDense(n, p, nil)
	for k := range patterns.RawMatrix().Data {
		patterns.RawMatrix().Data[k] = strength * rng.NormFloat64()
	}
	x, design := mat.NewDense(n*folds, p, nil), Design{Conditions: n, Folds: folds}
	for o := range n * folds {
		design.Condition = append(design.Condition, int64(o%n))
		design.Fold = append(design.Fold, int64(o/n))
		for j := range p {
			x.Set(o, j, patterns.At(o%n, j)+rng.NormFloat64())
		}
	}
	return x, design
}

// TestNearestMeans compares with loops over pairs and observations.
func TestNearestMeans(t *testing.T) {
	const n, folds, p = 4, 5, 6
	x, design := runs(n, folds, p, 0.7)
	distance := func(o, c int) float64 { // to the mean of a condition in other folds
		var square float64
		for j := range p {
			var mean float64
			for q := range n * folds {
				if int(design.Condition[q]) == c && design.Fold[q] != design.Fold[o] {
					mean += x.At(q, j) / (folds - 1)
				}
			}
			square += (x.At(o, j) - mean) * (x.At(o, j) - mean)
		}
		return square
	}
	got := rdmOf(t, x, Dissimilarity{Measure: Centroids}, design)
	for i, k := 0, 0; i < n; i++ {
		for j := i + 1; j < n; j, k = j+1, k+1 {
			var right float64
			for o := range n * folds {
				switch c := int(design.Condition[o]); {
				case c == i && distance(o, i) < distance(o, j):
					right++
				case c == j && distance(o, j) < distance(o, i):
					right++
				}
			}
			if want := right / (2 * folds); math.Abs(got[k]-want) > 1e-12 {
				t.Errorf("pair %d: got %v, want %v", k, got[k], want)
			}
		}
	}
}

// TestDiscriminants is of features that depend on each other: their difference tells
// conditions apart, which nearest means cannot. In Python it is compared with others.
func TestDiscriminants(t *testing.T) {
	x, design := runs(3, 10, 2, 0)
	for o := range 30 {
		noise, signal := 12*x.At(o, 0), 4*float64(design.Condition[o])
		x.Set(o, 0, noise+signal)
		x.Set(o, 1, noise-signal+x.At(o, 1))
	}
	got := rdmOf(t, x, Dissimilarity{Measure: Decoding}, design)
	near := rdmOf(t, x, Dissimilarity{Measure: Centroids}, design)
	for k, v := range got {
		if v < near[k]+0.1 || v < 0.75 {
			t.Errorf("pair %d: %v, and %v of nearest means", k, v, near[k])
		}
	}
}

// TestWeights compares products of features with those of observations.
func TestWeights(t *testing.T) {
	const n, folds, p = 3, 10, 7
	x, design := runs(n, folds, p, 1)
	var arena cmem.Arena
	defer arena.Free()
	b := newBuilder(&arena, Dissimilarity{Measure: Decoding}, n, folds, p)
	if err := b.start(n*folds, p, design); err != nil {
		t.Fatal(err)
	}
	d := &decoder{builder: b, x: x, test: make([]int, n*folds), train: make([]int, n*folds),
		start: make([]int, n+1)}
	d.split(4)
	made, err := discriminant(d, &arena)
	if err != nil {
		t.Fatal(err)
	}
	c := made.(*lda)
	c.gram = make([]float64, 900)
	for k := range n {
		c.learn(k)
	}
	if err := c.solve(0, 2); err != nil { // by features
		t.Fatal(err)
	}
	want := slices.Clone(c.weights)
	floats.SubTo(c.weights, c.row(c.means, 2), c.row(c.means, 0))
	floats.AddTo(c.scale, c.row(c.targets, 0), c.row(c.targets, 2))
	floats.Scale(0.5, c.scale)
	if err := c.solveWide(c.scaled[:2*(folds-1)*p]); err != nil {
		t.Fatal(err)
	}
	for j, v := range want {
		if math.Abs(c.weights[j]-v) > 1e-10 {
			t.Errorf("feature %d: %v by observations, %v by features", j, c.weights[j], v)
		}
	}
}

func TestTooFewToClassify(t *testing.T) {
	x, design := runs(3, 3, 4, 1)
	dst := mat.NewDense(1, 3, nil)
	d := Dissimilarity{Measure: Decoding}
	err := RDMs(context.Background(), dst, []*mat.Dense{x}, d, []Design{design})
	if !errors.Is(err, core.ErrInvalid) {
		t.Errorf("two observations to learn from: %v", err)
	}
}

// TestCovariancesOfFolds compares noise of each fold that is the same with responses that
// were whitened.
func TestCovariancesOfFolds(t *testing.T) {
	const p = 3
	x, design := runs(4, 3, p, 1)
	covariance := mat.NewDense(p, p, []float64{4, 1, 0, 1, 2, 0.5, 0, 0.5, 1})
	variances := []float64{4, 2, 1}
	white := mat.DenseCopyOf(x)
	root := mat.DenseCopyOf(covariance).RawMatrix().Data
	if !factor(root, variances) {
		t.Fatal(errSingular)
	}
	solve(white.RawMatrix().Data, root, p)
	want := rdmOf(t, white, Dissimilarity{Measure: Crossnobis}, design)
	design.Covariances = []*mat.Dense{covariance, covariance, covariance}
	got := rdmOf(t, x, Dissimilarity{Measure: Crossnobis}, design)
	for k := range want {
		if math.Abs(got[k]-want[k]) > 1e-12 {
			t.Errorf("pair %d: got %v, want %v", k, got[k], want[k])
		}
	}
}
