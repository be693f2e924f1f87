package rsa

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// Compare stores in dst the similarities of the RDMs in the rows of xs (rows) to
// those in the rows of ys (columns), or, if ys is nil, of xs to each other. Two
// RDMs are compared over the entries that neither lacks (NaN).
func Compare(ctx context.Context, dst, xs, ys *mat.Dense, c Comparison) error {
	a := &allPairs{c: c, dst: dst, xs: xs, ys: ys, symmetric: ys == nil && c.symmetric()}
	if ys == nil {
		a.ys = xs
	}
	rows, cols := lacking(a.xs), lacking(a.ys)
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

func rowCount(x *mat.Dense) int { m, _ := x.Dims(); return m }

// lack is a set of rows that are NaN in the same columns.
type lack struct {
	rows []int
	nan  []bool // nil if there are none
}

// lacking divides the rows of x by where they are NaN.
func lacking(x *mat.Dense) []lack {
	var list []lack
	index := map[string]int{}
	for i := range rowCount(x) {
		row, key := x.RawRowView(i), ""
		if math.IsNaN(floats.Sum(row)) {
			where := make([]byte, len(row))
			for k, v := range row {
				if math.IsNaN(v) {
					where[k] = 1
				}
			}
			key = string(where)
		}
		at, ok := index[key]
		if !ok {
			at = len(list)
			index[key] = at
			list = append(list, lack{nan: isSet(key)})
		}
		list[at].rows = append(list[at].rows, i)
	}
	return list
}

func isSet(key string) []bool {
	if key == "" {
		return nil
	}
	set := make([]bool, len(key))
	for k := range set {
		set[k] = key[k] != 0
	}
	return set
}

// allPairs is the state of Compare.
type allPairs struct {
	c           Comparison
	dst, xs, ys *mat.Dense
	symmetric   bool
}

// group compares the rows x of xs with the rows y of ys, which lack the same
// entries each.
func (a *allPairs) group(ctx context.Context, x, y lack, same bool) error {
	_, pairs := a.xs.Dims()
	m, err := newComparer(a.c, pairs, keep(pairs, x.nan, y.nan))
	if err != nil {
		if m.size < leastEntries {
			return fmt.Errorf("rdms[%d] and others[%d]: %w", x.rows[0], y.rows[0], err)
		}
		return err
	}
	var arena cmem.Arena
	defer arena.Free()
	workers := make([]*Scratch, par.Workers(ctx, len(x.rows)+len(y.rows)))
	for w := range workers {
		workers[w] = m.newScratch(&arena)
	}
	rows := m.newForms(&arena, len(x.rows))
	cols := rows
	if !same {
		cols = m.newForms(&arena, len(y.rows))
	}
	if err := arena.Err(); err != nil {
		return err
	}
	if err := a.prepare(ctx, m, workers, rows, a.xs, x.rows, "rdms"); err != nil {
		return err
	}
	if !same {
		if err := a.prepare(ctx, m, workers, cols, a.ys, y.rows, "others"); err != nil {
			return err
		}
	}
	return a.tiles(ctx, m, workers, rows, cols, x.rows, y.rows, same)
}

func (a *allPairs) prepare(ctx context.Context, m *comparer, workers []*Scratch, forms []form, xs *mat.Dense, rows []int, name string) error {
	par.Expect(ctx, len(rows))
	return par.For(ctx, len(rows), len(workers), func(w, k int) error {
		if err := m.prepare(&forms[k], xs.RawRowView(rows[k]), workers[w]); err != nil {
			return fmt.Errorf("%s[%d]: %w", name, rows[k], err)
		}
		return nil
	})
}

// tileSize is the number of RDMs of a task on either side.
const tileSize = 32

// tiles compares prepared RDMs, which are in rows x and columns y of the result,
// and stores what is symmetric on either side: then only tiles on and above the
// diagonal are needed if rows and columns are the same.
func (a *allPairs) tiles(ctx context.Context, m *comparer, workers []*Scratch, rows, cols []form, x, y []int, same bool) error {
	side := tileSize
	if !m.inner() {
		side = 4
	}
	var list [][2]int
	for i := 0; i < len(rows); i += side {
		for j := 0; j < len(cols); j += side {
			if !(same && a.symmetric) || j >= i {
				list = append(list, [2]int{i, j})
			}
		}
	}
	par.Expect(ctx, len(list))
	return par.For(ctx, len(list), len(workers), func(w, t int) error {
		i0, j0 := list[t][0], list[t][1]
		i1, j1 := min(i0+side, len(rows)), min(j0+side, len(cols))
		tile := workers[w].tile[:]
		if err := m.tile(tile, rows[i0:i1], cols[j0:j1], workers[w]); err != nil {
			return err
		}
		for i := i0; i < i1; i++ {
			for j := j0; j < j1; j++ {
				s := tile[(i-i0)*(j1-j0)+j-j0]
				a.dst.Set(x[i], y[j], s)
				if a.symmetric {
					a.dst.Set(y[j], x[i], s)
				}
			}
		}
		return nil
	})
}

// tile stores the similarities of all rows to all columns in dst.
func (m *comparer) tile(dst []float64, rows, cols []form, s *Scratch) error {
	if m.inner() {
		k := len(cols)
		linalg.Gemm(blas.NoTrans, blas.Trans, len(rows), k, m.size, 1, rows[0].vectors(), m.stride(), cols[0].duals(), m.stride(), 0, dst, k)
		for t, v := range dst[:len(rows)*k] {
			dst[t] = max(-1, min(1, v))
		}
		return nil
	}
	for i := range rows {
		for j := range cols {
			v, err := m.compare(&rows[i], &cols[j], s)
			if err != nil {
				return err
			}
			dst[i*len(cols)+j] = v
		}
	}
	return nil
}

// References are RDMs that others are compared with one at a time: prepared once,
// they may be used by many workers.
type References struct {
	m     *comparer
	forms []form
	arena cmem.Arena
}

// NewReferences prepares the RDMs in the rows of ys, which must be freed. Entries
// that any of them lacks (NaN) do not count.
func NewReferences(ys *mat.Dense, c Comparison) (*References, error) {
	n, pairs := ys.Dims()
	var nan []bool
	for _, l := range lacking(ys) {
		nan = either(nan, l.nan)
	}
	m, err := newComparer(c, pairs, keep(pairs, nan, nil))
	if err != nil {
		return nil, err
	}
	r := &References{m: m}
	r.forms = m.newForms(&r.arena, n)
	s := m.newScratch(&r.arena)
	err = r.arena.Err()
	for k := range r.forms {
		if err == nil {
			if err = m.prepare(&r.forms[k], ys.RawRowView(k), s); err != nil {
				err = fmt.Errorf("models[%d]: %w", k, err)
			}
		}
	}
	if err != nil {
		r.Free()
		return nil, err
	}
	return r, nil
}

// Free releases the memory of the references and of all scratch made by them.
func (r *References) Free() { r.arena.Free() }

// NewScratch returns what one worker needs for Compare. It may not be called by
// two at a time.
func (r *References) NewScratch() (*Scratch, error) {
	s := r.m.newScratch(&r.arena)
	s.query = r.m.newForms(&r.arena, 1)
	return s, r.arena.Err()
}

// Compare stores the similarities of the RDM x to all references in dst.
func (r *References) Compare(dst, x []float64, s *Scratch) error {
	if err := r.m.prepare(&s.query[0], x, s); err != nil {
		return err
	}
	for k := range r.forms {
		v, err := r.m.compare(&s.query[0], &r.forms[k], s)
		if err != nil {
			return err
		}
		dst[k] = v
	}
	return nil
}

// keep returns the positions below n where neither a nor b is set, or nil if
// that is everywhere.
func keep(n int, a, b []bool) []int32 {
	set := either(a, b)
	if set == nil {
		return nil
	}
	kept := make([]int32, 0, n)
	for k, s := range set {
		if !s {
			kept = append(kept, int32(k))
		}
	}
	return kept
}

func either(a, b []bool) []bool {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	set := make([]bool, len(a))
	for k := range set {
		set[k] = a[k] || b[k]
	}
	return set
}

// leastEntries is the number of entries below which RDMs are not compared.
const leastEntries = 3

func tooFew(n int) error {
	return core.Invalidf("only %d entries are not NaN in both, at least %d are needed", n, leastEntries)
}
