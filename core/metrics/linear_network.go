package metrics

import (
	"math"

	"netrep_go/core/linalg"
)

// linearNetwork is what the pairs of a network need of it: its centered and
// whitened activations in an orthonormal basis of the directions in which it
// varies. Whitened matrices lack the factor that preserves the variance, which
// depends on the width that a pair is padded to.
type linearNetwork struct {
	train, test   samples
	rank, width   int
	norm          float64 // |train|
	spread        float64 // about the smallest over the largest singular value
	lost          float64 // sum of the norms of the directions left out
	testNorm      float64 // |test|, with what lies outside of the basis
	testRest      float64 // norm of what lies outside of the basis
	before, after float64 // total variance before and after whitening
	gains         linalg.Gains
}

// scaleAt is the factor by which whitening at padded width n preserves the
// variance of the network.
func (net *linearNetwork) scaleAt(n int, w linalg.Whitening) float64 {
	if w.Identity() {
		return 1
	}
	before, after := net.gains.Variance(0)
	padding := float64(n - net.width)
	return math.Sqrt((net.before + padding*before) / (net.after + padding*after))
}

// blockRows is the number of rows that are multiplied in one go where a whole
// product would double the memory.
const blockRows = 64
