package linalg_test

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

func ExampleGemm() {
	a, b, c := []float64{1, 2, 3, 4}, []float64{1, 1}, make([]float64, 2)
	linalg.Gemm(blas.NoTrans, blas.NoTrans, 2, 1, 2, 1, a, 2, b, 1, 0, c, 1)
	fmt.Println(c)
	// Output: [3 7]
}

func ExampleRow() {
	x := blas64.General{Rows: 2, Cols: 2, Stride: 3, Data: []float64{1, 2, 0, 3, 4}}
	fmt.Println(linalg.Row(x, 1))
	// Output: [3 4]
}

func ExampleScaleColumns() {
	a := []float64{1, 2, 3, 4}
	linalg.ScaleColumns(a, 2, []float64{10, 100})
	fmt.Println(a)
	// Output: [10 200 30 400]
}

func ExampleColumnNorms() {
	size := make([]float64, 2)
	linalg.ColumnNorms(size, []float64{3, 5, 4, 12}, 2)
	fmt.Println(size)
	// Output: [5 13]
}

func ExampleColumnMeans() {
	mean := make([]float64, 2)
	linalg.ColumnMeans(mean, mat.NewDense(2, 2, []float64{1, 0.1, 3, 0.1}))
	fmt.Println(mean)
	// Output: [2 0.1]
}

func ExampleSubtractRow() {
	x := mat.NewDense(2, 2, []float64{1, 2, 3, 4})
	linalg.SubtractRow(x.RawMatrix().Data, x, []float64{1, 2})
	fmt.Println(mat.Formatted(x))
	// Output:
	// ⎡0  0⎤
	// ⎣2  2⎦
}

// Unit vectors at a right angle.
func ExampleChord() {
	fmt.Printf("%.4f\n", linalg.Chord(0, 1, 1))
	// Output: 1.4142
}

func ExampleNumericalRank() {
	fmt.Println(linalg.NumericalRank([]float64{2, 1, 1e-16}, 3))
	// Output: 2
}

func ExampleWalshHadamard() {
	a := []float64{1, 0, 0, 0}
	linalg.WalshHadamard(a)
	fmt.Println(a)
	// Output: [1 1 1 1]
}

// The squared Bures distance of numbers is that of their roots.
func ExampleSquaredBures() {
	d, err := linalg.SquaredBures(mat.NewDense(1, 1, []float64{9}), mat.NewDense(1, 1, []float64{1}))
	fmt.Printf("%.4f %v\n", d, err)
	// Output: 4.0000 <nil>
}

// Full whitening makes columns of unequal length equal, and keeps the variance.
func ExampleWhitening_Apply() {
	x := mat.NewDense(2, 2, []float64{3, 0, 0, 1})
	xz, z := mat.NewDense(2, 2, nil), mat.NewDense(2, 2, nil)
	err := linalg.Whitening{Alpha: 0, Tol: 1e-7}.Apply(xz, z, x, true)
	fmt.Printf("%.3f %v\n", mat.Formatted(xz), err)
	// Output:
	// ⎡2.236  0.000⎤
	// ⎣0.000  2.236⎦ <nil>
}

// X = L W, with orthonormal rows of W.
func ExampleWideFactor() {
	var arena cmem.Arena
	defer arena.Free()
	x := mat.NewDense(1, 2, []float64{3, 4})
	w, l := linalg.NewWideFactor(&arena, 1, 2), make([]float64, 1)
	w.Reduce(l, x, nil)
	basis := w.Basis()
	fmt.Printf("%.1f %.1f\n", l[0]*basis[0], l[0]*basis[1])
	// Output: 3.0 4.0
}

func ExampleNuclear() {
	var arena cmem.Arena
	defer arena.Free()
	c := []float64{3, 0, 0, 4}
	accept := func(sum, bound float64) bool { return bound <= 1e-9*sum }
	sum, route, err := linalg.NewNuclear(&arena, 2, 2).Norm(c, 2, 2, false, accept)
	fmt.Printf("%.4f %v %v\n", sum, route == linalg.ByGram, err)
	// Output: 7.0000 true <nil>
}

// The polar factor of a rotation that stretches is the rotation.
func ExamplePolar() {
	var arena cmem.Arena
	defer arena.Free()
	q := make([]float64, 4)
	c := []float64{0, -3, 4, 0}
	sum, _, err := linalg.NewPolar(&arena, 2, 2).Factor(q, c, 2, 2, linalg.AnyBound)
	fmt.Printf("%.3f %.4f %v\n", q, sum, err)
	// Output: [0.000 -1.000 1.000 0.000] 7.0000 <nil>
}

func ExampleHalley() {
	var arena cmem.Arena
	defer arena.Free()
	q := make([]float64, 4)
	ok := linalg.NewHalley(&arena, 2, 2).Factor(q, []float64{0, -3, 4, 0}, 2, 2)
	fmt.Printf("%.3f %v\n", q, ok)
	// Output: [0.000 -1.000 1.000 0.000] true
}

// <B Q, A> for the polar factor Q of C, which is the identity here.
func ExampleAligned() {
	var arena cmem.Arena
	defer arena.Free()
	c, a, b := []float64{2, 0, 0, 1}, []float64{5, 7}, []float64{1, 10}
	polar, aligned := linalg.NewPolar(&arena, 2, 2), linalg.NewAligned(&arena, 2)
	polar.Spectrum(c, 2, 2, linalg.AnyBound)
	bc := []float64{b[0] * c[0], b[1] * c[3]}
	aligned.Add(polar, bc, a, make([]float64, 4), 1, 2)
	inner, _ := aligned.Sum(polar, 2)
	fmt.Printf("%.3f\n", inner)
	// Output: 75.000
}

// A nuclear norm, and <B Q, A> for the polar factor Q of C, without eigenvectors.
func ExampleRooted() {
	var arena cmem.Arena
	defer arena.Free()
	c, a, b := []float64{2, 0, 0, 1}, []float64{5, 7}, []float64{1, 10}
	tri, rooted := linalg.NewTridiagonal(&arena, 2, 2), linalg.NewRooted(&arena, 2)
	norm, ok := tri.Norm(c, 2, 2, linalg.AnyBound)
	rooted.Reset(tri)
	rooted.Add([]float64{b[0] * c[0], b[1] * c[3], a[0], a[1]}, make([]float64, 2), 1)
	inner, _ := rooted.Sum()
	fmt.Printf("%.3f %v %.3f\n", norm, ok, inner)
	// Output: 3.000 true 75.000
}

func ExampleTridiagonal() {
	var arena cmem.Arena
	defer arena.Free()
	tri := linalg.NewTridiagonal(&arena, 0, 2)
	norm, ok := tri.Norm([]float64{3, 0, 0, 4}, 2, 2, linalg.AnyBound)
	fmt.Printf("%.3f %v %v\n", norm, ok, tri.Loss() < 1e-14)
	// Output: 7.000 true true
}
