package metrics

import (
	"context"

	"netrep_go/core/internal/par"
)

// maxChunks bounds how many partial sums a loop over the inputs keeps.
const maxChunks = 32

// chunks splits m inputs into at most maxChunks runs of equal length, whatever
// the number of workers: sums over the chunks, taken in order, do not depend on
// it.
type chunks struct{ m, size int }

func newChunks(m int) chunks { return chunks{m, (m + maxChunks - 1) / maxChunks} }

func (c chunks) count() int { return (c.m + c.size - 1) / c.size }

// eachInput calls f(w, chunk, i) for the inputs i of each chunk in order. A team
// of one works in the calling goroutine and leaves the Job's count of tasks alone,
// as inside a loop over pairs.
func eachInput[W any](
	ctx context.Context, c chunks, team par.Team[W], f func(w W, chunk, i int) error,
) error {
	run := func(w W, chunk int) error {
		for i := chunk * c.size; i < min(c.m, (chunk+1)*c.size); i++ {
			if err := f(w, chunk, i); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	if len(team) > 1 {
		return team.For(ctx, c.count(), run)
	}
	for chunk := range c.count() {
		if err := run(team[0], chunk); err != nil {
			return err
		}
	}
	return nil
}
