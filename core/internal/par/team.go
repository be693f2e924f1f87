package par

import (
	"context"

	"netrep_go/core/internal/cmem"
)

// Each calls task(w, i) once for each i in [0, n), as For does, on all workers of
// the context. Each worker has a w of its own, which newWorker makes in memory
// that is freed at the end. The tasks are added to those that the context's Job
// expects. Without enough memory, Each returns ErrNoMemory before the first task.
//
// newWorker must look at the arena's Err before it writes to what it allocates,
// which is nil after an error.
func Each[W any](
	ctx context.Context, n int, newWorker func(*cmem.Arena) W, task func(w W, i int) error,
) error {
	var arena cmem.Arena
	defer arena.Free()
	team := NewTeam(&arena, Workers(ctx, n), newWorker)
	if err := arena.Err(); err != nil {
		return err
	}
	Expect(ctx, n)
	return team.For(ctx, n, task)
}

// Team holds what each worker has for itself, for callers that run several loops
// on it.
type Team[W any] []W

// NewTeam makes a team of the given size in memory of the arena. The caller checks
// arena.Err. newWorker is as in Each.
func NewTeam[W any](arena *cmem.Arena, workers int, newWorker func(*cmem.Arena) W) Team[W] {
	team := make(Team[W], workers) // heap: one a worker
	for k := range team {
		team[k] = newWorker(arena)
	}
	return team
}

// For is the loop For on the team. Like that it leaves Expect to the caller.
func (t Team[W]) For(ctx context.Context, n int, task func(w W, i int) error) error {
	return For(ctx, n, len(t), func(worker, i int) error { return task(t[worker], i) })
}
