package rsa

import (
	"iter"
	"math"
)

// Responses that are whole numbers, or whole multiples of a power of two, have
// products and sums without rounding as long as what is subtracted from them is
// a multiple too: their mean is not, the multiple next to it is.

// step returns a power of two of which all differences in x are multiples if x is
// on a grid of such: the lowest bit of the first difference. NaN is skipped. It is
// 0 if there is no difference.
func step(x []float64) float64 {
	first := math.NaN()
	for _, v := range x {
		switch d := v - first; {
		case math.IsNaN(d):
			if math.IsNaN(first) {
				first = v
			}
		case d != 0:
			return lowestBit(d)
		}
	}
	return 0
}

// columnStep is step for column j of rows.
func columnStep(row func(c int) []float64, rows, j int) float64 {
	first := row(0)[j]
	for c := 1; c < rows; c++ {
		if d := row(c)[j] - first; d != 0 {
			return lowestBit(d)
		}
	}
	return 0
}

// shiftToGrid moves the means of columns of so many rows onto the grids of these.
func shiftToGrid(mean []float64, rows int, row func(c int) []float64) {
	first, second := row(0), row(1)
	for j, v := range mean {
		by := lowestBit(second[j] - first[j])
		if by == 0 {
			by = columnStep(row, rows, j)
		}
		mean[j] = onGrid(v, by)
	}
}

// lowestBit returns the largest power of two of which v is a multiple, 0 if v is.
func lowestBit(v float64) float64 {
	pattern := math.Float64bits(v)
	if pattern<<12 == 0 { // v is a power of two
		return math.Abs(v)
	}
	return math.Abs(v - math.Float64frombits(pattern&(pattern-1)))
}

// onGrid returns the multiple of a step next to v, or v itself if the step is 0 or
// too fine to matter.
func onGrid(v, step float64) float64 {
	if k := v / step; math.Abs(k) < 1<<52 {
		return math.RoundToEven(k) * step
	}
	return v
}

// largestUnit bounds common multiples, which take bits of what they multiply.
const largestUnit = 1 << 12

// unitOf returns the least common multiple of positive whole numbers, or 1 if that
// is large.
func unitOf(numbers iter.Seq[float64]) float64 {
	unit := 1.0
	for v := range numbers {
		a, b := unit, v
		for b != 0 {
			a, b = b, math.Mod(a, b)
		}
		if unit *= v / a; unit > largestUnit {
			return 1
		}
	}
	return unit
}

// upTo yields the whole numbers from 1 to n.
func upTo(n float64) iter.Seq[float64] {
	return func(yield func(float64) bool) {
		for v := 1.0; v <= n && yield(v); v++ {
		}
	}
}
