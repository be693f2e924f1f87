package blas

// address holds the process's Fortran routines, 0 where it has none. It is
// written once, in Use.
var address struct {
	dgemm, sgemm, dsyrk, ssyrk, dgemv, dtrsm uintptr
	dgesvd, dgesdd, dsyev, dsyevd, dpotrf    uintptr
	dgelqf, dorglq, dormlq                   uintptr
	dsytrd, dormtr, dsterf, dstedc           uintptr
}

var routines = [...]struct {
	name    string
	address *uintptr
}{
	{"dgemm", &address.dgemm},
	{"sgemm", &address.sgemm},
	{"dsyrk", &address.dsyrk},
	{"ssyrk", &address.ssyrk},
	{"dgemv", &address.dgemv},
	{"dtrsm", &address.dtrsm},
	{"dgesvd", &address.dgesvd},
	{"dgesdd", &address.dgesdd},
	{"dsyev", &address.dsyev},
	{"dsyevd", &address.dsyevd},
	{"dpotrf", &address.dpotrf},
	{"dgelqf", &address.dgelqf},
	{"dorglq", &address.dorglq},
	{"dormlq", &address.dormlq},
	{"dsytrd", &address.dsytrd},
	{"dormtr", &address.dormtr},
	{"dsterf", &address.dsterf},
	{"dstedc", &address.dstedc},
}
