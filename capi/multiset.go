package capi

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/multiset"
)

// distances fills dTrain, and dTest if the cohort has held-out data: all pairs,
// or, if first > 0, the first networks (rows) against the others (columns).
func distances(
	ctx context.Context, c multiset.Cohort, first int, dTrain, dTest *mat.Dense, heldOut bool,
) error {
	if err := checkDistances(c.Len(), first, dTrain, dTest, heldOut); err != nil {
		return err
	}
	if first != 0 {
		return multiset.CrossDistances(ctx, c, first, dTrain, dTest)
	}
	return multiset.PairwiseDistances(ctx, c, dTrain, dTest)
}

// checkDistances checks the outputs of distances between n networks.
func checkDistances(n, first int, dTrain, dTest *mat.Dense, heldOut bool) error {
	rows, cols := n, n
	if first != 0 {
		rows, cols = first, n-first
	}
	if err := sized(dTrain, rows, cols); err != nil {
		return err
	}
	if heldOut != (dTest != nil) {
		return protocolError("test data and an output for its distances must come together")
	}
	if heldOut {
		return sized(dTest, rows, cols)
	}
	return nil
}
