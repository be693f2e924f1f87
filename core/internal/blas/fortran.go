package blas

/*
// gopy compiles with -Ofast, which would let the compiler assume that no NaN
// reaches this package and, on some systems, flush denormals in the process.
#cgo CFLAGS: -fno-fast-math

// The routines neither keep a pointer nor call back into Go.
#cgo noescape netrep_dgemm
#cgo nocallback netrep_dgemm
#cgo noescape netrep_sgemm
#cgo nocallback netrep_sgemm
#cgo noescape netrep_dsyrk
#cgo nocallback netrep_dsyrk
#cgo noescape netrep_ssyrk
#cgo nocallback netrep_ssyrk
#cgo noescape netrep_dgemv
#cgo nocallback netrep_dgemv
#cgo noescape netrep_dtrsm
#cgo nocallback netrep_dtrsm
#cgo noescape netrep_dgesvd
#cgo nocallback netrep_dgesvd
#cgo noescape netrep_dgesdd
#cgo nocallback netrep_dgesdd
#cgo noescape netrep_dsyev
#cgo nocallback netrep_dsyev
#cgo noescape netrep_dsyevd
#cgo nocallback netrep_dsyevd
#cgo noescape netrep_dpotrf
#cgo nocallback netrep_dpotrf
#cgo noescape netrep_dgelqf
#cgo nocallback netrep_dgelqf
#cgo noescape netrep_dorglq
#cgo nocallback netrep_dorglq
#cgo noescape netrep_dormlq
#cgo nocallback netrep_dormlq
#cgo noescape netrep_dsytrd
#cgo nocallback netrep_dsytrd
#cgo noescape netrep_dormtr
#cgo nocallback netrep_dormtr
#cgo noescape netrep_dsterf
#cgo nocallback netrep_dsterf
#cgo noescape netrep_dstedc
#cgo nocallback netrep_dstedc

#include <stdint.h>

// Fortran takes every scalar by address. These wrappers take them by value, so
// that no Go scalar has to be moved to the heap for the call. f is the routine.

static inline void netrep_dgemm(uintptr_t f, char ta, char tb, int m, int n, int k, double alpha,
	double *a, int lda, double *b, int ldb, double beta, double *c, int ldc)
{
	((void (*)(char *, char *, int *, int *, int *, double *, double *,
			int *, double *, int *, double *, double *, int *))f)
		(&ta, &tb, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc);
}

static inline void netrep_sgemm(uintptr_t f, char ta, char tb, int m, int n, int k, float alpha,
	float *a, int lda, float *b, int ldb, float beta, float *c, int ldc)
{
	((void (*)(char *, char *, int *, int *, int *, float *,
			float *, int *, float *, int *, float *, float *, int *))f)
		(&ta, &tb, &m, &n, &k, &alpha, a, &lda, b, &ldb, &beta, c, &ldc);
}

static inline void netrep_dsyrk(uintptr_t f, char ul, char t, int n, int k, double alpha,
	double *a, int lda, double beta, double *c, int ldc)
{
	((void (*)(char *, char *, int *, int *, double *, double *, int *, double *, double *, int *))f)
		(&ul, &t, &n, &k, &alpha, a, &lda, &beta, c, &ldc);
}

static inline void netrep_ssyrk(uintptr_t f, char ul, char t, int n, int k, float alpha,
	float *a, int lda, float beta, float *c, int ldc)
{
	((void (*)(char *, char *, int *, int *, float *, float *, int *, float *, float *, int *))f)
		(&ul, &t, &n, &k, &alpha, a, &lda, &beta, c, &ldc);
}

static inline void netrep_dgemv(uintptr_t f, char t, int m, int n, double alpha,
	double *a, int lda, double *x, int incx, double beta, double *y, int incy)
{
	((void (*)(char *, int *, int *, double *, double *, int *,
			double *, int *, double *, double *, int *))f)
		(&t, &m, &n, &alpha, a, &lda, x, &incx, &beta, y, &incy);
}

static inline void netrep_dtrsm(uintptr_t f, char s, char ul, char t, char d, int m, int n,
	double alpha, double *a, int lda, double *b, int ldb)
{
	((void (*)(char *, char *, char *, char *, int *, int *,
			double *, double *, int *, double *, int *))f)
		(&s, &ul, &t, &d, &m, &n, &alpha, a, &lda, b, &ldb);
}

static inline int netrep_dgesvd(uintptr_t f, char jobu, char jobvt, int m, int n,
	double *a, int lda, double *s, double *u, int ldu, double *vt, int ldvt, double *work, int lwork)
{
	int info = 0;
	((void (*)(char *, char *, int *, int *, double *, int *, double *,
			double *, int *, double *, int *, double *, int *, int *))f)
		(&jobu, &jobvt, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, &info);
	return info;
}

static inline int netrep_dgesdd(uintptr_t f, char jobz, int m, int n, double *a, int lda,
	double *s, double *u, int ldu, double *vt, int ldvt, double *work, int lwork, int *iwork)
{
	int info = 0;
	((void (*)(char *, int *, int *, double *, int *, double *, double *,
			int *, double *, int *, double *, int *, int *, int *))f)
		(&jobz, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, work, &lwork, iwork, &info);
	return info;
}

static inline int netrep_dsyev(uintptr_t f, char jobz, char ul, int n, double *a, int lda,
	double *w, double *work, int lwork)
{
	int info = 0;
	((void (*)(char *, char *, int *, double *, int *, double *, double *, int *, int *))f)
		(&jobz, &ul, &n, a, &lda, w, work, &lwork, &info);
	return info;
}

static inline int netrep_dsyevd(uintptr_t f, char jobz, char ul, int n, double *a, int lda,
	double *w, double *work, int lwork, int *iwork, int liwork)
{
	int info = 0;
	((void (*)(char *, char *, int *, double *, int *,
			double *, double *, int *, int *, int *, int *))f)
		(&jobz, &ul, &n, a, &lda, w, work, &lwork, iwork, &liwork, &info);
	return info;
}

static inline int netrep_dpotrf(uintptr_t f, char ul, int n, double *a, int lda)
{
	int info = 0;
	((void (*)(char *, int *, double *, int *, int *))f)(&ul, &n, a, &lda, &info);
	return info;
}

static inline void netrep_dgelqf(uintptr_t f, int m, int n,
	double *a, int lda, double *tau, double *work, int lwork)
{
	int info = 0;
	((void (*)(int *, int *, double *, int *, double *, double *, int *, int *))f)
		(&m, &n, a, &lda, tau, work, &lwork, &info);
}

static inline void netrep_dorglq(uintptr_t f, int m, int n, int k,
	double *a, int lda, double *tau, double *work, int lwork)
{
	int info = 0;
	((void (*)(int *, int *, int *, double *, int *, double *, double *, int *, int *))f)
		(&m, &n, &k, a, &lda, tau, work, &lwork, &info);
}

static inline void netrep_dormlq(uintptr_t f, char side, char t, int m, int n, int k,
	double *a, int lda, double *tau, double *c, int ldc, double *work, int lwork)
{
	int info = 0;
	((void (*)(char *, char *, int *, int *, int *, double *, int *,
			double *, double *, int *, double *, int *, int *))f)
		(&side, &t, &m, &n, &k, a, &lda, tau, c, &ldc, work, &lwork, &info);
}

static inline void netrep_dsytrd(uintptr_t f, char ul, int n, double *a, int lda,
	double *d, double *e, double *tau, double *work, int lwork)
{
	int info = 0;
	((void (*)(char *, int *, double *, int *, double *, double *, double *, double *, int *, int *))f)
		(&ul, &n, a, &lda, d, e, tau, work, &lwork, &info);
}

static inline void netrep_dormtr(uintptr_t f, char side, char ul, char t, int m, int n,
	double *a, int lda, double *tau, double *c, int ldc, double *work, int lwork)
{
	int info = 0;
	((void (*)(char *, char *, char *, int *, int *, double *, int *,
			double *, double *, int *, double *, int *, int *))f)
		(&side, &ul, &t, &m, &n, a, &lda, tau, c, &ldc, work, &lwork, &info);
}

static inline int netrep_dsterf(uintptr_t f, int n, double *d, double *e)
{
	int info = 0;
	((void (*)(int *, double *, double *, int *))f)(&n, d, e, &info);
	return info;
}

static inline int netrep_dstedc(uintptr_t f, char compz, int n, double *d, double *e,
	double *z, int ldz, double *work, int lwork, int *iwork, int liwork)
{
	int info = 0;
	((void (*)(char *, int *, double *, double *, double *, int *,
			double *, int *, int *, int *, int *))f)
		(&compz, &n, d, e, z, &ldz, work, &lwork, iwork, &liwork, &info);
	return info;
}
*/
import "C"

