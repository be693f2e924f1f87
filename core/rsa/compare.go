package rsa

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Compare stores in dst the similarities of the RDMs in the rows of xs (rows) to
// those in the rows of ys (columns), or, if ys is nil, of xs to each other. Two
// RDMs are compared over the entries that neither lacks (NaN).
func Compare(ctx context.Context, dst, xs, ys *mat.Dense, c Comparison) error {
	a := &allPairs{c: c, dst: dst, xs: xs, ys: ys}
	if ys == nil {
		a.ys, a.symmetric = xs, !c.strategy().traits().directed
	}
	if ys == nil && c.strategy().traits().joint {
		return core.Invalidf("%v needs models", c.Similarity)
	}
	var arena cmem.Arena
	defer arena.Free()
	rows, cols := lacking(&arena, a.xs), a.columns(&arena)
	if err := arena.Err(); err != nil {
		return err
	}
	for i, x := range rows {
		for j, y := range cols {
			if a.symmetric && j < i {
				continue
			}
			if err := a.group(ctx, x, y, ys == nil && i == j); err != nil {
				return err
			}
		}
	}
	return nil
}

// allPairs is the state of Compare.
type allPairs struct {
	c           Comparison
	dst, xs, ys *mat.Dense
	symmetric   bool
}

// columns divides the rows of ys by where they are NaN. Those that are compared together
// lack what any of them does.
func (a *allPairs) columns(arena *cmem.Arena) []lack {
	if !a.c.strategy().traits().joint {
		return lacking(arena, a.ys)
	}
	n, pairs := a.ys.Dims()
	all := lack{rows: cmem.Slice[int](arena, n), nan: lackingAny(arena, pairs, a.ys)}
	for k := range all.rows {
		all.rows[k] = k
	}
	return []lack{all} // heap: one
}

// group compares the rows x of xs with the rows y of ys, which lack the same
// entries each.
func (a *allPairs) group(ctx context.Context, x, y lack, same bool) error {
	_, pairs := a.xs.Dims()
	var arena cmem.Arena
	defer arena.Free()
	m, err := newComparer(&arena, a.c, pairs, keep(&arena, pairs, x.nan, y.nan))
	if err != nil {
		if m.size < a.c.least() {
			return core.Errorf("%v and %v: %w", core.RDM(x.rows[0]), a.other(y.rows[0]), err)
		}
		return err
	}
	team := par.NewTeam(&arena, par.Workers(ctx, len(x.rows)+len(y.rows)), m.newScratch)
	rows := m.newForms(&arena, len(x.rows))
	cols := rows
	if !same {
		cols = m.newForms(&arena, len(y.rows))
	}
	if err := arena.Err(); err != nil {
		return err
	}
	if err := a.prepare(ctx, m, team, rows, a.xs, x.rows, core.RDM); err != nil {
		return err
	}
	if !same {
		if err := a.prepare(ctx, m, team, cols, a.ys, y.rows, a.other); err != nil {
			return err
		}
	}
	if err := m.relate(cols); err != nil {
		return err
	}
	return a.tiles(ctx, m, team, rows, cols, x.rows, y.rows, same)
}

// other is the subject that is row j of ys.
func (a *allPairs) other(j int) core.Subject {
	if a.symmetric {
		return core.RDM(j)
	}
	return core.Model(j)
}

func (a *allPairs) prepare(
	ctx context.Context, m *comparer, team par.Team[*scratch], forms []form,
	xs *mat.Dense, rows []int, subject func(int) core.Subject,
) error {
	par.Expect(ctx, len(rows))
	return team.For(ctx, len(rows), func(s *scratch, k int) error {
		if err := m.prepare(&forms[k], xs.RawRowView(rows[k]), s); err != nil {
			return core.Errorf("%v: %w", subject(rows[k]), err)
		}
		return nil
	})
}

// tiles compares prepared RDMs, which are in rows x and columns y of the result,
// and stores what is symmetric on either side: then only tiles on and above the
// diagonal are needed if rows and columns are the same.
func (a *allPairs) tiles(
	ctx context.Context, m *comparer, team par.Team[*scratch],
	rows, cols []form, x, y []int, same bool,
) error {
	side := tileSize
	if !m.traits.inner {
		side = 4
	}
	var list cmem.List[[2]int]
	defer list.Free()
	for i := 0; i < len(rows); i += side {
		for j := 0; j < len(cols); j += side {
			if !(same && a.symmetric) || j >= i {
				list.Add([2]int{i, j})
			}
		}
	}
	if err := list.Err(); err != nil {
		return err
	}
	corners := list.Items()
	par.Expect(ctx, len(corners))
	return team.For(ctx, len(corners), func(s *scratch, t int) error {
		i0, j0 := corners[t][0], corners[t][1]
		i1, j1 := min(i0+side, len(rows)), min(j0+side, len(cols))
		tile := s.tile[:]
		if err := m.tile(tile, rows[i0:i1], cols[j0:j1], s); err != nil {
			return err
		}
		for i := i0; i < i1; i++ {
			for j := j0; j < j1; j++ {
				v := tile[(i-i0)*(j1-j0)+j-j0]
				a.dst.Set(x[i], y[j], v)
				if a.symmetric {
					a.dst.Set(y[j], x[i], v)
				}
			}
		}
		return nil
	})
}
