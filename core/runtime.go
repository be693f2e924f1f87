package core

import (
	"context"

	"netrep_go/core/internal/blas"
	"netrep_go/core/internal/par"
)

// ControlWords is the length of the control block of NewJob.
const ControlWords = par.ControlWords

// NewJob returns a context that long computations report to and obey, through
// four int64 words that the caller may read and write meanwhile from another
// thread: tasks done, tasks in all, cancel if not zero, and how many workers
// to use (0 for as many threads as BLAS has, which knows CPU affinity, limits of
// containers and those that joblib sets in its workers).
func NewJob(words *[ControlWords]int64) context.Context { return par.NewJob(words, blas.Threads()) }

// BLASRoutines lists the Fortran routines that UseBLAS takes, in order.
func BLASRoutines() []string { return blas.Routines() }

// UseBLAS makes all of gonum run on the LP64 Fortran routines at the given
// addresses, as far as they are not zero. threads holds pairs of functions, int
// get(void) and void set(int), of the thread pools behind them. Only the first
// call counts.
func UseBLAS(routines, threads []uintptr) error {
	if blas.InUse() {
		return nil
	}
	blas.UseThreads(threads)
	return blas.Use(routines)
}

// OneBLASThread keeps BLAS from starting threads of its own until release is
// called.
func OneBLASThread() (release func()) { return blas.OneThread() }

// CheckBLAS runs a JSON document of test vectors on what is in use and returns
// an error that names the first mismatch.
func CheckBLAS(vectors []byte) error { return blas.Check(vectors) }

// Parallel calls f(i) for i in [0, n) as par.For does, on the workers of ctx.
func Parallel(ctx context.Context, n int, f func(i int) error) error {
	par.Expect(ctx, n)
	return par.For(ctx, n, par.Workers(ctx, n), func(_, i int) error { return f(i) })
}