import "unsafe"

// The functions below are the Fortran routines as Fortran sees them: matrices
// stored by columns, nothing checked. info is 0 on success.

func doubles(x []float64) *C.double { return (*C.double)(unsafe.SliceData(x)) }

func floats(x []float32) *C.float { return (*C.float)(unsafe.SliceData(x)) }

func ints(x []int32) *C.int { return (*C.int)(unsafe.SliceData(x)) }

func dgemm(
	tA, tB byte, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64,
	c []float64, ldc int,
) {
	C.netrep_dgemm(C.uintptr_t(address.dgemm), C.char(tA), C.char(tB), C.int(m), C.int(n), C.int(k),
		C.double(alpha), doubles(a), C.int(lda), doubles(b), C.int(ldb),
		C.double(beta), doubles(c), C.int(ldc))
}

func sgemm(
	tA, tB byte, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32,
	c []float32, ldc int,
) {
	C.netrep_sgemm(C.uintptr_t(address.sgemm), C.char(tA), C.char(tB), C.int(m), C.int(n), C.int(k),
		C.float(alpha), floats(a), C.int(lda), floats(b), C.int(ldb),
		C.float(beta), floats(c), C.int(ldc))
}

func dsyrk(
	ul, t byte, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int,
) {
	C.netrep_dsyrk(C.uintptr_t(address.dsyrk), C.char(ul), C.char(t), C.int(n), C.int(k),
		C.double(alpha), doubles(a), C.int(lda), C.double(beta), doubles(c), C.int(ldc))
}

