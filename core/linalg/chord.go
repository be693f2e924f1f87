package linalg

import "math"

// Chord returns |A - B| from the inner product of A and B and their norms. Rounding
// leaves errors of about eps (na^2 + nb^2) / |A - B|, so that where the result is
// small the difference has to be formed.
func Chord(inner, na, nb float64) float64 {
	return math.Sqrt(max(0, na*na+nb*nb-2*inner))
}
