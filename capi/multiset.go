package capi

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/multiset"
)

// distances fills dTrain, and dTest if the cohort has held-out data: all pairs,
// or, if first > 0, the first networks (rows) against the others (columns).
func distances(ctx context.Context, c multiset.Cohort, first int, dTrain, dTest *mat.Dense, heldOut bool) error {
	rows, cols := c.Len(), c.Len()
	if first != 0 {
		rows, cols = first, c.Len()-first
	}
	if err := sized(dTrain, rows, cols); err != nil {
		return err
	}
	if heldOut != (dTest != nil) {
		return protocolError("test data and an output for its distances must come together")
	}
	if heldOut {
		if err := sized(dTest, rows, cols); err != nil {
			return err
		}
	}
	if first != 0 {
		return multiset.CrossDistances(ctx, c, first, dTrain, dTest)
	}
	return multiset.PairwiseDistances(ctx, c, dTrain, dTest)
}
