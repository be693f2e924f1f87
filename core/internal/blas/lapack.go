package blas

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack"
	lgonum "gonum.org/v1/gonum/lapack/gonum"
)

// Lapack is gonum's LAPACK with the drivers and factorizations that dominate
// our run time taken from the process. The drivers are overridden beside the
// routines they are made of because embedding is not virtual: gonum's Dgesvd
// calls gonum's Dgeqrf whatever this type says.
//
// Unlike gonum's and LAPACK's own, Dgesvd and Dsyev return false at once for a
// matrix with a NaN or an infinity, on which the originals panic, return
// numbers or never return, and Dpotrf does not call such a matrix positive
// definite.
//
// A workspace query (lwork == -1) answers with the larger of gonum's and
// Fortran's optimum, because either may serve the call that follows.
type Lapack struct{ lgonum.Implementation }

var _ lapack.Float64 = Lapack{}

// Dgesvd computes the singular value decomposition A = U * Sigma * Vᵀ. See
// gonum's Dgesvd.
func (l Lapack) Dgesvd(
	jobU, jobVT lapack.SVDJob, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64,
	ldvt int, work []float64, lwork int,
) (ok bool) {
	k := min(m, n)
	lda, ldu, ldvt = oneRow(m, n, lda), oneRow(m, m, ldu), oneRow(n, n, ldvt)
	switch {
	case lwork == -1:
		ok = l.Implementation.Dgesvd(jobU, jobVT, m, n, a, lda, s, u, ldu, vt, ldvt, work, -1)
		if address.dgesvd != 0 && areInt32(m, n) {
			var optimum [1]float64
			dgesvd(byte(jobVT), byte(jobU), n, m, nil, n, nil, nil, n, nil, m, optimum[:], -1)
			work[0] = max(work[0], optimum[0])
		}
		return ok
	case fits(a, m, n, lda) && !isFinite(m, n, a, lda):
		return false
	case address.dgesvd != 0 && fits(a, m, n, lda) && len(s) >= k &&
		fitsSingular(jobU, u, m, m, m, k, ldu) && fitsSingular(jobVT, vt, n, n, k, n, ldvt) &&
		fitsWork(work, lwork, max(3*k+max(m, n), 5*k)):
		return dgesvd(byte(jobVT), byte(jobU), n, m, a, lda, s, vt, ldvt, u, ldu, work, lwork) == 0
	}
	return l.Implementation.Dgesvd(jobU, jobVT, m, n, a, lda, s, u, ldu, vt, ldvt, work, lwork)
}

// Dsyev computes the eigenvalues and, if asked, the eigenvectors of a symmetric
// matrix. See gonum's Dsyev.
func (l Lapack) Dsyev(
	jobz lapack.EVJob, uplo blas.Uplo, n int, a []float64, lda int, w, work []float64, lwork int,
) (ok bool) {
	switch {
	case lwork == -1:
		ok = l.Implementation.Dsyev(jobz, uplo, n, a, lda, w, work, -1)
		if address.dsyev != 0 && areInt32(n) {
			var optimum [1]float64
			dsyev(byte(jobz), flipUplo(uplo), n, nil, n, nil, optimum[:], -1)
			work[0] = max(work[0], optimum[0])
		}
		return ok
	case fits(a, n, n, lda) && !isFiniteTriangle(uplo, n, a, lda):
		return false
	case address.dsyev != 0 && (jobz == lapack.EVNone || jobz == lapack.EVCompute) && isUplo(uplo) &&
		fits(a, n, n, lda) && len(w) >= n && fitsWork(work, lwork, 3*n-1):
		ok = dsyev(byte(jobz), flipUplo(uplo), n, a, lda, w, work, lwork) == 0
		if jobz == lapack.EVCompute {
			transpose(n, a, lda)
		}
		return ok
	}
	return l.Implementation.Dsyev(jobz, uplo, n, a, lda, w, work, lwork)
}

// Dpotrf computes the Cholesky factorization of a symmetric matrix and reports
// whether it is positive definite. See gonum's Dpotrf.
func (l Lapack) Dpotrf(ul blas.Uplo, n int, a []float64, lda int) (ok bool) {
	if address.dpotrf == 0 || !isUplo(ul) || !fits(a, n, n, lda) {
		ok = l.Implementation.Dpotrf(ul, n, a, lda)
	} else {
		ok = dpotrf(flipUplo(ul), n, a, lda) == 0
	}
	// A NaN or an infinity anywhere reaches the diagonal of the factor.
	for i := 0; ok && i < n; i++ {
		ok = a[i*lda+i] <= math.MaxFloat64
	}
	return ok
}

// Dgeqrf computes the QR factorization of A: Aᵀ = Rᵀ * Qᵀ is an LQ
// factorization of what Fortran sees. See gonum's Dgeqrf.
func (l Lapack) Dgeqrf(m, n int, a []float64, lda int, tau, work []float64, lwork int) {
	switch {
	case address.dgelqf == 0:
	case lwork == -1:
		l.Implementation.Dgeqrf(m, n, a, lda, tau, work, -1)
		if areInt32(m, n) {
			var optimum [1]float64
			dgelqf(n, m, nil, n, nil, optimum[:], -1)
			work[0] = max(work[0], optimum[0])
		}
		return
	case fits(a, m, n, lda) && len(tau) == min(m, n) && fitsWork(work, lwork, n):
		dgelqf(n, m, a, lda, tau, work, lwork)
		return
	}
	l.Implementation.Dgeqrf(m, n, a, lda, tau, work, lwork)
}

