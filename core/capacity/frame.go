package capacity

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// frame holds the points of one manifold relative to its center, in units of the
// distance of the center from the origin: the Gram matrix of the s_j = (x_j, 1) and
// coordinates of the x_j. The axes of the features are never formed: a factor of
// the Gram matrix has coordinates in some orthonormal basis of the points' span,
// and draws are Gaussian in any.
type frame struct {
	features   int
	directions *mat.Dense // to take out, or nil

	m, d       int
	deviations []float64 // M x N
	overlap    []float64 // of the deviations, or the center, with the directions
	center     []float64
	gram       []float64 // M x M
	points     []float64 // M x D
	factor     []float64
	pivots     []int
	work       []float64
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
		factor:     arena.Float64s(m * m),
		pivots:     make([]int, m),
	}
	if directions != nil {
		k, _ := directions.Dims()
		f.overlap = arena.Float64s(m * k)
	}
	lwork := 2 * m
	f.work = make([]float64, 1)
	lapack64.Gelqf(blas64.General{Rows: m, Cols: n, Stride: n}, make([]float64, min(m, n)), f.work, -1)
	f.work = arena.Float64s(max(lwork, int(f.work[0])) + m)
	return f
}

// set takes the samples x relative to the origin. If reference, the coordinates
// are those of mftma, else those of a Cholesky factor, as many as the rank.
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
	} else {
		f.byRank(gram)
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

// byRank takes the columns of a Cholesky factor U with P'GP = U'U, which has as
// many rows as the points span dimensions.
func (f *frame) byRank(gram blas64.Symmetric) {
	m := f.m
	copy(f.factor[:m*m], gram.Data)
	largest := 0.0
	for i := range m {
		largest = max(largest, gram.Data[i*m+i])
	}
	f.d = 0
	if largest > 0 {
		factor := gram
		factor.Data = f.factor[:m*m]
		_, f.d, _ = lapack64.Pstrf(factor, f.pivots[:m], negligible*largest, f.work)
	}
	for j := range m {
		x := f.point(f.pivots[j])
		for k := range f.d {
			x[k] = 0
			if k <= j {
				x[k] = f.factor[k*m+j]
			}
		}
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
