package capi

import (
	"context"

	"netrep_go/core/metrics"
)

// ckaDistances measures all pairs of train, and of test, or, if first > 0, the
// first networks against the others.
func ckaDistances(ctx context.Context, a *args) error {
	dTrain, dTest := a.outMatrix(), a.outMatrix()
	train, test, first := a.matrices(), a.matrices(), a.int()
	cka := metrics.CKA{Center: a.bool(), Unbiased: a.option() == 1, Cosine: a.option() == 1}
	if err := checkDistances(len(train), first, dTrain, dTest, len(test) > 0); err != nil {
		return err
	}
	return cka.Distances(ctx, dTrain, dTest, train, test, first)
}
