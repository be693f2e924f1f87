package par

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

func TestForVisitsEachTaskOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000} {
		for _, workers := range []int{1, 2, 7} {
			visits := make([]atomic.Int64, n)
			running := make([]atomic.Int64, workers)
			err := For(context.Background(), n, workers, func(worker, i int) error {
				if running[worker].Add(1) != 1 {
					t.Errorf("worker %d has two tasks at a time", worker)
				}
				visits[i].Add(1)
				running[worker].Add(-1)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for i := range visits {
				if visits[i].Load() != 1 {
					t.Errorf("n=%d workers=%d: task %d ran %d times", n, workers, i, visits[i].Load())
				}
			}
		}
	}
}

func TestForReturnsTheLowestError(t *testing.T) {
	for range 100 {
		err := For(context.Background(), 100, 4, func(_, i int) error {
			if i >= 10 {
				return fmt.Errorf("task %d", i)
			}
			return nil
		})
		if err == nil || err.Error() != "task 10" {
			t.Fatalf("got %v, want the error of task 10", err)
		}
	}
}

func TestForRecoversPanics(t *testing.T) {
	err := For(context.Background(), 8, 4, func(_, i int) error { panic("broken") })
	var panicked *PanicError
	if !errors.As(err, &panicked) || panicked.Value != "broken" || !strings.Contains(string(panicked.Stack), "par_test") {
		t.Fatalf("got %v, want the panic with its stack", err)
	}
	if busy.Load() != 0 {
		t.Errorf("%d workers still count as busy", busy.Load())
	}
}

func TestJobCancelsAndCounts(t *testing.T) {
	var words [ControlWords]int64
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	job := NewJob(&words, 1)
	for _, tc := range [][3]int{{0, 10, 1}, {3, 10, 3}, {3, 2, 2}, {100, 10, 4}} {
		words[wordWorkers] = int64(tc[0])
		if w := Workers(job, tc[1]); w != tc[2] {
			t.Errorf("%d wanted for %d tasks: Workers = %d, want %d", tc[0], tc[1], w, tc[2])
		}
	}
	Expect(job, 100)
	err := For(job, 100, 2, func(_, i int) error {
		if i == 10 {
			atomic.StoreInt64(&words[wordCancel], 1)
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if words[wordTotal] != 100 || words[wordDone] < 11 || words[wordDone] > 13 {
		t.Errorf("done %d of %d, want about 11 of 100", words[wordDone], words[wordTotal])
	}
}

func TestForInsideFor(t *testing.T) {
	var sum atomic.Int64
	err := For(context.Background(), 10, 4, func(_, i int) error {
		return For(context.Background(), 10, 4, func(_, j int) error {
			sum.Add(int64(10*i + j))
			return nil
		})
	})
	if err != nil || sum.Load() != 4950 {
		t.Errorf("sum %d, error %v", sum.Load(), err)
	}
}
