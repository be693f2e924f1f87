package rsa

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

// lack is a set of rows that are NaN in the same columns.
type lack struct {
	rows []int
	nan  []bool // nil if there are none
}

// lacking divides the rows of x by where they are NaN.
func lacking(x *mat.Dense) []lack {
	m, _ := x.Dims()
	var list []lack
	index := map[string]int{}
	for i := range m {
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
	return core.Invalidf("only %d entries are not NaN in both, at least %d are needed",
		n, leastEntries)
}
