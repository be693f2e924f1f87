package metrics

import "math"

// nearZero is the distance, relative to unit norms, below which inner products
// no longer resolve it and the residual of the aligned matrices is measured.
const nearZero = 1e-2

// between returns the score of matrices with the given inner product and norms,
// and whether it is so small that rounding in the inner product shows.
func (s Score) between(inner, na, nb float64) (d float64, near bool) {
	if s == Angular {
		d = acos(inner / (na * nb))
		return d, d < nearZero
	}
	d = math.Sqrt(max(0, na*na+nb*nb-2*inner))
	return d, d < nearZero*max(na, nb)
}

// fromChord returns the score of matrices at the distance chord, of unit norm if
// the score is Angular.
func (s Score) fromChord(chord float64) float64 {
	if s == Angular {
		return 2 * math.Asin(min(1, chord/2))
	}
	return chord
}

// acos clips its argument to [-1, 1].
func acos(x float64) float64 { return math.Acos(max(-1, min(1, x))) }
