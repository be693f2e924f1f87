package multiset_test

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/multiset"
	"netrep_go/core/optimize"
)

// angles is a cohort of points on a circle.
type angles []float64

func (a angles) Len() int                                { return len(a) }
func (a angles) Reserve(int) error                       { return nil }
func (a angles) Prepare(context.Context, int, int) error { return nil }

func (a angles) Distance(_ context.Context, _, i, j int) (train, test float64, err error) {
	return math.Abs(math.Remainder(a[i]-a[j], 360)), 0, nil
}

func ExamplePairwiseDistances() {
	d := mat.NewDense(3, 3, nil)
	err := multiset.PairwiseDistances(context.Background(), angles{0, 90, 350}, d, nil)
	fmt.Println(mat.Formatted(d), err)
	// Output:
	// ⎡  0   90   10⎤
	// ⎢ 90    0  100⎥
	// ⎣ 10  100    0⎦ <nil>
}

// The first two against the others.
func ExampleCrossDistances() {
	d := mat.NewDense(2, 3, nil)
	err := multiset.CrossDistances(context.Background(), angles{0, 90, 350, 180, 45}, 2, d, nil)
	fmt.Println(mat.Formatted(d), err)
	// Output:
	// ⎡ 10  180   45⎤
	// ⎣100   90   45⎦ <nil>
}

// The mean of a shape and the shape upside down is the shape in some position.
func ExampleFrechetMean() {
	x := mat.NewDense(2, 2, []float64{3, 0, 0, 1})
	y := mat.NewDense(2, 2, []float64{-3, 0, 0, -1})
	mean := mat.NewDense(2, 2, nil)
	opts := multiset.FrechetOptions{MaxIter: 100, Tol: 1e-9}
	result, err := multiset.FrechetMean(context.Background(), mean, []*mat.Dense{x, y}, opts)
	fmt.Printf("%.4f %v %v\n", mat.Norm(mean, 2), result.Change < 1e-9, err)
	// Output: 3.1623 true <nil>
}

func ExampleAlignAll() {
	target := mat.NewDense(2, 2, []float64{1, 0, 0, 2})
	x := mat.NewDense(2, 2, []float64{0, 1, 2, 0})
	aligned := mat.NewDense(2, 2, nil)
	err := multiset.AlignAll(context.Background(), aligned, target, []*mat.Dense{x}, optimize.Permutation)
	fmt.Println(mat.Formatted(aligned), err)
	// Output:
	// ⎡1  0⎤
	// ⎣0  2⎦ <nil>
}

// Networks of one neuron fall into two clusters, each with both signs.
func ExampleKMeans() {
	xs := []*mat.Dense{
		mat.NewDense(2, 1, []float64{1, 0}), mat.NewDense(2, 1, []float64{-1, 0}),
		mat.NewDense(2, 1, []float64{0, 9}), mat.NewDense(2, 1, []float64{0, -9}),
	}
	far := math.Sqrt(82)
	apart := mat.NewDense(4, 4, []float64{
		0, 0, far, far,
		0, 0, far, far,
		far, far, 0, 0,
		far, far, 0, 0,
	})
	centroids, dists, labels := mat.NewDense(4, 1, nil), mat.NewDense(2, 4, nil), make([]int64, 4)
	opts := multiset.KMeansOptions{MaxIter: 10, Restarts: 1}
	result, err := multiset.KMeans(context.Background(), centroids, dists, labels, xs, apart, opts)
	fmt.Println(labels[0] == labels[1], labels[2] == labels[3], labels[0] != labels[2])
	fmt.Printf("%.4f %v %v\n", result.Inertia, result.Converged, err)
	// Output:
	// true true true
	// 0.0000 true <nil>
}
