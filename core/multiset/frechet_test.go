package multiset_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/multiset"
	"netrep_go/core/optimize"
)

// turned returns x times a random rotation.
func turned(rng *rand.Rand, x *mat.Dense) *mat.Dense {
	_, n := x.Dims()
	var qr mat.QR
	qr.Factorize(random(rng, n, n))
	var q, y mat.Dense
	qr.QTo(&q)
	y.Mul(x, &q)
	return &y
}

func meanOf(t *testing.T, xs []*mat.Dense, opts multiset.FrechetOptions) (*mat.Dense, multiset.FrechetResult) {
	t.Helper()
	m, n := xs[0].Dims()
	mean := mat.NewDense(m, n, nil)
	result, err := multiset.FrechetMean(context.Background(), mean, xs, opts)
	if err != nil {
		t.Fatal(err)
	}
	return mean, result
}

func TestFrechetMeanOfCopiesIsTheirShape(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 0))
	for _, shape := range [][2]int{{70, 5}, {64, 64}, {10, 23}} {
		x := random(rng, shape[0], shape[1])
		xs := []*mat.Dense{x, turned(rng, x), turned(rng, x)}
		for _, streaming := range []bool{false, true} {
			mean, result := meanOf(t, xs, multiset.FrechetOptions{Streaming: streaming, MaxIter: 50, Tol: 1e-9, Seed: 1})
			var gram, want mat.Dense
			gram.Mul(mean, mean.T())
			want.Mul(x, x.T())
			if !mat.EqualApprox(&gram, &want, 1e-9) {
				t.Errorf("%v: the mean has another shape", shape)
			}
			if result.Iterations > 2 || result.Change > 1e-9 {
				t.Errorf("%v: %+v", shape, result)
			}
		}
	}
}

func TestAlignAllKeepsTheShapeAndFindsTheRotation(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 0))
	for _, shape := range [][2]int{{40, 5}, {10, 23}} {
		target := random(rng, shape[0], shape[1])
		narrow := random(rng, shape[0], 3)
		dst := mat.NewDense(2*shape[0], shape[1], nil)
		err := multiset.AlignAll(context.Background(), dst, target, []*mat.Dense{turned(rng, target), narrow}, optimize.Orthogonal)
		if err != nil {
			t.Fatal(err)
		}
		if !mat.EqualApprox(dst.Slice(0, shape[0], 0, shape[1]), target, 1e-10) {
			t.Errorf("%v: the copy was not turned back", shape)
		}
		second := dst.Slice(shape[0], 2*shape[0], 0, shape[1])
		if math.Abs(mat.Norm(second, 2)-mat.Norm(narrow, 2)) > 1e-10 {
			t.Errorf("%v: alignment changed the norm", shape)
		}
	}
}

func TestFrechetMeanErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 0))
	fine := random(rng, 20, 3)
	for want, xs := range map[string][]*mat.Dense{
		"at least one network":      nil,
		"network 1 has 10 samples":  {fine, random(rng, 10, 3)},
		"network 1 has 4 features":  {fine, random(rng, 20, 4)},
		"max_iter must be at least": {fine},
	} {
		_, err := multiset.FrechetMean(context.Background(), mat.NewDense(20, 3, nil), xs, multiset.FrechetOptions{})
		if !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestFrechetMeanStopsWhenCancelled(t *testing.T) {
	words := [core.ControlWords]int64{2: 1}
	x := mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 7})
	_, err := multiset.FrechetMean(core.NewJob(&words), mat.NewDense(3, 2, nil), []*mat.Dense{x, x}, multiset.FrechetOptions{MaxIter: 3})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestKMeansFindsClusters(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 0))
	a, b := random(rng, 30, 4), random(rng, 30, 4)
	xs := []*mat.Dense{a, b, turned(rng, a), turned(rng, b), turned(rng, a)}
	apart := mat.NewDense(5, 5, nil) // says nothing, so that all begin in one cluster
	centroids, dists := mat.NewDense(60, 4, nil), mat.NewDense(2, 5, nil)
	labels := make([]int64, 5)
	result, err := multiset.KMeans(context.Background(), centroids, dists, labels, xs, apart, multiset.KMeansOptions{MaxIter: 20, Restarts: 2})
	if err != nil || !result.Converged || result.Inertia > 1e-16 {
		t.Fatalf("%+v, %v", result, err)
	}
	for i, label := range labels {
		if label != labels[i%2] {
			t.Errorf("labels %v", labels)
		}
		if d := dists.At(int(label), i); d > 1e-10 {
			t.Errorf("network %d is %v from its centroid", i, d)
		}
	}
}

func TestKMeansErrors(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 7})
	wide := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 7})
	opts := multiset.KMeansOptions{MaxIter: 1, Restarts: 1}
	for want, call := range map[string]func() error{
		"n_clusters must be between 1 and": func() error {
			return kMeans(mat.NewDense(6, 2, nil), mat.NewDense(2, 1, nil), x, opts)
		},
		"more features than samples": func() error {
			return kMeans(mat.NewDense(2, 3, nil), mat.NewDense(1, 1, nil), wide, opts)
		},
		"at least 1, got 0 and 0": func() error {
			return kMeans(mat.NewDense(3, 2, nil), mat.NewDense(1, 1, nil), x, multiset.KMeansOptions{})
		},
	} {
		if err := call(); !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func kMeans(centroids, dists, x *mat.Dense, opts multiset.KMeansOptions) error {
	_, err := multiset.KMeans(context.Background(), centroids, dists, make([]int64, 1), []*mat.Dense{x}, mat.NewDense(1, 1, nil), opts)
	return err
}
