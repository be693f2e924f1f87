package linalg

import "math"

// Magnitude returns the power of ten that is nearest to the root mean square of n numbers
// with the given norm, and 1 if all are zero. A tolerance in this unit follows the unit of
// the data, and is the same number for all data of ordinary size.
func Magnitude(norm float64, n int) float64 {
	if norm == 0 {
		return 1
	}
	return math.Pow(10, math.Round(math.Log10(norm)-math.Log10(float64(n))/2))
}
