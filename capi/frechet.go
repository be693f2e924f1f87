package capi

import (
	"context"

	"netrep_go/core"
	"netrep_go/core/multiset"
	"netrep_go/core/optimize"
)

// frechetMean averages networks; mean holds the start if warm is set.
func frechetMean(ctx context.Context, a *args) error {
	mean, report := a.outMatrix(), a.outVector()
	xs := a.matrices()
	opts := multiset.FrechetOptions{
		Group:     optimize.Group(a.option()),
		Streaming: a.option() == 1,
		Warm:      a.bool(),
		MaxIter:   a.int(),
		Tol:       a.float(),
		Seed:      a.seed(),
	}
	result, err := multiset.FrechetMean(ctx, mean, xs, opts)
	report[0], report[1] = float64(result.Iterations), result.Change
	return err
}

// alignAll stores the networks, aligned to the target, below each other.
func alignAll(ctx context.Context, a *args) error {
	aligned := a.outMatrix()
	target, xs, group := a.matrix(), a.matrices(), optimize.Group(a.option())
	m, n := target.Dims()
	if err := sized(aligned, len(xs)*m, n); err != nil {
		return err
	}
	return multiset.AlignAll(ctx, aligned, target, xs, group)
}

// kmeans clusters networks; apart holds their distances for the seeding.
func kmeans(ctx context.Context, a *args) error {
	centroids, dists, labels, report := a.outMatrix(), a.outMatrix(), a.outInts(), a.outVector()
	xs, apart := a.matrices(), a.matrix()
	opts := multiset.KMeansOptions{MaxIter: a.int(), Restarts: a.int(), Seed: a.seed()}
	k, n := len(xs), 0
	clusters, _ := dists.Dims()
	if k == 0 {
		return core.Invalidf("at least one network is needed")
	}
	for _, x := range xs {
		_, width := x.Dims()
		n = max(n, width)
	}
	m, _ := xs[0].Dims()
	err := firstError(sized(centroids, clusters*m, n), length(labels, k))
	if err != nil {
		return err
	}
	result, err := multiset.KMeans(ctx, centroids, dists, labels, xs, apart, opts)
	report[0], report[1], report[2] = float64(result.Iterations), result.Inertia, 0
	if result.Converged {
		report[2] = 1
	}
	return err
}
