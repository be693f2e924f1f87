package metrics

import (
	"fmt"
	"math"

	"netrep_go/core"
	"netrep_go/core/linalg"
)

// Score is the ground distance between two aligned activation matrices.
type Score int

const (
	// Angular is arccos <A, B> / (|A| |B|), in [0, pi].
	Angular Score = iota
	// Euclidean is the Frobenius norm |A - B|.
	Euclidean
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
		d = linalg.Chord(inner, na, nb)
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

// checkNorms checks that X and Y, whose norms are given, have an angle.
func checkNorms(na, nb float64) error {
	for i, v := range []float64{na, nb} {
		if err := usableNorm(v); err != nil {
			return fmt.Errorf("%c: %w", "XY"[i], err)
		}
	}
	return nil
}

// Norms between minNorm and maxNorm have products that neither overflow nor lose
// digits, and Gram matrices of cross-products that do not overflow.
const (
	minNorm = 1e-150
	maxNorm = 1e75
)

// usableNorm returns an error if activations of norm v have no angle to others.
func usableNorm(v float64) error {
	const outOfRange = "the norm of the activations, %.3g, is too %s for float64 products; " +
		"rescale them"
	switch {
	case v == 0:
		return core.Invalidf("the activations do not vary between samples, " +
			"so how alike others are to them is undefined")
	case math.IsNaN(v):
		return core.Invalidf("the activations contain NaN")
	case v > maxNorm:
		return core.Invalidf(outOfRange, v, "large")
	case v < minNorm:
		return core.Invalidf(outOfRange, v, "small")
	}
	return nil
}
