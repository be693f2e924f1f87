package linalg

import (
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// ColumnMeans stores the mean of each column of x in mean. The mean of a
// constant column is that constant to the last bit, so that dead units center
// to exact zeros.
func ColumnMeans(mean []float64, x *mat.Dense) {
	m, _ := x.Dims()
	clear(mean)
	for i := range m {
		floats.Add(mean, x.RawRowView(i))
	}
	floats.Scale(1/float64(m), mean)
	for j := range mean {
		if isConstant(x, j) {
			mean[j] = x.At(0, j)
		}
	}
}

func isConstant(x *mat.Dense, j int) bool {
	m, _ := x.Dims()
	raw := x.RawMatrix()
	for i := 1; i < m; i++ {
		if raw.Data[i*raw.Stride+j] != raw.Data[j] {
			return false
		}
	}
	return true
}

// Varying returns the number of columns of x that are not their mean all over, zero if
// mean is nil.
func Varying(x *mat.Dense, mean []float64) int {
	_, n := x.Dims()
	count := 0
	for j := range n {
		var at float64
		if mean != nil {
			at = mean[j]
		}
		if !isConstant(x, j) || x.At(0, j) != at {
			count++
		}
	}
	return count
}

// SubtractRow stores x minus the row vector mean in the row-major dst, which
// may be the memory of x.
func SubtractRow(dst []float64, x *mat.Dense, mean []float64) {
	m, n := x.Dims()
	for i := range m {
		floats.AddScaledTo(dst[i*n:(i+1)*n], x.RawRowView(i), -1, mean)
	}
}
