package rsa

import (
	"math"

	"netrep_go/core"
)

// Pairs returns the length of a condensed RDM of n conditions.
func Pairs(n int) int { return n * (n - 1) / 2 }

// Conditions returns the number of conditions of a condensed RDM.
func Conditions(pairs int) int {
	return int(math.Round((1 + math.Sqrt(float64(1+8*pairs))) / 2))
}

// position returns that of the entry of conditions i < j of n.
func position(n int, i, j int32) int32 { return i*int32(n) - i*(i+1)/2 + j - i - 1 }

// unvaried is the part of the mean below which a standard deviation is rounding.
const unvaried = 64 * 0x1p-52

// errRange is the error of squares that overflow.
var errRange = core.Invalidf(
	"numbers this large leave the range of float64 when they are squared: scale the data")
