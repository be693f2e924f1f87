package rsa

import (
	"math"
	"math/bits"
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

// columnStep is step for the first column of rows of width w.
func columnStep(x []float64, w int) float64 {
	for k := w; k < len(x); k += w {
		if d := x[k] - x[0]; d != 0 {
			return lowestBit(d)
		}
	}
	return 0
}

// lowestBit returns the largest power of two of which v is a multiple, 0 if that
// is below the normal numbers.
func lowestBit(v float64) float64 {
	const fraction = 1<<52 - 1
	pattern := math.Float64bits(math.Abs(v))
	exponent := int(pattern>>52) - 52 + bits.TrailingZeros64(pattern&fraction|1<<52)
	return math.Float64frombits(uint64(max(0, exponent)) << 52)
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
func unitOf(numbers []float64) float64 {
	unit := 1.0
	for _, v := range numbers {
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

// unitUpTo returns the least common multiple of the whole numbers up to n, or 1 if
// that is large.
func unitUpTo(n float64) float64 {
	numbers := make([]float64, 0, int(n))
	for v := 1.0; v <= n; v++ {
		numbers = append(numbers, v)
	}
	return unitOf(numbers)
}
