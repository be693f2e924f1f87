package linalg

import "gonum.org/v1/gonum/mat"

// ColumnMeans stores the mean of each column of x in mean. The mean of a
// constant column is that constant to the last bit, so that dead units centre
// to exact zeros.
func ColumnMeans(mean []float64, x *mat.Dense) {
	m, n := x.Dims()
	varies := make([]bool, n)
	first := x.RawRowView(0)
	clear(mean)
	for i := range m {
		for j, v := range x.RawRowView(i) {
			mean[j] += v
			if v != first[j] {
				varies[j] = true
			}
		}
	}
	for j := range mean {
		if varies[j] {
			mean[j] /= float64(m)
		} else {
			mean[j] = first[j]
		}
	}
}

// SubtractRow stores x minus the row vector mean in the row-major dst, which
// may be the memory of x.
func SubtractRow(dst []float64, x *mat.Dense, mean []float64) {
	m, n := x.Dims()
	for i := range m {
		out := dst[i*n : (i+1)*n]
		for j, v := range x.RawRowView(i) {
			out[j] = v - mean[j]
		}
	}
}
