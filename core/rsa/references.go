package rsa

import (
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// references are RDMs that others are compared with one at a time: prepared once,
// they may be used by many workers.
type references struct {
	m     *comparer
	forms []form
	arena cmem.Arena
}

// newReferences prepares the RDMs in the rows of ys, which must be freed. Entries
// that any of them lacks (NaN) do not count.
func newReferences(ys *mat.Dense, c Comparison) (*references, error) {
	n, pairs := ys.Dims()
	r := &references{}
	kept := keep(&r.arena, pairs, lackingAny(&r.arena, pairs, ys), nil)
	m, err := newComparer(&r.arena, c, pairs, kept)
	if err != nil {
		r.free()
		return nil, err
	}
	r.m = m
	r.forms = m.newForms(&r.arena, n)
	s := m.newScratch(&r.arena)
	err = r.arena.Err()
	for k := range r.forms {
		if err == nil {
			if err = m.prepare(&r.forms[k], ys.RawRowView(k), s); err != nil {
				err = core.Errorf("%v: %w", core.Model(k), err)
			}
		}
	}
	if err == nil {
		err = m.relate(r.forms)
	}
	if err != nil {
		r.free()
		return nil, err
	}
	return r, nil
}

func (r *references) free() { r.arena.Free() }
