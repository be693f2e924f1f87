package capi

import (
	"context"

	"netrep_go/core/metrics"
)

func linearPartialFit(_ context.Context, a *args) error {
	mean, xw, z := a.outVector(), a.outMatrix(), a.outMatrix()
	x := a.matrix()
	linear := metrics.Linear{Alpha: a.float(), Center: a.bool()}
	return linear.PartialFit(mean, xw, z, x, a.bool())
}

func linearAlign(_ context.Context, a *args) error {
	wx, wy, rank := a.outMatrix(), a.outMatrix(), a.outInt()
	r, err := metrics.Align(wx, wy, a.matrix(), a.matrix(), a.matrix(), a.matrix())
	*rank = int64(r)
	return err
}

func alignedDistance(_ context.Context, a *args) error {
	distance := a.outFloat()
	d, err := metrics.AlignedDistance(a.matrix(), a.matrix(), a.int(), metrics.Score(a.option()))
	*distance = d
	return err
}

// linearDistances measures all pairs of train, or, if first > 0, the first
// networks against the others.
func linearDistances(ctx context.Context, a *args) error {
	dTrain, dTest, routes := a.outMatrix(), a.outMatrix(), a.outInts()
	train, test, first := a.matrices(), a.matrices(), a.int()
	linear := metrics.Linear{Alpha: a.float(), Center: a.bool(), Score: metrics.Score(a.option())}
	opts := metrics.LinearOptions{Single: a.bool(), Tol: a.float()}
	cohort, err := metrics.NewLinearCohort(linear, opts, train, test)
	if err != nil {
		return err
	}
	defer cohort.Free()
	if err := distances(ctx, cohort, first, dTrain, dTest, len(test) > 0); err != nil {
		return err
	}
	routes[0], routes[1], routes[2] = cohort.Routes()
	return nil
}
