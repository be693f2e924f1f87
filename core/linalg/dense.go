package linalg

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Gemm is C = alpha op(A) op(B) + beta C on row-major slices, op(A) being m x k.
func Gemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
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
