package metrics

import (
	"math"

	"netrep_go/core"
)

// nearEnd is the distance from 0 or pi, relative to unit norms, below which
// inner products no longer resolve an angle, and the difference or the sum of
// the aligned matrices is measured.
const nearEnd = 1e-2

// end tells which end of its range a distance is near to.
type end int

const (
	between end = iota
	nearZero
	nearPi
)

// distance returns the score of matrices with the given inner product and norms,
// and whether it is so near to an end that rounding in the inner product shows.
func (s Score) distance(inner, na, nb float64) (d float64, near end) {
	if s == Euclidean {
		d = math.Sqrt(max(0, na*na+nb*nb-2*inner))
		if d < nearEnd*max(na, nb) {
			near = nearZero
		}
		return d, near
	}
	d = acos(inner / (na * nb))
	switch {
	case d < nearEnd:
		near = nearZero
	case math.Pi-d < nearEnd:
		near = nearPi
	}
	return d, near
}

// fromChord returns the score of matrices whose difference, or sum if near is
// nearPi, has the norm chord; they are of unit norm if the score is Angular.
func (s Score) fromChord(chord float64, near end) float64 {
	if s == Euclidean {
		return chord
	}
	angle := 2 * math.Asin(min(1, chord/2))
	if near == nearPi {
		return math.Pi - angle
	}
	return angle
}

// check returns an error unless s is one of the scores.
func (s Score) check() error {
	if s != Angular && s != Euclidean {
		return core.Invalidf("unknown score %d", s)
	}
	return nil
}

// acos clips its argument to [-1, 1].
func acos(x float64) float64 { return math.Acos(max(-1, min(1, x))) }
