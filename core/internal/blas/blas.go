// Package blas is the seam to the BLAS and LAPACK that the process already
// holds.
//
// The extension module hands [Use] the addresses of the LP64 Fortran routines
// that SciPy was built with (OpenBLAS, MKL, Accelerate). From then on gonum's
// blas64, blas32 and lapack64, and the direct calls of this package, run on
// them. Without Use, as in go test or a Go program, all of it is pure gonum
// and means the same.
//
// Only this package knows that Fortran stores matrices by columns. A row-major
// matrix is the transpose of the column-major matrix in the same memory with
// the same stride, so an override turns its problem into the transposed one by
// swapping operands and flags; only eigenvectors have to be moved.
//
// gonum stays in charge of whatever Fortran must not see: an override hands a
// bad flag, a short slice, an empty matrix or a size beyond int32 to gonum,
// which panics or returns as it always does.
package blas

import (
	"gonum.org/v1/gonum/blas"
	bgonum "gonum.org/v1/gonum/blas/gonum"
)

// Below these numbers of multiplications gonum beats the cost of entering C:
// 5 x 5 x 5 for the matrix routines and 32 x 32 for Dgemv, whose kernel in
// gonum is assembly (BenchmarkDgemm and BenchmarkDgemv, OpenBLAS 0.3.30).
const (
	leastProduct = 5 * 5 * 5
	leastGemv    = 32 * 32
)

// Blas is gonum's BLAS with the routines that dominate our run time taken from
// the process.
type Blas struct{ bgonum.Implementation }

var (
	_ blas.Float64 = Blas{}
	_ blas.Float32 = Blas{}
)

// Dgemm computes C = alpha * op(A) * op(B) + beta * C. See gonum's Dgemm.
func (b Blas) Dgemm(
	tA, tB blas.Transpose, m, n, k int,
	alpha float64, x []float64, ldx int, y []float64, ldy int, beta float64, c []float64, ldc int,
) {
	if address.dgemm == 0 || m*n*k < leastProduct ||
		!gemmFits(tA, tB, m, n, k, x, ldx, y, ldy, c, ldc) {
		b.Implementation.Dgemm(tA, tB, m, n, k, alpha, x, ldx, y, ldy, beta, c, ldc)
		return
	}
	dgemm(byte(tB), byte(tA), n, m, k, alpha, y, ldy, x, ldx, beta, c, ldc)
}

// Sgemm computes C = alpha * op(A) * op(B) + beta * C. See gonum's Sgemm.
func (b Blas) Sgemm(
	tA, tB blas.Transpose, m, n, k int,
	alpha float32, x []float32, ldx int, y []float32, ldy int, beta float32, c []float32, ldc int,
) {
	if address.sgemm == 0 || m*n*k < leastProduct ||
		!gemmFits(tA, tB, m, n, k, x, ldx, y, ldy, c, ldc) {
		b.Implementation.Sgemm(tA, tB, m, n, k, alpha, x, ldx, y, ldy, beta, c, ldc)
		return
	}
	sgemm(byte(tB), byte(tA), n, m, k, alpha, y, ldy, x, ldx, beta, c, ldc)
}

// Dsyrk computes one triangle of C = alpha * op(A) * op(A)ᵀ + beta * C. See
// gonum's Dsyrk.
func (b Blas) Dsyrk(
	ul blas.Uplo, t blas.Transpose, n, k int,
	alpha float64, a []float64, lda int, beta float64, c []float64, ldc int,
) {
	if address.dsyrk == 0 || n*n*k < leastProduct || !syrkFits(ul, t, n, k, a, lda, c, ldc) {
		b.Implementation.Dsyrk(ul, t, n, k, alpha, a, lda, beta, c, ldc)
		return
	}
	dsyrk(flipUplo(ul), flipTranspose(t), n, k, alpha, a, lda, beta, c, ldc)
}

// Ssyrk computes one triangle of C = alpha * op(A) * op(A)ᵀ + beta * C. See
// gonum's Ssyrk.
func (b Blas) Ssyrk(
	ul blas.Uplo, t blas.Transpose, n, k int,
	alpha float32, a []float32, lda int, beta float32, c []float32, ldc int,
) {
	if address.ssyrk == 0 || n*n*k < leastProduct || !syrkFits(ul, t, n, k, a, lda, c, ldc) {
		b.Implementation.Ssyrk(ul, t, n, k, alpha, a, lda, beta, c, ldc)
		return
	}
	ssyrk(flipUplo(ul), flipTranspose(t), n, k, alpha, a, lda, beta, c, ldc)
}

// Dgemv computes y = alpha * op(A) * x + beta * y. See gonum's Dgemv.
func (b Blas) Dgemv(
	t blas.Transpose, m, n int,
	alpha float64, a []float64, lda int, x []float64, incX int, beta float64, y []float64, incY int,
) {
	lenX, lenY := n, m
	if t != blas.NoTrans {
		lenX, lenY = m, n
	}
	if address.dgemv == 0 || m*n < leastGemv || !isTranspose(t) || !fits(a, m, n, lda) ||
		!fitsVector(x, lenX, incX) || !fitsVector(y, lenY, incY) {
		b.Implementation.Dgemv(t, m, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	dgemv(flipTranspose(t), n, m, alpha, a, lda, x, incX, beta, y, incY)
}

// Dtrsm solves op(A) * X = alpha * B or X * op(A) = alpha * B for a triangular
// A, in place of B. See gonum's Dtrsm.
func (b Blas) Dtrsm(
	s blas.Side, ul blas.Uplo, t blas.Transpose, d blas.Diag, m, n int,
	alpha float64, a []float64, lda int, x []float64, ldx int,
) {
	k := n
	if s == blas.Left {
		k = m
	}
	valid := isSide(s) && isUplo(ul) && isTranspose(t) && (d == blas.Unit || d == blas.NonUnit)
	if address.dtrsm == 0 || m*n*k < leastProduct || !valid ||
		!fits(a, k, k, lda) || !fits(x, m, n, ldx) {
		b.Implementation.Dtrsm(s, ul, t, d, m, n, alpha, a, lda, x, ldx)
		return
	}
	dtrsm(flipSide(s), flipUplo(ul), byte(t), byte(d), n, m, alpha, a, lda, x, ldx)
}

// gemmFits reports whether Fortran may see this product: flags are valid, no
// matrix is empty and every slice holds its matrix.
func gemmFits[T float32 | float64](
	tA, tB blas.Transpose, m, n, k int, a []T, lda int, b []T, ldb int, c []T, ldc int,
) bool {
	rowsA, colsA := m, k
	if tA != blas.NoTrans {
		rowsA, colsA = k, m
	}
	rowsB, colsB := k, n
	if tB != blas.NoTrans {
		rowsB, colsB = n, k
	}
	return isTranspose(tA) && isTranspose(tB) &&
		fits(a, rowsA, colsA, lda) && fits(b, rowsB, colsB, ldb) && fits(c, m, n, ldc)
}

// syrkFits is gemmFits for a rank-k update.
func syrkFits[T float32 | float64](
	ul blas.Uplo, t blas.Transpose, n, k int, a []T, lda int, c []T, ldc int,
) bool {
	rows, cols := n, k
	if t != blas.NoTrans {
		rows, cols = k, n
	}
	return isUplo(ul) && isTranspose(t) && fits(a, rows, cols, lda) && fits(c, n, n, ldc)
}
