package metrics_test

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/metrics"
	"netrep_go/core/multiset"
	"netrep_go/core/optimize"
)

// triangle returns three responses of two neurons, and rotated the same turned by
// a right angle.
func triangle() (x, rotated *mat.Dense) {
	x = mat.NewDense(3, 2, []float64{2, 0, -1, 1, -1, -1})
	rotated = mat.NewDense(3, 2, []float64{0, 2, -1, -1, 1, -1})
	return x, rotated
}

func ExampleLinear_PartialFit() {
	x, _ := triangle()
	mean, xw, z := make([]float64, 2), mat.NewDense(3, 2, nil), mat.NewDense(2, 2, nil)
	err := metrics.Linear{Alpha: 1, Center: true}.PartialFit(mean, xw, z, x, true)
	fmt.Println(mean, mat.Equal(x, xw), err)
	// Output: [0 0] true <nil>
}

// Both networks are mapped to a common space, in which they agree.
func ExampleAlign() {
	x, y := triangle()
	identity := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	wx, wy := mat.NewDense(2, 2, nil), mat.NewDense(2, 2, nil)
	rank, err := metrics.Align(wx, wy, x, y, identity, identity)
	var a, b mat.Dense
	a.Mul(x, wx)
	b.Mul(y, wy)
	fmt.Println(rank, mat.EqualApprox(&a, &b, 1e-12), err)
	// Output: 2 true <nil>
}

func ExampleAlignedDistance() {
	x, y := triangle()
	angle, err := metrics.AlignedDistance(x, y, 2, metrics.Angular)
	fmt.Printf("%.4f %v\n", angle/math.Pi, err)
	// Output: 0.5000 <nil>
}

func ExampleNewLinearCohort() {
	x, y := triangle()
	z := mat.NewDense(3, 1, []float64{1, -1, 0})
	linear := metrics.Linear{Alpha: 1, Center: true}
	cohort, err := metrics.NewLinearCohort(linear, metrics.LinearOptions{}, []*mat.Dense{x, y, z}, nil)
	if err != nil {
		panic(err)
	}
	defer cohort.Free()
	d := mat.NewDense(3, 3, nil)
	err = multiset.PairwiseDistances(context.Background(), cohort, d, nil)
	fmt.Printf("%.4f %v\n", mat.Formatted(d), err)
	// Output:
	// ⎡0.0000  0.0000  0.6591⎤
	// ⎢0.0000  0.0000  0.6591⎥
	// ⎣0.6591  0.6591  0.0000⎦ <nil>
}

func ExampleCenter() {
	x := mat.NewDense(2, 1, []float64{1, 3})
	mean := make([]float64, 1)
	metrics.Center(mean, x, x)
	fmt.Println(mean, x.RawMatrix().Data)
	// Output: [2] [-1 1]
}

// Column 0 of x is column 1 of y.
func ExampleMatch() {
	x := mat.NewDense(2, 2, []float64{1, 2, -1, 2})
	y := mat.NewDense(2, 2, []float64{2, 1, 2, -1})
	cols := make([]int64, 2)
	err := metrics.Match(cols, x, y)
	fmt.Println(cols, err)
	// Output: [1 0] <nil>
}

func ExampleNewPermutationCohort() {
	x := mat.NewDense(3, 2, []float64{2, 0, -1, 1, -1, -1})
	y := mat.NewDense(3, 2, []float64{0, 2, 1, -1, -1, -1}) // columns swapped
	metric := metrics.Permutation{Score: metrics.Euclidean}
	cohort, err := metrics.NewPermutationCohort(metric, false, []*mat.Dense{x, y}, nil)
	if err != nil {
		panic(err)
	}
	defer cohort.Free()
	d := mat.NewDense(2, 2, nil)
	err = multiset.PairwiseDistances(context.Background(), cohort, d, nil)
	fmt.Println(d.At(0, 1), err)
	// Output: 0 <nil>
}

func ExampleCKA_Distances() {
	x, y := triangle()
	d := mat.NewDense(2, 2, nil)
	cka := metrics.CKA{Center: true, Cosine: true}
	err := cka.Distances(context.Background(), d, nil, []*mat.Dense{x, y}, nil, 0)
	fmt.Printf("%.4f %v\n", d.At(0, 1), err)
	// Output: 1.0000 <nil>
}

