package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Gemm is C = alpha op(A) op(B) + beta C on row-major slices, op(A) being m x k.
func Gemm(tA, tB blas.Transpose, m, n, k int,
	alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	blas64.Implementation().Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// ScaleColumns multiplies column j of the m x len(d) row-major a by d[j].
func ScaleColumns(a []float64, m int, d []float64) {
	n := len(d)
	for i := range m {
		row := a[i*n : (i+1)*n]
		for j, v := range d {
			row[j] *= v
		}
	}
}

// ColumnNorms stores the norms of the columns of the m x len(size) row-major a in size.
func ColumnNorms(size, a []float64, m int) {
	n := len(size)
	clear(size)
	for i := range m {
		for j, v := range a[i*n : (i+1)*n] {
			size[j] += v * v
		}
	}
	for j, v := range size {
		size[j] = math.Sqrt(v)
	}
}

// Row returns row i of x.
func Row(x blas64.General, i int) []float64 { return x.Data[i*x.Stride : i*x.Stride+x.Cols] }