func ssyrk(
	ul, t byte, n, k int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int,
) {
	C.netrep_ssyrk(C.uintptr_t(address.ssyrk), C.char(ul), C.char(t), C.int(n), C.int(k),
		C.float(alpha), floats(a), C.int(lda), C.float(beta), floats(c), C.int(ldc))
}

func dgemv(
	t byte, m, n int, alpha float64, a []float64, lda int, x []float64, incX int, beta float64,
	y []float64, incY int,
) {
	C.netrep_dgemv(C.uintptr_t(address.dgemv), C.char(t), C.int(m), C.int(n),
		C.double(alpha), doubles(a), C.int(lda), doubles(x), C.int(incX),
		C.double(beta), doubles(y), C.int(incY))
}

func dtrsm(s, ul, t, d byte, m, n int, alpha float64, a []float64, lda int, b []float64, ldb int) {
	C.netrep_dtrsm(C.uintptr_t(address.dtrsm), C.char(s), C.char(ul), C.char(t), C.char(d),
		C.int(m), C.int(n), C.double(alpha), doubles(a), C.int(lda), doubles(b), C.int(ldb))
}

func dgesvd(
	jobU, jobVT byte, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64, ldvt int,
	work []float64, lwork int,
) (info int) {
	return int(C.netrep_dgesvd(C.uintptr_t(address.dgesvd), C.char(jobU), C.char(jobVT),
		C.int(m), C.int(n), doubles(a), C.int(lda), doubles(s), doubles(u), C.int(ldu),
		doubles(vt), C.int(ldvt), doubles(work), C.int(lwork)))
}

