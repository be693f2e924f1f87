package capi

import (
	"context"

	"netrep_go/core/metrics"
)

func center(_ context.Context, a *args) error {
	mean, centered := a.outVector(), a.outMatrix()
	x := a.matrix()
	if err := a.end(); err != nil {
		return err
	}
	m, n := x.Dims()
	if err := firstError(sized(centered, m, n), length(mean, n)); err != nil {
		return err
	}
	metrics.Center(mean, centered, x)
	return nil
}

func permutationMatch(_ context.Context, a *args) error {
	cols := a.outInts()
	x, y := a.matrix(), a.matrix()
	if err := a.end(); err != nil {
		return err
	}
	m, n := x.Dims()
	if err := firstError(sized(y, m, n), length(cols, n)); err != nil {
		return err
	}
	return metrics.Match(cols, x, y)
}

// permutationDistances measures all pairs of train, or, if first > 0, the first
// networks against the others.
func permutationDistances(ctx context.Context, a *args) error {
	dTrain, dTest := a.outMatrix(), a.optionalOutMatrix()
	train, test, first := a.matrices(), a.matrices(), a.int()
	metric := metrics.Permutation{Center: a.bool(), Score: metrics.Score(a.int())}
	single := a.bool()
	if err := a.end(); err != nil {
		return err
	}
	cohort, err := metrics.NewPermutationCohort(metric, single, train, test)
	if err != nil {
		return err
	}
	defer cohort.Free()
	return distances(ctx, cohort, first, dTrain, dTest, len(test) > 0)
}
