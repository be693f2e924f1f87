package par

import (
	"context"
	"sync/atomic"
)

// Words of a Job's control block.
const (
	wordDone    = iota // tasks finished
	wordTotal          // tasks in all, set by Expect
	wordCancel         // not zero: stop
	wordWorkers        // workers wanted, 0 for the standard
	ControlWords
)

// Job is a context that is steered and watched through four int64 words in
// memory shared with the caller: tasks done, tasks in all, cancel, workers.
// The caller may write cancel at any time from another thread and read the
// others. Err must be polled: a Job has no Done channel.
type Job struct {
	context.Context
	words    *[ControlWords]int64
	standard int
}

// NewJob returns a context over the control words, which must outlive it.
// standard is the number of workers where the words wish for none, 0 for
// GOMAXPROCS.
func NewJob(words *[ControlWords]int64, standard int) *Job {
	return &Job{context.Background(), words, standard}
}

// Err returns context.Canceled once the cancel word is set.
func (j *Job) Err() error {
	if atomic.LoadInt64(&j.words[wordCancel]) != 0 {
		return context.Canceled
	}
	return nil
}

// Value lets jobOf find the Job below other contexts.
func (j *Job) Value(key any) any {
	if key == (jobKey{}) {
		return j
	}
	return j.Context.Value(key)
}

// Workers is the number of workers that the caller asked for, 0 for GOMAXPROCS.
func (j *Job) Workers() int {
	if n := atomic.LoadInt64(&j.words[wordWorkers]); n > 0 {
		return int(n)
	}
	return j.standard
}

func (j *Job) advance() {
	if j != nil {
		atomic.AddInt64(&j.words[wordDone], 1)
	}
}

// Expect adds n to the number of tasks that the context's Job, if it has one,
// shows as its total.
func Expect(ctx context.Context, n int) {
	if j := jobOf(ctx); j != nil {
		atomic.AddInt64(&j.words[wordTotal], int64(n))
	}
}

type jobKey struct{}

func jobOf(ctx context.Context) *Job {
	j, _ := ctx.Value(jobKey{}).(*Job)
	return j
}
