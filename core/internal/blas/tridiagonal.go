package blas

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack"
)

// The functions of this file are the parts of Eigen and Eigenvalues, for those
// who can do with less than all of it: A = P T Pᵀ with T tridiagonal costs a
// quarter of the eigenvectors. What a and tau hold of P is for these functions
// only: Fortran and gonum store it differently. The rules of direct.go apply.

const shortTridiagonal = "blas: insufficient length of a tridiagonal matrix"

// Tridiagonalize factorizes the symmetric n x n matrix a, of which it reads the
// upper triangle, as P * T * Pᵀ. The diagonal of T goes to d, the n-1 elements
// beside it to e, and P to a and the n-1 elements of tau. It needs
// TridiagonalWork(0, n) elements of work.
func Tridiagonalize(n int, a []float64, lda int, d, e, tau, work []float64) (ok bool) {
	if n == 0 {
		return true
	}
	checkTridiagonal(0, n, a, lda, d, e, tau, work)
	if !isFiniteTriangle(blas.Upper, n, a, lda) {
		return false
	}
	if hasTridiagonal() {
		dsytrd(byte(blas.Lower), n, a, lda, d, e, tau, work, min(len(work), math.MaxInt32))
		return true
	}
	for i := range n {
		for j := range i {
			a[i*lda+j] = a[j*lda+i]
		}
	}
	Lapack{}.Dsytrd(blas.Lower, n, a, lda, d[:n], e[:n-1], tau[:n-1], work, len(work))
	return true
}

// RotateRows replaces the rows x n matrix x by x * P. It needs
// TridiagonalWork(rows, n) elements of work.
func RotateRows(rows, n int, a []float64, lda int, tau, x []float64, ldx int, work []float64) {
	if n <= 1 || rows == 0 { // P = I
		return
	}
	checkTridiagonal(rows, n, a, lda, nil, nil, tau, work)
	if !fits(x, rows, n, ldx) {
		panic(shortTridiagonal)
	}
	if hasTridiagonal() {
		dormtr(byte(blas.Left), byte(blas.Lower), byte(blas.Trans), n, rows, a, lda, tau, x, ldx,
			work, min(len(work), math.MaxInt32))
		return
	}
	Lapack{}.Dormqr(blas.Right, blas.NoTrans, rows, n-1, n-1, a[lda:], lda, tau[:n-1], x[1:], ldx,
		work, len(work))
}

// TridiagonalValues replaces d by the eigenvalues of T in ascending order; e is
// overwritten.
func TridiagonalValues(n int, d, e []float64) (ok bool) {
	switch {
	case n == 0:
		return true
	case len(d) < n || len(e) < n-1:
		panic(shortTridiagonal)
	case !areFinite(d[:n]) || !areFinite(e[:n-1]):
		return false
	case address.dsterf == 0:
		return Lapack{}.Dsterf(n, d[:n], e[:n-1])
	}
	return dsterf(n, d, e) == 0
}

// TridiagonalVectors replaces d by the eigenvalues of A in ascending order and
// stores their orthonormal eigenvectors in the columns of the tight n x n matrix
// z; e is overwritten. It needs as many elements of work and iwork as EigenWork(n)
// returns.
func TridiagonalVectors(
	n int, a []float64, lda int, tau, d, e, z, work []float64, iwork []int32,
) (ok bool) {
	if n == 0 {
		return true
	}
	checkTridiagonal(n, n, a, lda, d, e, tau, work)
	minimum, liwork := syevdMinimum(n)
	switch {
	case len(z) < n*n:
		panic(shortTridiagonal)
	case len(work) < minimum:
		panic(shortWork)
	case len(iwork) < liwork:
		panic(shortIWork)
	case !areFinite(d[:n]) || !areFinite(e[:n-1]):
		return false
	case hasTridiagonal():
		ok = dstedc(byte(lapack.EVTridiag), n, d, e, z, n, work, min(len(work), math.MaxInt32),
			iwork, liwork) == 0
		dormtr(byte(blas.Left), byte(blas.Lower), byte(blas.NoTrans), n, n, a, lda, tau, z, n,
			work, min(len(work), math.MaxInt32))
		transpose(n, z, n)
		return ok
	}
	ok = Lapack{}.Dsteqr(lapack.EVTridiag, n, d[:n], e[:n-1], z, n, work)
	if n > 1 {
		Lapack{}.Dormqr(blas.Left, blas.NoTrans, n-1, n, n-1, a[lda:], lda, tau[:n-1], z[n:], n,
			work, len(work))
	}
	return ok
}

// TridiagonalWork returns the length of work that Tridiagonalize and RotateRows
// run fastest with: blocks of 64 columns are the most that LAPACK uses.
func TridiagonalWork(rows, n int) int { return 64*max(rows, n) + 65*64 }

// hasTridiagonal reports whether Fortran stores P.
func hasTridiagonal() bool {
	return address.dsytrd != 0 && address.dormtr != 0 && address.dstedc != 0
}

// checkTridiagonal panics unless the slices hold what n and rows say; d and e may
// be nil.
func checkTridiagonal(rows, n int, a []float64, lda int, d, e, tau, work []float64) {
	if !fits(a, n, n, lda) || d != nil && len(d) < n || e != nil && len(e) < n-1 || len(tau) < n-1 {
		panic(shortTridiagonal)
	}
	if len(work) < max(1, rows, n) {
		panic(shortWork)
	}
}
