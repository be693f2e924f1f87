package capi

import (
	"context"

	"netrep_go/core/metrics"
)

func center(_ context.Context, a *args) error {
	metrics.Center(a.outVector(), a.outMatrix(), a.matrix())
	return nil
}

func permutationMatch(_ context.Context, a *args) error {
	return metrics.Match(a.outInts(), a.matrix(), a.matrix())
}

func transport(ctx context.Context, a *args) error {
	flow, steps, count, cost := a.outMatrix(), a.outMatrix(), a.outInt(), a.matrix()
	t := metrics.Transport{Supply: a.float(), Room: a.float(), Mass: a.float()}
	if !(t.Supply > 0) || !(t.Room > 0) {
		return protocolError("impossible transport %+v", t)
	}
	n, err := t.Minimize(ctx, flow, steps, cost)
	*count = int64(n)
	return err
}

// permutationDistances measures all pairs of train, or, if first > 0, the first
// networks against the others.
func permutationDistances(ctx context.Context, a *args) error {
	dTrain, dTest := a.outMatrix(), a.outMatrix()
	train, test, first := a.matrices(), a.matrices(), a.int()
	metric := metrics.Permutation{Center: a.bool(), Score: metrics.Score(a.option())}
	single := a.bool()
	cohort, err := metrics.NewPermutationCohort(metric, single, train, test)
	if err != nil {
		return err
	}
	defer cohort.Free()
	return distances(ctx, cohort, first, dTrain, dTest, len(test) > 0)
}