func dgesdd(
	jobZ byte, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64, ldvt int,
	work []float64, lwork int, iwork []int32,
) (info int) {
	return int(C.netrep_dgesdd(C.uintptr_t(address.dgesdd), C.char(jobZ), C.int(m), C.int(n),
		doubles(a), C.int(lda), doubles(s), doubles(u), C.int(ldu), doubles(vt), C.int(ldvt),
		doubles(work), C.int(lwork), ints(iwork)))
}

func dsyev(jobZ, ul byte, n int, a []float64, lda int, w, work []float64, lwork int) (info int) {
	return int(C.netrep_dsyev(C.uintptr_t(address.dsyev), C.char(jobZ), C.char(ul), C.int(n),
		doubles(a), C.int(lda), doubles(w), doubles(work), C.int(lwork)))
}

func dsyevd(
	jobZ, ul byte, n int, a []float64, lda int, w, work []float64, lwork int, iwork []int32,
	liwork int,
) (info int) {
	return int(C.netrep_dsyevd(C.uintptr_t(address.dsyevd), C.char(jobZ), C.char(ul), C.int(n),
		doubles(a), C.int(lda), doubles(w), doubles(work), C.int(lwork), ints(iwork), C.int(liwork)))
}

func dpotrf(ul byte, n int, a []float64, lda int) (info int) {
	return int(C.netrep_dpotrf(C.uintptr_t(address.dpotrf), C.char(ul), C.int(n),
		doubles(a), C.int(lda)))
}

func dgelqf(m, n int, a []float64, lda int, tau, work []float64, lwork int) {
	C.netrep_dgelqf(C.uintptr_t(address.dgelqf), C.int(m), C.int(n),
		doubles(a), C.int(lda), doubles(tau), doubles(work), C.int(lwork))
}

func dorglq(m, n, k int, a []float64, lda int, tau, work []float64, lwork int) {
	C.netrep_dorglq(C.uintptr_t(address.dorglq), C.int(m), C.int(n), C.int(k),
		doubles(a), C.int(lda), doubles(tau), doubles(work), C.int(lwork))
}

func dormlq(
	side, t byte, m, n, k int, a []float64, lda int, tau, c []float64, ldc int, work []float64,
	lwork int,
) {
	C.netrep_dormlq(C.uintptr_t(address.dormlq), C.char(side), C.char(t), C.int(m), C.int(n), C.int(k),
		doubles(a), C.int(lda), doubles(tau), doubles(c), C.int(ldc), doubles(work), C.int(lwork))
}

func dsytrd(ul byte, n int, a []float64, lda int, d, e, tau, work []float64, lwork int) {
	C.netrep_dsytrd(C.uintptr_t(address.dsytrd), C.char(ul), C.int(n), doubles(a), C.int(lda),
		doubles(d), doubles(e), doubles(tau), doubles(work), C.int(lwork))
}

func dormtr(
	side, ul, t byte, m, n int, a []float64, lda int, tau, c []float64, ldc int, work []float64,
	lwork int,
) {
	C.netrep_dormtr(C.uintptr_t(address.dormtr), C.char(side), C.char(ul), C.char(t),
		C.int(m), C.int(n), doubles(a), C.int(lda), doubles(tau), doubles(c), C.int(ldc),
		doubles(work), C.int(lwork))
}

func dsterf(n int, d, e []float64) (info int) {
	return int(C.netrep_dsterf(C.uintptr_t(address.dsterf), C.int(n), doubles(d), doubles(e)))
}

func dstedc(
	compZ byte, n int, d, e, z []float64, ldz int, work []float64, lwork int, iwork []int32,
	liwork int,
) (info int) {
	return int(C.netrep_dstedc(C.uintptr_t(address.dstedc), C.char(compZ), C.int(n), doubles(d),
		doubles(e), doubles(z), C.int(ldz), doubles(work), C.int(lwork), ints(iwork), C.int(liwork)))
}
