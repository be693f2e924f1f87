package optimize

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// factor is the lower Cholesky factor L of a matrix that gains and loses rows,
// packed by rows, with the solutions z and u of L z = c and L u = y.
type factor struct {
	l              []float64 // row i begins at i (i+1) / 2
	z, u           []float64
	combination    []float64
	cosines, sines []float64
}

// leastPivot is the squared sine of the angle between a column and the active
// ones below which it counts as dependent on them.
const leastPivot = 1e-14

// safePivot is the squared sine above which a column is taken for independent
// without a look at what rounding made of it.
const safePivot = 1e-3

// pivotRounding is the error of a pivot in units of the squared length of the
// combination of columns that it is the height of: some of what one product has.
const pivotRounding = 4 * 0x1p-53

func newFactor(arena *cmem.Arena, n int) factor {
	return factor{
		l:           arena.Float64s(n * (n + 1) / 2),
		z:           arena.Float64s(n),
		combination: arena.Float64s(n),
		u:           arena.Float64s(n),
		cosines:     arena.Float64s(n),
		sines:       arena.Float64s(n),
	}
}

// row returns row i of L, whose last element is on the diagonal.
func (f *factor) row(i int) []float64 { return f.l[i*(i+1)/2 : i*(i+1)/2+i+1] }

// complete turns row k, which holds the off-diagonal elements of the matrix, into
// the row of L, given the element on the diagonal. It returns false if the pivot
// is negligible.
func (f *factor) complete(k int, diagonal float64) bool {
	row := f.row(k)
	pivot := diagonal
	for i := range k {
		above := f.row(i)
		row[i] = (row[i] - floats.Dot(above[:i], row[:i])) / above[i]
		pivot -= row[i] * row[i]
	}
	if !(pivot > leastPivot*diagonal) {
		return false
	}
	if pivot < safePivot*diagonal && f.isRounding(k, pivot, diagonal) {
		return false
	}
	row[k] = math.Sqrt(pivot)
	return true
}

// isRounding reports whether a pivot may be nothing but the rounding of the
// matrix: that is (sum_i |v_i| |s_i|)² where column k is nearest to the combination
// v of the others, large where these are almost dependent.
func (f *factor) isRounding(k int, pivot, diagonal float64) bool {
	v := f.combination[:k]
	copy(v, f.row(k)[:k])
	f.backward(v)
	size := math.Sqrt(diagonal)
	for i, x := range v {
		row := f.row(i)
		size += math.Abs(x) * floats.Norm(row[:i+1], 2)
	}
	return pivot <= pivotRounding*size*size
}

// solve computes z_k and u_k, given c_k and y_k.
func (f *factor) solve(k int, c, y float64) {
	row := f.row(k)
	f.z[k] = (c - floats.Dot(row[:k], f.z[:k])) / row[k]
	f.u[k] = 0
	if y != 0 {
		f.u[k] = (y - floats.Dot(row[:k], f.u[:k])) / row[k]
	}
}

// backward solves L'x = x in place.
func (f *factor) backward(x []float64) {
	for i := len(x) - 1; i >= 0; i-- {
		row := f.row(i)
		x[i] /= row[i]
		floats.AddScaled(x[:i], -x[i], row[:i])
	}
}

// remove takes row and column p out of the matrix of k rows: the rows below move
// up, and rotations of neighboring columns make L triangular again.
func (f *factor) remove(p, k int) {
	for i := p; i < k-1; i++ {
		row, below := f.row(i), f.row(i+1)
		copy(row[:p], below)
		left := below[p]
		for q := p; q < i; q++ {
			c, s := f.cosines[q], f.sines[q]
			row[q] = c*left + s*below[q+1]
			left = c*below[q+1] - s*left
		}
		r := math.Hypot(left, below[i+1])
		c, s := left/r, below[i+1]/r
		f.cosines[i], f.sines[i] = c, s
		row[i] = r
		f.z[i], f.z[i+1] = c*f.z[i]+s*f.z[i+1], c*f.z[i+1]-s*f.z[i]
		f.u[i], f.u[i+1] = c*f.u[i]+s*f.u[i+1], c*f.u[i+1]-s*f.u[i]
	}
}
