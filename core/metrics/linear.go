package metrics

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// Linear is the family of generalized shape metrics
//
//	d(X, Y) = min_{Q orthogonal} score(X Zx, Y Zy Q)
//
// with centered columns and the partial whitening of linalg.Whitening: rotations
// only at Alpha = 1 (Procrustes), any invertible linear map at Alpha = 0 (CCA).
// Williams, Kunz, Kornblith & Linderman, NeurIPS 2021.
type Linear struct {
	Alpha  float64
	Center bool
	Score  Score
}

// Check returns an error that names the option that is out of range.
func (l Linear) Check() error {
	if !(l.Alpha >= 0 && l.Alpha <= 1) {
		return core.Invalidf("alpha must be in [0, 1], got %v", l.Alpha)
	}
	return l.Score.check()
}

func (l Linear) whitening() linalg.Whitening {
	return linalg.Whitening{Alpha: l.Alpha}
}

// PartialFit does the part of a fit that concerns one network: the column
// means of the m x n x, the whitened activations xw (m x n) and the whitening
// transform z (n x n). Unless preserve, they lack the factor that keeps the variance.
func (l Linear) PartialFit(mean []float64, xw, z, x *mat.Dense, preserve bool) error {
	if err := l.Check(); err != nil {
		return err
	}
	m, n := x.Dims()
	var arena cmem.Arena
	defer arena.Free()
	centered := arena.Float64s(m * n)
	if err := arena.Err(); err != nil {
		return err
	}
	center(mean, x, l.Center)
	linalg.SubtractRow(centered, x, mean)
	if v := norm(centered); v != 0 {
		if err := usableNorm(v); err != nil {
			return err
		}
	}
	return l.whitening().Apply(xw, z, mat.NewDense(m, n, centered), preserve)
}

// Align stores in wx = zx U and wy = zy V the maps into the common space in
// which two networks are closest, where xw'yw = U S V', and returns the number
// of aligned dimensions: the rank of S. The columns beyond it complete wx and
// wy to square matrices, but nothing in the data pairs them. The four square
// matrices are n x n.
func Align(wx, wy, xw, yw, zx, zy *mat.Dense) (rank int, err error) {
	m, n := xw.Dims()
	var arena cmem.Arena
	defer arena.Free()
	c, u, vt := arena.Float64s(n*n), arena.Float64s(n*n), arena.Float64s(n*n)
	s, work, iwork := arena.Float64s(n), arena.Float64s(nblas.SVDWork(true, n, n)), arena.Int32s(8*n)
	if err := arena.Err(); err != nil {
		return 0, err
	}
	rx, ry := xw.RawMatrix(), yw.RawMatrix()
	impl := blas64.Implementation()
	impl.Dgemm(blas.Trans, blas.NoTrans, n, n, m, 1, rx.Data, rx.Stride, ry.Data, ry.Stride, 0, c, n)
	if !nblas.SVD(true, n, n, c, n, s, u, n, vt, n, work, iwork) {
		return 0, core.Numericalf("the SVD of the %d x %d cross-product did not converge", n, n)
	}
	rzx, rzy, rwx, rwy := zx.RawMatrix(), zy.RawMatrix(), wx.RawMatrix(), wy.RawMatrix()
	impl.Dgemm(blas.NoTrans, blas.NoTrans, n, n, n,
		1, rzx.Data, rzx.Stride, u, n, 0, rwx.Data, rwx.Stride)
	impl.Dgemm(blas.NoTrans, blas.Trans, n, n, n,
		1, rzy.Data, rzy.Stride, vt, n, 0, rwy.Data, rwy.Stride)
	return linalg.NumericalRank(s, 4*max(m, n)), nil
}

// AlignedDistance is the score between a and b, both m x n. Columns from rank
// on count towards the norms but not towards the inner product.
//
// The angle is 2 atan2(|u - v|, |u + v|) of the normalized matrices, which is
// accurate near 0 and pi, where the arccos of an inner product is not (Kahan).
func AlignedDistance(a, b *mat.Dense, rank int, score Score) (float64, error) {
	if err := score.check(); err != nil {
		return math.NaN(), err
	}
	m, n := a.Dims()
	na, nb := 1.0, 1.0
	if score == Angular {
		na, nb = mat.Norm(a, 2), mat.Norm(b, 2)
		if err := checkNorms(na, nb); err != nil {
			return math.NaN(), err
		}
	}
	var difference, sum float64
	for i := range m {
		ra, rb := a.RawRowView(i), b.RawRowView(i)
		for j := range n {
			u, v := ra[j]/na, rb[j]/nb
			if j < rank {
				difference += (u - v) * (u - v)
				sum += (u + v) * (u + v)
			} else {
				difference += u*u + v*v
				sum += u*u + v*v
			}
		}
	}
	if score == Euclidean {
		return math.Sqrt(difference), nil
	}
	return 2 * math.Atan2(math.Sqrt(difference), math.Sqrt(sum)), nil
}
