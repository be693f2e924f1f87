package blas

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack"
)

// The functions of this file are for hot loops. They offer what gonum's
// interfaces lack, divide and conquer and workspace that outlives a call, and
// fall back to Lapack with the same meaning. All matrices are row-major with a
// stride, a is overwritten, and nothing is allocated. The caller asks the Work
// functions once and reuses the workspace; a shorter one panics. Strides and
// lengths are checked as gonum checks them. ok is false if the algorithm did
// not converge or a holds a NaN or an infinity.

const (
	shortWork  = "blas: insufficient length of work"
	shortIWork = "blas: insufficient length of iwork"
)

// SingularValues stores the min(m, n) singular values of the m x n matrix a in
// s in descending order. It needs SingularValuesWork(m, n) elements of work and
// 8*min(m, n) of iwork.
func SingularValues(m, n int, a []float64, lda int, s, work []float64, iwork []int32) (ok bool) {
	return svd(lapack.SVDNone, m, n, a, lda, s, nil, 1, nil, 1, work, iwork)
}

// SingularValuesWork returns the length of work that SingularValues runs
// fastest with.
func SingularValuesWork(m, n int) int { return svdWork(lapack.SVDNone, m, n) }

// SVD factorizes the m x n matrix a as u * diag(s) * vt with the k = min(m, n)
// singular values s in descending order. If full, u is m x m and vt is n x n,
// else u is m x k and vt is k x n. It needs SVDWork(full, m, n) elements of
// work and 8*k of iwork. If k is 0, u and vt are left as they are.
func SVD(
	full bool, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64, ldvt int,
	work []float64, iwork []int32,
) (ok bool) {
	return svd(vectorsJob(full), m, n, a, lda, s, u, ldu, vt, ldvt, work, iwork)
}

// SVDWork returns the length of work that SVD runs fastest with.
func SVDWork(full bool, m, n int) int { return svdWork(vectorsJob(full), m, n) }

// Eigenvalues stores the eigenvalues of the symmetric n x n matrix a in w in
// ascending order. It reads and overwrites the upper triangle only. It needs
// EigenvaluesWork(n) elements of work.
//
// Dsyev is the right driver here: without vectors dsyevd differs from it in
// nothing but a smaller minimum of work, with which the reduction to
// tridiagonal form runs unblocked.
func Eigenvalues(n int, a []float64, lda int, w, work []float64) (ok bool) {
	return n == 0 || Lapack{}.Dsyev(lapack.EVNone, blas.Upper, n, a, lda, w, work, len(work))
}

// EigenvaluesWork returns the length of work that Eigenvalues runs fastest
// with.
func EigenvaluesWork(n int) int { return syevWork(lapack.EVNone, n) }

// Eigen stores the eigenvalues of the symmetric n x n matrix a in w in
// ascending order and their orthonormal eigenvectors in the columns of a, of
// which it reads the upper triangle. It needs as many elements of work and
// iwork as EigenWork(n) returns.
func Eigen(n int, a []float64, lda int, w, work []float64, iwork []int32) (ok bool) {
	minimum, liwork := syevdMinimum(n)
	if len(work) < minimum {
		panic(shortWork)
	}
	if len(iwork) < liwork {
		panic(shortIWork)
	}
	if address.dsyevd == 0 || !fits(a, n, n, lda) || len(w) < n || minimum > math.MaxInt32 {
		return n == 0 || Lapack{}.Dsyev(lapack.EVCompute, blas.Upper, n, a, lda, w, work, len(work))
	}
	if !isFiniteTriangle(blas.Upper, n, a, lda) {
		return false
	}
	ok = dsyevd(byte(lapack.EVCompute), byte(blas.Lower), n, a, lda, w,
		work, min(len(work), math.MaxInt32), iwork, liwork) == 0
	transpose(n, a, lda)
	return ok
}

// EigenWork returns the lengths of work and iwork that Eigen runs fastest with.
func EigenWork(n int) (work, iwork int) {
	work, iwork = syevdMinimum(n)
	work = max(work, syevWork(lapack.EVCompute, n))
	if address.dsyevd != 0 && areInt32(n, work) {
		var optimum [1]float64
		var ioptimum [1]int32
		dsyevd(byte(lapack.EVCompute), byte(blas.Lower), n, nil, n, nil, optimum[:], -1, ioptimum[:], -1)
		work = max(work, int(optimum[0]))
	}
	return work, iwork
}

// Cholesky factorizes the symmetric positive definite n x n matrix a as Uᵀ * U
// with the upper triangular U in the upper triangle of a, the only one that it
// touches. ok is false if a is not positive definite
// or not finite.
func Cholesky(n int, a []float64, lda int) (ok bool) {
	return Lapack{}.Dpotrf(blas.Upper, n, a, lda)
}

// svd is SingularValues and SVD.
func svd(
	job lapack.SVDJob, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64, ldvt int,
	work []float64, iwork []int32,
) (ok bool) {
	k := min(m, n)
	minimum := gesddMinimum(job, m, n)
	if len(work) < minimum {
		panic(shortWork)
	}
	if len(iwork) < 8*k {
		panic(shortIWork)
	}
	if address.dgesdd == 0 || !fits(a, m, n, lda) || len(s) < k || minimum > math.MaxInt32 ||
		!fitsSingular(job, u, m, m, m, k, ldu) || !fitsSingular(job, vt, n, n, k, n, ldvt) {
		return Lapack{}.Dgesvd(job, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, len(work))
	}
	return isFinite(m, n, a, lda) && dgesdd(byte(job), n, m, a, lda, s, vt, ldvt, u, ldu,
		work, min(len(work), math.MaxInt32), iwork) == 0
}

// svdWork returns the length of work that suits both dgesdd and its fallback.
// gonum's Dgesvd cannot be asked without a matrix: blocks of 32 rows and columns
// are what it uses at most.
func svdWork(job lapack.SVDJob, m, n int) int {
	minimum := gesddMinimum(job, m, n)
	work := minimum + 32*(m+n)
	if address.dgesdd != 0 && areInt32(m, n, minimum) {
		var optimum [1]float64
		dgesdd(byte(job), n, m, nil, n, nil, nil, n, nil, m, optimum[:], -1, nil)
		work = max(work, int(optimum[0]))
	}
	return work
}

// syevWork returns the optimal lwork of Dsyev.
func syevWork(job lapack.EVJob, n int) int {
	optimum := [1]float64{1}
	Lapack{}.Dsyev(job, blas.Upper, n, nil, max(1, n), nil, optimum[:], -1)
	return int(optimum[0])
}

// gesddMinimum returns the least length of work of dgesdd, as its documentation
// in LAPACK 3.6 and later has it.
func gesddMinimum(job lapack.SVDJob, m, n int) int {
	k, l := min(m, n), max(m, n)
	if job == lapack.SVDNone {
		return max(1, 3*k+max(l, 7*k))
	}
	return max(1, 4*k*k+7*k+l)
}

// syevdMinimum returns the least lengths of work and iwork of dsyevd with
// vectors.
func syevdMinimum(n int) (work, iwork int) { return 1 + 6*n + 2*n*n, 3 + 5*n }

func vectorsJob(full bool) lapack.SVDJob {
	if full {
		return lapack.SVDAll
	}
	return lapack.SVDStore
}
