package linalg

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Norm returns the Frobenius norm of x: the root of the sum of squares, and the slower
// mat.Norm where that sum is out of range.
func Norm(x *mat.Dense) float64 {
	var sum float64
	raw := x.RawMatrix()
	for i := range raw.Rows {
		row := raw.Data[i*raw.Stride:][:raw.Cols]
		sum += floats.Dot(row, row)
	}
	const least, most = 1e-250, 1e250
	if least < sum && sum < most {
		return math.Sqrt(sum)
	}
	return mat.Norm(x, 2)
}

// Magnitude returns the power of ten that is nearest to the root mean square of n numbers
// with the given norm, and 1 if all are zero. A tolerance in this unit follows the unit of
// the data, and is the same number for all data of ordinary size.
func Magnitude(norm float64, n int) float64 {
	if norm == 0 {
		return 1
	}
	return math.Pow(10, math.Round(math.Log10(norm)-math.Log10(float64(n))/2))
}
