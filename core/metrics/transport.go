package metrics

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/optimize"
)

// Transport is how much each unit of a network has to send, each unit of another one can
// take, and how much is sent in all.
type Transport struct {
	Supply, Room, Mass float64
}

// Minimize stores in flow, q x p, what goes to each of q units from each of p, so that the
// sum of flow times the p x q cost is as small as can be. The rows of steps, if it is not
// nil, get the shortest paths in their order: what was sent, its cost a unit, and the
// units at the ends. It returns their number, 0 without steps, and an error if there are more
// than steps has rows. It is faster for p <= q if
// supply and room are the same, and for p > q if they are not.
func (t Transport) Minimize(ctx context.Context, flow, steps, cost *mat.Dense) (int, error) {
	p, q := cost.Dims()
	var arena cmem.Arena
	defer arena.Free()
	all := float64(p) * t.Supply
	entire := steps == nil && t.Mass >= all
	if entire && t.Supply == t.Room && p <= q {
		return 0, t.assign(&arena, flow, cost)
	}
	flows, costs := flow.RawMatrix().Data, cost.RawMatrix().Data
	if entire && all == float64(q)*t.Room {
		simplex := optimize.NewSimplex(&arena, p, q)
		if err := arena.Err(); err != nil {
			return 0, err
		}
		simplex.Minimize(flows, costs, t.Supply, t.Room, func() bool { return ctx.Err() != nil })
		return 0, ctx.Err()
	}
	paths := optimize.NewTransport(&arena, p, q)
	if err := arena.Err(); err != nil {
		return 0, err
	}
	paths.Start(flows, costs, t.Supply, t.Room)
	return t.follow(ctx, paths, steps)
}

// assign sends all that a row has to one column.
func (t Transport) assign(arena *cmem.Arena, flow, cost *mat.Dense) error {
	p, q := cost.Dims()
	assignment := optimize.NewAssignment(arena, q)
	if err := arena.Err(); err != nil {
		return err
	}
	flow.Zero()
	for i, j := range assignment.Minimize(cost.RawMatrix().Data, p, q) {
		flow.Set(int(j), i, t.Supply)
	}
	return nil
}

// follow sends along shortest paths, stores them in steps, and returns their number there.
func (t Transport) follow(
	ctx context.Context, paths *optimize.Transport, steps *mat.Dense,
) (n int, err error) {
	for left := t.Mass; left > 0 && ctx.Err() == nil; {
		step := paths.Send(left)
		if step.Sent == 0 {
			break
		}
		left -= step.Sent
		if steps != nil {
			if n == steps.RawMatrix().Rows {
				return 0, core.Invalidf("steps must have a row for each path, got %d", n)
			}
			row, column := float64(step.Row), float64(step.Column)
			steps.SetRow(n, []float64{step.Sent, step.Cost, row, column})
			n++
		}
	}
	return n, ctx.Err()
}
