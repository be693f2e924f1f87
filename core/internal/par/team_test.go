package par

import (
	"context"
	"errors"
	"math"
	"testing"

	"netrep_go/core/internal/cmem"
)

// sums is what a worker of the tests has for itself.
type sums struct {
	memory []float64
	tasks  int
}

func newSums(arena *cmem.Arena) *sums { return &sums{memory: arena.Float64s(100)} }

func TestEachGivesEveryWorkerItsOwn(t *testing.T) {
	var words [ControlWords]int64
	words[wordWorkers] = 3
	var team []*sums
	newWorker := func(arena *cmem.Arena) *sums {
		team = append(team, newSums(arena))
		return team[len(team)-1]
	}
	seen := make([]float64, 100)
	err := Each(NewJob(&words, 0), len(seen), newWorker, func(w *sums, i int) error {
		w.memory[i]++
		w.tasks++
		seen[i] = w.memory[i]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	tasks := 0
	for _, w := range team {
		tasks += w.tasks
	}
	if want := Workers(NewJob(&words, 0), len(seen)); len(team) != want || tasks != len(seen) {
		t.Errorf("%d workers did %d tasks, want %d and %d", len(team), tasks, want, len(seen))
	}
	for i, v := range seen {
		if v != 1 {
			t.Errorf("task %d left %g in fresh memory", i, v)
		}
	}
	if words[wordTotal] != 100 || words[wordDone] != 100 {
		t.Errorf("done %d of %d, want all of 100", words[wordDone], words[wordTotal])
	}
}

func TestEachReportsErrors(t *testing.T) {
	var words [ControlWords]int64
	job := NewJob(&words, 0)
	huge := func(arena *cmem.Arena) *sums { return &sums{memory: arena.Float64s(math.MaxInt / 16)} }
	err := Each(job, 5, huge, func(*sums, int) error {
		t.Error("a task ran without memory")
		return nil
	})
	if !errors.Is(err, cmem.ErrNoMemory) || words[wordTotal] != 0 {
		t.Errorf("got %v and %d tasks expected, want ErrNoMemory and none", err, words[wordTotal])
	}
	failed := errors.New("failed")
	err = Each(context.Background(), 5, newSums, func(_ *sums, i int) error {
		if i == 2 {
			return failed
		}
		return nil
	})
	if err != failed {
		t.Errorf("got %v, want the error of task 2", err)
	}
}
