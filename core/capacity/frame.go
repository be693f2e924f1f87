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
// distance of the center from the origin: the Gram matrix of the s_j = (x_j, 1) and
// coordinates of the x_j in an orthonormal basis of their span. Eigenvectors make
// the basis, whose signs, and order where eigenvalues are equal, are up to
// rounding. So draws are made in coordinates of the samples, g, and turned into
// that basis: then t'x_j is entry j of G^(1/2) g, which depends on the Gram matrix
// G of the points alone, and continuously.
type frame struct {
	features   int
	directions *mat.Dense // to take out, or nil

	m, d       int
	deviations []float64 // M x N
	overlap    []float64 // of the deviations, or the center, with the directions
	center     []float64
	gram       []float64 // M x M
	points     []float64 // M x D
	basis      []float64 // M x D: a draw's coordinates are basis'g
	values     []float64
	work       []float64
	iwork      []int32
}

// negligible is the variance of a direction, relative to that of the largest
// point, below which it does not count for the rank.
const negligible = 1e-13

func newFrame(arena *cmem.Arena, m, n int, directions *mat.Dense) *frame {
	f := &frame{
		features:   n,
		directions: directions,
		deviations: arena.Float64s(m * n),
		center:     arena.Float64s(n),
		gram:       arena.Float64s(m * m),
		points:     arena.Float64s(m * m),
		basis:      arena.Float64s(m * m),
		values:     arena.Float64s(m),
	}
	if directions != nil {
		k, _ := directions.Dims()
		f.overlap = arena.Float64s(m * k)
	}
	lwork, liwork := iblas.EigenWork(m)
	f.iwork = arena.Int32s(liwork)
	var optimum [1]float64
	lapack64.Gelqf(blas64.General{Rows: m, Cols: n, Stride: n}, arena.Float64s(min(m, n)), optimum[:], -1)
	f.work = arena.Float64s(max(lwork, int(optimum[0])) + m)
	return f
}

// set takes the samples x relative to the origin. If reference, the coordinates
// are those of mftma, else as many as the rank.
func (f *frame) set(x *mat.Dense, origin []float64, reference bool) error {
	m, n := x.Dims()
	f.m = m
	size := f.subtractCenter(x, origin)
	if size == 0 {
		return core.Invalidf("the center of a manifold is at the origin")
	}
	floats.Scale(1/size, f.deviations[:m*n])
	a := blas64.General{Rows: m, Cols: n, Stride: n, Data: f.deviations[:m*n]}
	gram := blas64.Symmetric{Uplo: blas.Upper, N: m, Stride: m, Data: f.gram[:m*m]}
	blas64.Syrk(blas.NoTrans, 1, a, 0, gram)
	if reference {
		f.byFeatures(a)
	} else if err := f.byRank(a, gram); err != nil {
		return err
	}
	for i := range m {
		for j := i; j < m; j++ {
			f.gram[i*m+j]++
			f.gram[j*m+i] = f.gram[i*m+j]
		}
	}
	return nil
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

// byRank takes the principal axes of the points that are not negligible, from the
// Gram matrix or from that of the features, whichever is smaller.
func (f *frame) byRank(a blas64.General, gram blas64.Symmetric) error {
	m, n := a.Rows, min(a.Rows, a.Cols)
	largest := 0.0
	for i := range m {
		largest = max(largest, gram.Data[i*m+i])
	}
	vectors := f.points[:n*n]
	if a.Cols < m {
		inner := blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: n, Data: vectors}
		blas64.Syrk(blas.Trans, 1, a, 0, inner)
	} else {
		copy(vectors, gram.Data)
	}
	for i := range n {
		for j := range i {
			vectors[i*n+j] = vectors[j*n+i]
		}
	}
	if !iblas.Eigen(n, vectors, n, f.values[:n], f.work, f.iwork) {
		return core.Numericalf("the eigenvalues of a manifold's Gram matrix did not converge")
	}
	f.d = 0
	for f.d < n && f.values[n-1-f.d] > negligible*largest {
		f.d++
	}
	axes := blas64.General{Rows: n, Cols: f.d, Stride: n, Data: vectors[n-f.d:]}
	f.setBasis(a, axes, f.values[n-f.d:n])
	return nil
}

// setBasis stores the basis and the points, given eigenvectors of the Gram matrix
// or, if they are shorter, of that of the features.
func (f *frame) setBasis(a, axes blas64.General, values []float64) {
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
			to.Data[i] /= math.Sqrt(values[i%f.d])
		}
	}
	for i, u := range to.Data {
		f.points[i] = u * math.Sqrt(values[i%f.d])
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
func (f *frame) byFeatures(a blas64.General) {
	m := f.m
	f.d = a.Cols
	if a.Cols <= m {
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
