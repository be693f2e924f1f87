package capi

import (
	"context"
	"math"

	"netrep_go/core"
	"netrep_go/core/rsa"
)

// mapDraws finds the largest values of maps whose subjects are weighted.
func mapDraws(ctx context.Context, a *args) error {
	largest, t, enhanced := a.outVector(), a.outMatrix(), a.outMatrix()
	x, weights := a.matrix(), a.matrix()
	test := rsa.MapTest{
		Neighbors: rsa.Lists{Start: a.ints(), Features: a.ints()}, DF: a.float(), First: a.int(),
		Extremity: rsa.Extremity(a.option()), Alternative: rsa.Alternative(a.option()),
		Threshold: a.float(), Extent: a.float(), Height: a.float(),
	}
	subjects, points := x.Dims()
	draws, _ := weights.Dims()
	if points > math.MaxInt32 {
		return core.Invalidf("there may be 2**31 - 1 points, got %d", points)
	}
	if test.First != 0 && (test.First < 2 || test.First > subjects-2) {
		return core.Invalidf("each group must have at least 2 of %d subjects, got %d in the first",
			subjects, test.First)
	}
	err := firstError(sized(weights, draws, subjects), length(largest, draws),
		checkOptional(t, draws, points), checkOptional(enhanced, draws, points),
		length(test.Neighbors.Start, points+1), starts(test.Neighbors),
		positions(test.Neighbors.Features, 0, points, "neighbors"))
	if err != nil {
		return err
	}
	return rsa.MapDraws(ctx, largest, t, enhanced, x, weights, test)
}
