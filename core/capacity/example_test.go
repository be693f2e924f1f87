package capacity_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/capacity"
)

// The capacity of points is 2: a segment that shrinks to one has nearly that.
func ExampleMeanField_Measure() {
	x := mat.NewDense(2, 3, []float64{1, 1e-9, 0, 1, -1e-9, 0})
	f := capacity.MeanField{Kappas: []float64{0}, Draws: 1000, Antithetic: true}
	row := mat.NewDense(1, capacity.Quantities, nil)
	err := f.Measure(context.Background(), row, nil, []*mat.Dense{x}, make([]float64, 3), nil, nil)
	fmt.Printf("%.3f %v\n", 1/row.At(0, capacity.InverseCapacity), err)
	// Output: 2.000 <nil>
}

// The projection of (3, -1) on the quadrant is (3, 0).
func ExampleProjectOnCone() {
	weights := mat.NewDense(1, 2, nil)
	dst := capacity.ConeProjections{
		Weights: weights, Squared: make([]float64, 1),
		Violation: make([]float64, 1), Active: make([]int64, 1),
	}
	gram := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	products := mat.NewDense(1, 2, []float64{3, -1})
	err := capacity.ProjectOnCone(context.Background(), dst, products, gram)
	fmt.Println(weights.RawMatrix().Data, dst.Squared, dst.Active, err)
	// Output: [3 0] [9] [1] <nil>
}

// Without the first axis nothing is left that the centers share but themselves.
func ExampleCorrelationCost() {
	x := mat.NewDense(2, 3, []float64{2, 1, 0, 2, 0, 1})
	v := mat.NewDense(3, 1, []float64{1, 0, 0})
	cost, err := capacity.CorrelationCost(mat.NewDense(3, 1, nil), x, v)
	fmt.Println(cost, err)
	// Output: 1 <nil>
}

func ExampleRemoveCorrelations() {
	shared := mat.NewDense(4, 5, []float64{
		9, 1, 0, 0, 0,
		-9, 0, 1, 0, 0,
		9, 0, 0, 1, 0,
		-9, 0, 0, 0, 1,
	})
	var gram mat.Dense
	gram.Mul(shared, shared.T())
	dst := capacity.Removals{
		Weights: mat.NewDense(4, 1, nil), Means: mat.NewDense(2, capacity.MeansOfPairs, nil),
		Norms: mat.NewDense(2, 4, nil), Stability: make([]float64, 2),
	}
	opts := capacity.RemovalOptions{Most: 1, Repeats: 2, MaxIter: 1000, Tol: 1e-6}
	found, err := capacity.RemoveCorrelations(context.Background(), dst, &gram, opts)
	fmt.Printf("%d of %d: %.2f to %.2f %v\n",
		found.K, found.Tried, dst.Means.At(0, 0), dst.Means.At(1, 0), err)
	// Output: 1 of 1: 0.99 to 0.33 <nil>
}

// points returns four manifolds of one sample each, on the axes.
func points() *capacity.Direct {
	return &capacity.Direct{
		Points: mat.NewDense(4, 4, []float64{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}),
		Sizes:  []int64{1, 1, 1, 1},
	}
}

func ExampleDirect_Check() {
	d := points()
	d.Sizes = d.Sizes[:3]
	fmt.Println(d.Check())
	// Output: the last 1 samples belong to no object
}

// Half of the dichotomies of four points are separable in two features.
func ExampleDirect_Search() {
	found := capacity.Separability{Fraction: make([]float64, 4), Attempts: make([]int64, 4)}
	opts := capacity.SearchOptions{Step: 1, Precision: 1, Tolerance: 0.01}
	err := points().Search(context.Background(), found, opts)
	fmt.Printf("%.1f %v\n", found.Fraction, err)
	// Output: [0.1 0.5 0.9 1.0] <nil>
}

// The cone of four orthogonal points is an orthant: a Gaussian vector has two
// positive coordinates on average.
func ExampleDirect_Faces() {
	faces := make([]int64, 10000)
	err := points().Faces(context.Background(), faces)
	var sum int64
	for _, k := range faces {
		sum += k
	}
	fmt.Printf("%.1f %v\n", float64(sum)/float64(len(faces)), err)
	// Output: 2.0 <nil>
}

// As in Faces, two points of four are active on average.
func ExampleDirect_Joint() {
	dst := capacity.Joint{
		Shares: mat.NewDense(1000, 4, nil), Separable: make([]int64, 500),
		Geometry: mat.NewDense(2, capacity.GeometryColumns+8, nil),
		Pairs:    mat.NewDense(12, 4, nil),
	}
	err := points().Joint(context.Background(), dst, capacity.JointOptions{})
	fmt.Printf("%.1f %v\n", mat.Sum(dst.Shares)/1000, err)
	// Output: 2.0 <nil>
}

// The hyperplane half way between two points.
func ExampleSeparate() {
	x := mat.NewDense(2, 1, []float64{0, 4})
	found := capacity.Separation{W: make([]float64, 1), Weights: make([]float64, 2)}
	err := capacity.Separate(context.Background(), &found, x, []float64{-1, 1}, true)
	fmt.Printf("%v %.1f %.1f %.1f %v\n", found.Separable, found.Margin, found.W, found.Bias, err)
	// Output: true 2.0 [0.5] -1.0 <nil>
}
