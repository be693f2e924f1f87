package capi

import (
	"context"

	"netrep_go/core/metrics"
)

func linearPartialFit(_ context.Context, a *args) error {
	mean, xw, z := a.outVector(), a.outMatrix(), a.outMatrix()
	x := a.matrix()
	linear := metrics.Linear{Alpha: a.float(), Center: a.bool()}
	if err := a.end(); err != nil {
		return err
	}
	m, n := x.Dims()
	if err := firstError(sized(xw, m, n), sized(z, n, n), length(mean, n)); err != nil {
		return err
	}
	return linear.PartialFit(mean, xw, z, x)
}

func linearAlign(_ context.Context, a *args) error {
	wx, wy, rank := a.outMatrix(), a.outMatrix(), a.outInts()
	xw, yw, zx, zy := a.matrix(), a.matrix(), a.matrix(), a.matrix()
	if err := a.end(); err != nil {
		return err
	}
	m, n := xw.Dims()
	if err := firstError(sized(yw, m, n), sized(zx, n, n), sized(zy, n, n), sized(wx, n, n), sized(wy, n, n), length(rank, 1)); err != nil {
		return err
	}
	r, err := metrics.Align(wx, wy, xw, yw, zx, zy)
	rank[0] = int64(r)
	return err
}

func alignedDistance(_ context.Context, a *args) error {
	distance := a.outVector()
	x, y := a.matrix(), a.matrix()
	rank, score := a.int(), metrics.Score(a.int())
	if err := a.end(); err != nil {
		return err
	}
	m, n := x.Dims()
	if err := firstError(sized(y, m, n), length(distance, 1)); err != nil {
		return err
	}
	d, err := metrics.AlignedDistance(x, y, rank, score)
	distance[0] = d
	return err
}

// linearDistances measures all pairs of train, or, if first > 0, the first
// networks against the others.
func linearDistances(ctx context.Context, a *args) error {
	dTrain, dTest, routes := a.outMatrix(), a.optionalOutMatrix(), a.outInts()
	train, test, first := a.matrices(), a.matrices(), a.int()
	linear := metrics.Linear{Alpha: a.float(), Center: a.bool(), Score: metrics.Score(a.int())}
	opts := metrics.LinearOptions{Single: a.bool(), Tol: a.float()}
	if err := a.end(); err != nil {
		return err
	}
	if err := length(routes, 3); err != nil {
		return err
	}
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
