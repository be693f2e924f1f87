package capacity

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// frame holds the points of one manifold relative to its center, in units of the
// distance of the center from the origin: the Gram matrix of the s_j = (x_j, 1), unless
// there are many, and coordinates of the x_j in an orthonormal basis of their span.
// Eigenvectors make the basis, whose signs, and order where eigenvalues are equal, are up
// to rounding. So draws are made in coordinates of the samples, g, and turned into
// that basis: then t'x_j is entry j of G^(1/2) g, which depends on the Gram matrix
// G of the points alone, and continuously.
type frame struct {
	features   int
	directions *mat.Dense // to take out, or nil

	m, d       int
	many       bool      // points: there is no Gram matrix
	deviations []float64 // M x N, and a row for the center
	overlap    []float64 // of the deviations, or the center, with the directions
	center     []float64
	gram       []float64 // M x M, or, of many points, the diagonal
	points     []float64 // M x D
	basis      []float64 // M x D: a draw's coordinates are basis'g
	shift      []float64 // the center's products with the deviations, then its coordinates
	values     []float64
	lengths    []float64 // square roots of the values that count, |deviations'u| of axes u
	work       []float64
	iwork      []int32
}

// negligible is the variance of a direction, relative to that of the largest
// point, below which it does not count for the rank.
const negligible = 1e-13

// mostFew returns how many of m points in n features may be projected on by their Gram
// matrix.
func mostFew(m, n int) int { return min(m, max(fewPoints, fewPerFeature*n)) }

func newFrame(arena *cmem.Arena, m, n int, directions *mat.Dense) *frame {
	rank, few := min(m, n), mostFew(m, n)
	f := &frame{
		features:   n,
		directions: directions,
		deviations: arena.Float64s(m+1, n),
		center:     arena.Float64s(n),
		gram:       arena.Float64s(max(few*few, m)),
		points:     arena.Float64s(m, rank),
		basis:      arena.Float64s(m, rank),
		values:     arena.Float64s(rank),
		shift:      arena.Float64s(2 * m),
	}
	if directions != nil {
		k, _ := directions.Dims()
		f.overlap = arena.Float64s(m * k)
	}
	lwork, liwork := iblas.EigenWork(rank)
	f.iwork = arena.Int32s(liwork)
	var optimum [1]float64
	whole := blas64.General{Rows: m + 1, Cols: n, Stride: n}
	lapack64.Gelqf(whole, arena.Float64s(min(m+1, n)), optimum[:], -1)
	f.work = arena.Float64s(max(lwork, int(optimum[0])) + m + 1)
	return f
}

// set takes the samples x relative to the origin. If reference, the coordinates
// are those of mftma, or of the kind of frame, else as many as the rank.
func (f *frame) set(x *mat.Dense, origin []float64, kind Frame, reference bool) error {
	m, n := x.Dims()
	f.m, f.many = m, m > mostFew(m, n)
	size := f.subtractCenter(x, origin)
	if size == 0 {
		return core.Invalidf("the center of a manifold is at the origin")
	}
	floats.Scale(1/size, f.deviations[:m*n])
	a := blas64.General{Rows: m, Cols: n, Stride: n, Data: f.deviations[:m*n]}
	if kind == Matlab {
		floats.Scale(1/size, f.center)
		a = f.matlabAxes()
	}
	f.setGram(a)
	if reference {
		f.byFeatures(a, kind)
	} else if err := f.byRank(a); err != nil {
		return err
	}
	if kind == Matlab {
		f.shiftPoints(a, reference)
	}
	f.appendCenter()
	return nil
}

// appendCenter makes the Gram matrix that of the points with the center's axis.
func (f *frame) appendCenter() {
	m := f.m
	if f.many {
		floats.AddConst(1, f.gram[:m])
		return
	}
	for i := range m {
		for j := i; j < m; j++ {
			f.gram[i*m+j]++
			f.gram[j*m+i] = f.gram[i*m+j]
		}
	}
}

// subtractCenter stores the deviations of x from its mean without the directions,
// and returns the distance of the mean from the origin without them.
func (f *frame) subtractCenter(x *mat.Dense, origin []float64) (distance float64) {
	m, n := x.Dims()
	linalg.ColumnMeans(f.center, x)
	linalg.SubtractRow(f.deviations[:m*n], x, f.center)
	floats.Sub(f.center, origin)
	if f.directions != nil {
		f.takeOut(f.deviations, m)
		f.takeOut(f.center, 1)
	}
	return floats.Norm(f.center, 2)
}

// takeOut takes the directions out of the m rows of a.
func (f *frame) takeOut(a []float64, m int) {
	k, n := f.directions.Dims()
	d := f.directions.RawMatrix()
	linalg.Gemm(blas.NoTrans, blas.Trans, m, k, n, 1, a, n, d.Data, d.Stride, 0, f.overlap, k)
	linalg.Gemm(blas.NoTrans, blas.NoTrans, m, n, k, -1, f.overlap, k, d.Data, d.Stride, 1, a, n)
}

