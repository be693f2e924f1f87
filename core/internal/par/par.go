// Package par is the only place that starts goroutines. A loop stops early on
// the first error, on a cancelled context and on a panic, which comes back as
// an error: an unrecovered panic in a goroutine would kill the interpreter.
package par

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// busy counts the workers beyond the callers that run anywhere in the process,
// so that calls from several Python threads share the cores instead of
// multiplying their workers. The caller of For always works and is not counted.
var busy atomic.Int64

// PanicError is a recovered panic with the stack of the goroutine it broke.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("panic: %v\n\n%s", e.Value, e.Stack)
}

// Recover turns a panic of the calling function into a *PanicError in *err.
// It must be deferred directly.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// Workers returns how many workers For would use at most for n tasks: the
// number asked for by the context's Job, but never more than GOMAXPROCS or n and
// never less than one. Callers allocate that many workspaces.
func Workers(ctx context.Context, n int) int {
	w := runtime.GOMAXPROCS(0)
	if job := jobOf(ctx); job != nil && job.Workers() > 0 {
		w = min(w, job.Workers())
	}
	return max(1, min(w, n))
}

// For calls f(worker, i) once for each i in [0, n), on at most workers
// goroutines; worker is in [0, workers) and no two calls share it at a time.
// Tasks are handed out in order, one by one. Which worker takes a task is not
// fixed, so a result may depend on i alone.
//
// For returns the error of the lowest-numbered task that failed, or the
// context's error. Every finished task advances the context's Job by one.
func For(ctx context.Context, n, workers int, f func(worker, i int) error) error {
	loop := loop{job: jobOf(ctx), n: int64(n), f: f}
	var wg sync.WaitGroup
	for worker := 1; worker < min(workers, n); worker++ {
		if busy.Add(1) >= int64(runtime.GOMAXPROCS(0)) {
			busy.Add(-1)
			break
		}
		wg.Go(func() {
			defer busy.Add(-1)
			loop.run(ctx, worker)
		})
	}
	loop.run(ctx, 0)
	wg.Wait()
	if loop.err != nil {
		return loop.err
	}
	return ctx.Err()
}

// loop is the state that the workers of one For share.
type loop struct {
	job     *Job
	n       int64
	f       func(worker, i int) error
	next    atomic.Int64
	stopped atomic.Bool

	mu     sync.Mutex
	err    error
	failed int64
}

func (l *loop) run(ctx context.Context, worker int) {
	for !l.stopped.Load() && ctx.Err() == nil {
		i := l.next.Add(1) - 1
		if i >= l.n {
			return
		}
		if err := l.call(worker, int(i)); err != nil {
			l.fail(i, err)
			return
		}
		l.job.advance()
	}
}

func (l *loop) call(worker, i int) (err error) {
	defer Recover(&err)
	return l.f(worker, i)
}

// fail keeps the error of the lowest task: tasks are handed out in order, so
// every task below a failed one has been started and will report.
func (l *loop) fail(i int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil || i < l.failed {
		l.err, l.failed = err, i
	}
	l.stopped.Store(true)
}
