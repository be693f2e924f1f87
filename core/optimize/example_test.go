package optimize_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/blas/blas64"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/optimize"
)

func ExampleAssignment_Minimize() {
	cost := []float64{
		4, 1, 3,
		2, 0, 5,
	}
	fmt.Println(optimize.NewAssignment(new(cmem.Arena), 3).Minimize(cost, 2, 3))
	// Output: [1 0]
}

// The permutation T that maximizes <T, C>.
func ExampleAligner_Align() {
	var arena cmem.Arena
	defer arena.Free()
	t := make([]float64, 4)
	sum, err := optimize.NewAligner(&arena, optimize.Permutation, 2).Align(t, []float64{1, 5, 3, 2})
	fmt.Println(t, sum, err)
	// Output: [0 1 1 0] 8 <nil>
}

func ExampleSetIdentity() {
	t := []float64{9, 9, 9, 9}
	optimize.SetIdentity(t, 2)
	fmt.Println(t)
	// Output: [1 0 0 1]
}

// The projection of b = (3, -1) on the quadrant that the axes generate is (3, 0).
func ExampleNNLS_Project() {
	var arena cmem.Arena
	defer arena.Free()
	nnls := optimize.NewNNLS(&arena, 2)
	nnls.SetCone([]float64{1, 0, 0, 1}, 2, 2)
	p := nnls.Project([]float64{3, -1})
	fmt.Println(p.Active, p.Weights, p.Squared)
	// Output: [0] [3] 9
}

// With y'mu = 0 and y = (1, -1), weights must be equal.
func ExampleNNLS_Balance() {
	var arena cmem.Arena
	defer arena.Free()
	nnls := optimize.NewNNLS(&arena, 2)
	nnls.SetCone([]float64{1, 0, 0, 1}, 2, 2)
	nnls.Balance([]float64{1, -1})
	p := nnls.Project([]float64{3, -1})
	fmt.Printf("%.3f\n", p.Weights)
	// Output: [1.000 1.000]
}

// The generators are points, without a Gram matrix.
func ExamplePoints() {
	var arena cmem.Arena
	defer arena.Free()
	points := optimize.NewPoints(&arena, 2, 3)
	points.Set(blas64.General{Rows: 2, Cols: 3, Stride: 3, Data: []float64{1, 0, 0, 1, 1, 0}})
	nnls := optimize.NewNNLS(&arena, 2)
	nnls.SetGenerators(points)
	p := nnls.Project([]float64{1, 3}) // of b = (1, 2, 5)
	fmt.Printf("%d %.3f\n", p.Active, p.Squared)
	// Output: [1] 4.500
}

func ExampleNewGram() {
	var arena cmem.Arena
	defer arena.Free()
	x := blas64.General{Rows: 2, Cols: 2, Stride: 2, Data: []float64{1, 2, 3, 4}}
	gram, err := optimize.NewGram(&arena, x)
	fmt.Println(gram.Data, err)
	// Output: [5 11 11 25] <nil>
}

// The points 1 and -1 are on the sides that their labels say, so (0, 1) is not in
// the cone of the (y_j x_j, 1): its projection is shorter.
func ExampleLabeled() {
	var arena cmem.Arena
	defer arena.Free()
	labeled := optimize.NewLabeled(&arena, 2)
	labeled.Generators = &optimize.Gram{Data: []float64{1, -1, -1, 1}, M: 2, Stride: 2} // 1 and -1
	labeled.Labels, labeled.Offset = []float64{1, -1}, 1
	nnls := optimize.NewNNLS(&arena, 2)
	nnls.SetGenerators(labeled)
	p := nnls.Project([]float64{1, 1}) // of (0, 1)
	fmt.Printf("%.3f of 1\n", p.Squared)
	// Output: 0.500 of 1
}

// The line that minimizes -(v_1² + 4 v_2²) is the second axis.
func ExampleStiefel_Minimize() {
	var arena cmem.Arena
	defer arena.Free()
	f := func(gradient, v []float64, _ int) float64 {
		gradient[0], gradient[1] = -2*v[0], -8*v[1]
		return -v[0]*v[0] - 4*v[1]*v[1]
	}
	v := []float64{0.8, 0.6}
	settings := optimize.StiefelSettings{MaxIter: 100, Tol: 1e-9}
	result := optimize.NewStiefel(&arena, 2, 1).Minimize(context.Background(), v, 1, f, settings)
	fmt.Printf("%.3f %.3f %v\n", v[1], result.Value, result.Converged)
	// Output: 1.000 -4.000 true
}

func ExampleStiefel_Orthonormalize() {
	var arena cmem.Arena
	defer arena.Free()
	v := []float64{3, 4}
	ok := optimize.NewStiefel(&arena, 2, 1).Orthonormalize(v, 1)
	fmt.Printf("%.1f %v\n", v, ok)
	// Output: [0.6 0.8] true
}

// The first row would rather send all to the first column, which has no room for it.
func ExampleTransport() {
	var arena cmem.Arena
	defer arena.Free()
	flow := make([]float64, 4)
	transport := optimize.NewTransport(&arena, 2, 2)
	transport.Start(flow, []float64{1, 5, 2, 3}, 2, 3)
	for {
		step := transport.Send(10)
		if step.Sent == 0 {
			break
		}
		fmt.Println(step)
	}
	fmt.Println(flow)
	// Output:
	// {2 1 0 0}
	// {1 2 1 0}
	// {1 3 1 1}
	// [2 1 0 1]
}