// matlabAxes turns deviations and center to the axes of the frame Matlab, the rows of
// Q in the factorization LQ of the deviations with the center below, and returns the
// deviations.
func (f *frame) matlabAxes() blas64.General {
	m, n := f.m, f.features
	d := min(m, n) - 1
	copy(f.deviations[m*n:], f.center)
	all := blas64.General{Rows: m + 1, Cols: n, Stride: n, Data: f.deviations[:(m+1)*n]}
	k := min(m+1, n)
	lapack64.Gelqf(all, f.work[:k], f.work[k:], len(f.work)-k)
	copy(f.center[:d], f.deviations[m*n:])
	a := blas64.General{Rows: m, Cols: d, Stride: max(1, d), Data: f.deviations[:m*d]}
	for i := range m {
		copy(linalg.Row(a, i), f.deviations[i*n:i*n+d])
		clear(linalg.Row(a, i)[min(i+1, d):])
	}
	return a
}

// shiftPoints adds the center's coordinates to the points, and updates their Gram matrix.
func (f *frame) shiftPoints(a blas64.General, reference bool) {
	shift, products := f.shift[:f.d], f.shift[f.m:2*f.m]
	if reference {
		copy(shift, f.center)
	} else {
		for j := range products {
			products[j] = floats.Dot(linalg.Row(a, j), f.center[:a.Cols])
		}
		f.coordinates(shift, products)
		for i := range shift {
			shift[i] /= f.lengths[i]
		}
	}
	for j := range f.m {
		floats.Add(f.point(j), shift)
	}
	f.setGram(blas64.General{Rows: f.m, Cols: f.d, Stride: max(1, f.d), Data: f.points[:f.m*f.d]})
}

// setGram stores the Gram matrix of points, without the center's axis, in the upper
// triangle, or its diagonal.
func (f *frame) setGram(points blas64.General) {
	m := f.m
	if f.many {
		for i := range m {
			x := linalg.Row(points, i)
			f.gram[i] = floats.Dot(x, x)
		}
		return
	}
	if points.Cols == 0 {
		clear(f.gram[:m*m])
		return
	}
	gram := blas64.Symmetric{Uplo: blas.Upper, N: m, Stride: m, Data: f.gram[:m*m]}
	blas64.Syrk(blas.NoTrans, 1, points, 0, gram)
}

// squared returns element i of the diagonal of the Gram matrix.
func (f *frame) squared(i int) float64 {
	if f.many {
		return f.gram[i]
	}
	return f.gram[i*f.m+i]
}

// byRank takes the principal axes of the points that are not negligible, from the
// Gram matrix or from that of the features, whichever is smaller.
func (f *frame) byRank(a blas64.General) error {
	m, n := a.Rows, min(a.Rows, a.Cols)
	if f.d = 0; n == 0 {
		return nil
	}
	largest := 0.0
	for i := range m {
		largest = max(largest, f.squared(i))
	}
	vectors := f.points[:n*n]
	if a.Cols < m {
		inner := blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: n, Data: vectors}
		blas64.Syrk(blas.Trans, 1, a, 0, inner)
	} else {
		copy(vectors, f.gram)
	}
	for i := range n {
		for j := range i {
			vectors[i*n+j] = vectors[j*n+i]
		}
	}
	if !iblas.Eigen(n, vectors, n, f.values[:n], f.work, f.iwork) {
		return core.Numericalf("the eigenvalues of a manifold's Gram matrix did not converge")
	}
	for f.d < n && f.values[n-1-f.d] > negligible*largest {
		f.d++
	}
	axes := blas64.General{Rows: n, Cols: f.d, Stride: n, Data: vectors[n-f.d:]}
	f.lengths = f.values[n-f.d : n]
	for i, v := range f.lengths {
		f.lengths[i] = math.Sqrt(v)
	}
	f.setBasis(a, axes)
	return nil
}

// setBasis stores the basis and the points, given eigenvectors of the Gram matrix
// or, if they are shorter, of that of the features.
func (f *frame) setBasis(a, axes blas64.General) {
	if f.d == 0 {
		return
	}
	to := blas64.General{Rows: f.m, Cols: f.d, Stride: f.d, Data: f.basis[:f.m*f.d]}
	if axes.Rows == f.m {
		for i := range f.m {
			copy(linalg.Row(to, i), axes.Data[i*axes.Stride:][:f.d])
		}
	} else {
		blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, a, axes, 0, to)
		for i := range to.Data {
			to.Data[i] /= f.lengths[i%f.d]
		}
	}
	for i, u := range to.Data {
		f.points[i] = u * f.lengths[i%f.d]
	}
}

// coordinates stores basis'g.
func (f *frame) coordinates(dst, g []float64) {
	clear(dst)
	for i, z := range g {
		floats.AddScaled(dst, z, f.basis[i*f.d:(i+1)*f.d])
	}
}

// byFeatures takes the features, or, if they are more than the points, the rows of
// L in the factorization LQ of the deviations, which is QR of their transpose.
// The frame Matlab has them already.
func (f *frame) byFeatures(a blas64.General, kind Frame) {
	m := f.m
	f.d = a.Cols
	if kind == Matlab || a.Cols <= m {
		copy(f.points, a.Data)
		return
	}
	f.d = m
	lapack64.Gelqf(a, f.work[:m], f.work[m:], len(f.work)-m)
	for i := range m {
		x := f.point(i)
		clear(x)
		copy(x[:i+1], a.Data[i*a.Stride:])
	}
}

// point returns the coordinates of x_j.
func (f *frame) point(j int) []float64 { return f.points[j*f.d : (j+1)*f.d] }