// A layer of one channel at two offsets, given the products with another layer.
func ExampleConvolutionDistances() {
	products := mat.NewDense(2, 1, []float64{4, 2})
	distances := make([]float64, 2)
	spec := metrics.ConvolutionSpec{Score: metrics.Angular, NormX: 2, NormY: 2}
	err := metrics.ConvolutionDistances(context.Background(), distances, products, spec)
	fmt.Printf("%.4f %v\n", distances, err)
	// Output: [0.0000 1.0472] <nil>
}

// normals returns distributions with the means of a triangle and equal covariances.
func normals() (x, rotated metrics.Responses) {
	means, turned := triangle()
	covs := mat.NewDense(6, 2, []float64{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1})
	return metrics.Responses{Means: means, Covs: covs}, metrics.Responses{Means: turned, Covs: covs}
}

var gaussian = metrics.Gaussian{Alpha: 1, Neurons: 2, MaxIter: 100, Tol: 1e-9}

func ExampleGaussian_Fit() {
	x, y := normals()
	t := mat.NewDense(2, 2, nil)
	fit, err := gaussian.Fit(context.Background(), t, x, y, true, nil)
	fmt.Printf("%.3f %v %v\n", mat.Formatted(t), fit.Converged, err)
	// Output:
	// ⎡ 0.000  -1.000⎤
	// ⎣ 1.000   0.000⎦ true <nil>
}

func ExampleGaussian_Distance() {
	x, y := normals()
	unaligned := mat.NewDense(2, 2, []float64{1, 0, 0, 1})
	d, err := gaussian.Distance(context.Background(), unaligned, x, y)
	fmt.Printf("%.4f %v\n", d, err)
	// Output: 2.3094 <nil>
}

func ExampleNewGaussianCohort() {
	x, y := normals()
	cohort, err := metrics.NewGaussianCohort(gaussian, true, nil, []metrics.Responses{x, y}, nil)
	if err != nil {
		panic(err)
	}
	defer cohort.Free()
	d := mat.NewDense(2, 2, nil)
	err = multiset.PairwiseDistances(context.Background(), cohort, d, nil)
	fmt.Printf("%.4f %d unconverged %v\n", d.At(0, 1), cohort.Unconverged(), err)
	// Output: 0.0000 0 unconverged <nil>
}

// repeats returns two responses to each of two inputs, and the same with the
// neurons swapped.
func repeats() (x, swapped *mat.Dense) {
	x = mat.NewDense(4, 2, []float64{1, 0, 3, 0, 0, 5, 0, 9})
	swapped = mat.NewDense(4, 2, []float64{0, 1, 0, 3, 5, 0, 9, 0})
	return x, swapped
}

var energy = metrics.Energy{Group: optimize.Permutation, Repeats: 2, MaxIter: 100, Tol: 1e-9}

func ExampleEnergy_Fit() {
	x, y := repeats()
	t := mat.NewDense(2, 2, nil)
	fit, err := energy.Fit(context.Background(), t, nil, x, y)
	fmt.Println(t.RawMatrix().Data, fit.Converged, err)
	// Output: [0 1 1 0] true <nil>
}

// E|x - y| = 1.5 is half of E|x - x'| = 3 under the best alignment: pairs of equal
// repeats count among the former, not among the latter.
func ExampleEnergy_Distance() {
	x, y := repeats()
	swap := mat.NewDense(2, 2, []float64{0, 1, 1, 0})
	d, err := energy.Distance(context.Background(), swap, x, y)
	fmt.Printf("%.4f %v\n", d, err)
	// Output: 0.0000 <nil>
}

func ExampleNewEnergyCohort() {
	x, y := repeats()
	cohort, err := metrics.NewEnergyCohort(energy, []*mat.Dense{x, y}, nil, 0)
	if err != nil {
		panic(err)
	}
	defer cohort.Free()
	d := mat.NewDense(2, 2, nil)
	err = multiset.PairwiseDistances(context.Background(), cohort, d, nil)
	fmt.Printf("%.4f %v\n", d.At(0, 1), err)
	// Output: 0.0000 <nil>
}

// Three units take what two send, which have each as much as one and a half of them.
func ExampleTransport() {
	cost := mat.NewDense(2, 3, []float64{1, 2, 9, 9, 2, 1})
	flow, steps := mat.NewDense(3, 2, nil), mat.NewDense(6, 4, nil)
	t := metrics.Transport{Supply: 3, Room: 2, Mass: 5}
	n, err := t.Minimize(context.Background(), flow, steps, cost)
	fmt.Println(mat.Formatted(flow), n, err)
	fmt.Println(steps.RawRowView(n - 1))
	// Output:
	// ⎡2  0⎤
	// ⎢1  0⎥
	// ⎣0  2⎦ 3 <nil>
	// [1 2 0 1]
}
