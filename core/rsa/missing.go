package rsa

import (
	"math"
	"slices"
	"unsafe"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// lack is a set of rows that are NaN in the same columns.
type lack struct {
	rows []int
	nan  []bool // nil if there are none
}

// lacking divides the rows of x by where they are NaN. The caller checks arena.Err.
func lacking(arena *cmem.Arena, x *mat.Dense) []lack {
	m, n := x.Dims()
	list, rows := cmem.Records[lack](arena, m)[:0], cmem.Slice[int](arena, m)
	at, counts := cmem.Slice[int](arena, m), cmem.Slice[int](arena, m)
	nan := cmem.Slice[bool](arena, n)
	index := map[string]int{} // heap: patterns of NaN, which are few where they are short
	for i := 0; i < m && arena.Err() == nil; i++ {
		key := markNaN(nan, x.RawRowView(i))
		k, known := index[key]
		if !known {
			k = len(list)
			list = append(list, lack{}) // heap: a record for each row is reserved
			index[key] = k
			if key != "" { // the mark is that of the pattern now, and the key with it
				list[k].nan, nan = nan, cmem.Slice[bool](arena, n)
			}
		}
		at[i] = k
		counts[k]++
	}
	if arena.Err() != nil {
		return nil
	}
	for k := range list {
		list[k].rows, rows = rows[:0:counts[k]], rows[counts[k]:]
	}
	for i, k := range at {
		list[k].rows = append(list[k].rows, i)
	}
	return list
}

// markNaN marks the columns in which a row is NaN and returns the marks as a text that
// shares their memory, or an empty one if there are none.
func markNaN(nan []bool, row []float64) string {
	if !math.IsNaN(floats.Sum(row)) {
		return ""
	}
	for k, v := range row {
		nan[k] = math.IsNaN(v)
	}
	if !slices.Contains(nan, true) { // infinities make NaN of the sum
		return ""
	}
	return unsafe.String((*byte)(unsafe.Pointer(unsafe.SliceData(nan))), len(nan))
}

// lackingAny returns the columns in which any row of matrices is NaN, nil if there are
// none. Matrices may be nil. The caller checks arena.Err.
func lackingAny(arena *cmem.Arena, n int, xs ...*mat.Dense) []bool {
	nan, set := cmem.Slice[bool](arena, n), cmem.Slice[bool](arena, n)
	found := false
	for _, x := range xs {
		if x == nil || arena.Err() != nil {
			continue
		}
		for i := range x.RawMatrix().Rows {
			if markNaN(nan, x.RawRowView(i)) == "" {
				continue
			}
			found = true
			for k, v := range nan {
				set[k] = set[k] || v
			}
		}
	}
	if !found {
		return nil
	}
	return set
}

// keep returns the positions below n where neither a nor b is set, or nil if both are
// nil. The caller checks arena.Err.
func keep(arena *cmem.Arena, n int, a, b []bool) []int32 {
	if a == nil && b == nil {
		return nil
	}
	kept := arena.Int32s(n)[:0]
	for k := 0; k < n && arena.Err() == nil; k++ {
		if (a == nil || !a[k]) && (b == nil || !b[k]) {
			kept = append(kept, int32(k))
		}
	}
	return kept
}

// unset returns how many are not set.
func unset(set []bool) (n int) {
	for _, s := range set {
		if !s {
			n++
		}
	}
	return n
}

// leastEntries is the number of entries below which RDMs are not compared.
const leastEntries = 3

func (c Comparison) tooFew(n int) error {
	if c.Controls == nil {
		return core.Invalidf("only %d entries are not NaN in both, at least %d are needed",
			n, leastEntries)
	}
	return core.Invalidf("only %d entries are not NaN in both and in the controls, at least %d "+
		"are needed with so many controls", n, c.least())
}
