package multiset_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/metrics"
	"netrep_go/core/multiset"
)

func permutationDistances(t *testing.T, metric metrics.Permutation, single bool, train, test []*mat.Dense, workers int64) (dTrain, dTest *mat.Dense) {
	t.Helper()
	cohort, err := metrics.NewPermutationCohort(metric, single, train, test)
	if err != nil {
		t.Fatal(err)
	}
	defer cohort.Free()
	k := len(train)
	dTrain, dTest = mat.NewDense(k, k, nil), mat.NewDense(k, k, nil)
	job := core.NewJob(&[core.ControlWords]int64{3: workers})
	if err := multiset.PairwiseDistances(job, cohort, dTrain, dTest); err != nil {
		t.Fatal(err)
	}
	return dTrain, dTest
}

// matched pads, centers with the means of x and y, matches and scores one pair.
func matched(t *testing.T, score metrics.Score, x, y, xt, yt *mat.Dense) (train, test float64) {
	t.Helper()
	width := max(x.RawMatrix().Cols, y.RawMatrix().Cols)
	m, _ := x.Dims()
	means := [2][]float64{make([]float64, width), make([]float64, width)}
	x0, y0 := mat.NewDense(m, width, nil), mat.NewDense(m, width, nil)
	metrics.Center(means[0], x0, pad(x, width))
	metrics.Center(means[1], y0, pad(y, width))
	cols := make([]int64, width)
	if err := metrics.Match(cols, x0, y0); err != nil {
		t.Fatal(err)
	}
	distance := func(a, b *mat.Dense) float64 {
		rows, _ := a.Dims()
		left, right := mat.NewDense(rows, width, nil), mat.NewDense(rows, width, nil)
		left.Copy(pad(a, width))
		for i := range rows {
			for k, j := range cols {
				left.Set(i, k, left.At(i, k)-means[0][k])
				right.Set(i, k, pad(b, width).At(i, int(j))-means[1][j])
			}
		}
		d, err := metrics.AlignedDistance(left, right, width, score)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return distance(x, y), distance(xt, yt)
}

func TestPermutationCohortAgreesWithSinglePairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	var train, test []*mat.Dense
	for _, p := range []int{9, 6, 1, 9} {
		train, test = append(train, random(rng, 8, p)), append(test, random(rng, 5, p))
	}
	for _, score := range []metrics.Score{metrics.Angular, metrics.Euclidean} {
		metric := metrics.Permutation{Center: true, Score: score}
		dTrain, dTest := permutationDistances(t, metric, false, train, test, 1)
		single, singleTest := permutationDistances(t, metric, true, train, test, 3)
		if again, againTest := permutationDistances(t, metric, false, train, test, 3); !mat.Equal(dTrain, again) || !mat.Equal(dTest, againTest) {
			t.Error("three workers give other bits than one")
		}
		if !mat.EqualApprox(dTrain, single, 1e-5) || !mat.EqualApprox(dTest, singleTest, 1e-5) {
			t.Error("float32 products are off by more than 1e-5")
		}
		for i := range train {
			for j := range i {
				a, b := matched(t, score, train[i], train[j], test[i], test[j])
				if math.Abs(dTrain.At(i, j)-a) > 1e-12 || math.Abs(dTest.At(i, j)-b) > 1e-12 {
					t.Errorf("networks %d and %d: %v and %v, want %v and %v", i, j, dTrain.At(i, j), dTest.At(i, j), a, b)
				}
			}
		}
	}
}

func TestPermutedNeuronsAreAtZero(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	x := random(rng, 30, 12)
	y := mat.NewDense(30, 13, nil) // permuted, with a dead neuron
	for j, from := range rng.Perm(12) {
		for i := range 30 {
			y.Set(i, j+1, x.At(i, from))
		}
	}
	for _, score := range []metrics.Score{metrics.Angular, metrics.Euclidean} {
		d, dTest := permutationDistances(t, metrics.Permutation{Center: true, Score: score}, false, []*mat.Dense{x, y}, []*mat.Dense{x, y}, 2)
		if !(d.At(0, 1) < 1e-14 && dTest.At(0, 1) < 1e-14) {
			t.Errorf("score %d: %v and %v", score, d.At(0, 1), dTest.At(0, 1))
		}
	}
}