// Dorgqr forms the first n columns of the Q of Dgeqrf. See gonum's Dorgqr.
func (l Lapack) Dorgqr(m, n, k int, a []float64, lda int, tau, work []float64, lwork int) {
	switch {
	case address.dorglq == 0:
	case lwork == -1:
		l.Implementation.Dorgqr(m, n, k, a, lda, tau, work, -1)
		if areInt32(m, n) {
			var optimum [1]float64
			dorglq(n, m, k, nil, n, nil, optimum[:], -1)
			work[0] = max(work[0], optimum[0])
		}
		return
	case 0 < k && k <= n && n <= m && fits(a, m, n, lda) && len(tau) == k && fitsWork(work, lwork, n):
		dorglq(n, m, k, a, lda, tau, work, lwork)
		return
	}
	l.Implementation.Dorgqr(m, n, k, a, lda, tau, work, lwork)
}

// Dormqr multiplies C by the Q of Dgeqrf or its transpose. See gonum's Dormqr.
func (l Lapack) Dormqr(
	side blas.Side, trans blas.Transpose, m, n, k int, a []float64, lda int, tau, c []float64, ldc int,
	work []float64, lwork int,
) {
	nq, nw := n, m
	if side == blas.Left {
		nq, nw = m, n
	}
	switch {
	case address.dormlq == 0:
	case lwork == -1:
		l.Implementation.Dormqr(side, trans, m, n, k, a, lda, tau, c, ldc, work, -1)
		if areInt32(m, n, k) {
			var optimum [1]float64
			dormlq(flipSide(side), byte(trans), n, m, k, nil, k, nil, nil, n, optimum[:], -1)
			work[0] = max(work[0], optimum[0])
		}
		return
	case isSide(side) && (trans == blas.NoTrans || trans == blas.Trans) && k <= nq &&
		fits(a, nq, k, lda) && fits(c, m, n, ldc) && len(tau) == k && fitsWork(work, lwork, nw):
		dormlq(flipSide(side), byte(trans), n, m, k, a, lda, tau, c, ldc, work, lwork)
		return
	}
	l.Implementation.Dormqr(side, trans, m, n, k, a, lda, tau, c, ldc, work, lwork)
}

// fitsSingular reports whether Fortran may write the singular vectors that job
// asks for to x.
func fitsSingular(
	job lapack.SVDJob, x []float64, rowsAll, colsAll, rowsStore, colsStore, ld int,
) bool {
	switch job {
	case lapack.SVDAll:
		return fits(x, rowsAll, colsAll, ld)
	case lapack.SVDStore:
		return fits(x, rowsStore, colsStore, ld)
	case lapack.SVDNone:
		return areInt32(ld)
	}
	return false
}

// oneRow returns a stride for a rows x cols matrix that is tight if there is one
// row: gonum's Dgesvd slices at the second row, which a matrix of one row and a
// loose stride does not reach.
func oneRow(rows, cols, ld int) int {
	if rows == 1 && ld > cols {
		return cols
	}
	return ld
}

// fitsWork reports whether Fortran may use the first lwork elements of work,
// of which it needs at least minimum.
func fitsWork(work []float64, lwork, minimum int) bool {
	return max(1, minimum) <= lwork && lwork <= min(len(work), math.MaxInt32)
}

// areInt32 reports whether all sizes are positive Fortran integers.
func areInt32(sizes ...int) bool {
	for _, n := range sizes {
		if n < 1 || n > math.MaxInt32 {
			return false
		}
	}
	return true
}

// isFinite reports whether the rows x cols matrix a is free of NaN and infinity.
func isFinite(rows, cols int, a []float64, lda int) bool {
	for i := range rows {
		if !areFinite(a[i*lda : i*lda+cols]) {
			return false
		}
	}
	return true
}

// isFiniteTriangle is isFinite for the triangle ul of the n x n matrix a.
func isFiniteTriangle(ul blas.Uplo, n int, a []float64, lda int) bool {
	for i := range n {
		row := a[i*lda : i*lda+n]
		if ul == blas.Upper {
			row = row[i:]
		} else {
			row = row[:i+1]
		}
		if !areFinite(row) {
			return false
		}
	}
	return true
}

// areFinite reports whether x is free of NaN and infinity, whose exponent, all
// ones, is the only one that overflows into the sign when 1 is added. The loop
// has neither a branch nor a chain of floating-point latencies: it costs about
// 1 % of the decompositions that it precedes.
func areFinite(x []float64) bool {
	const exponent = 0x7ff << 52
	var sign uint64
	for _, v := range x {
		sign |= math.Float64bits(v)&exponent + 1<<52
	}
	return sign>>63 == 0
}

// transpose transposes the n x n matrix a in place.
func transpose(n int, a []float64, lda int) {
	const tile = 16 // two tiles of rows and columns stay in the first-level cache
	for i0 := 0; i0 < n; i0 += tile {
		for j0 := i0; j0 < n; j0 += tile {
			for i := i0; i < min(i0+tile, n); i++ {
				for j := max(j0, i+1); j < min(j0+tile, n); j++ {
					a[i*lda+j], a[j*lda+i] = a[j*lda+i], a[i*lda+j]
				}
			}
		}
	}
}
