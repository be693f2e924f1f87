package capi

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/capacity"
)

func projectOnCone(ctx context.Context, a *args) error {
	dst := capacity.ConeProjections{Weights: a.outMatrix(), Squared: a.outVector(),
		Violation: a.outVector(), Active: a.outInts()}
	return capacity.ProjectOnCone(ctx, dst, a.matrix(), a.matrix())
}

// separate stores the margin, the bias and the gap in numbers.
func separate(ctx context.Context, a *args) error {
	found := capacity.Separation{W: a.outVector(), Weights: a.outVector()}
	numbers, separable := a.outVector(), a.outInt()
	x, y, bias := a.matrix(), a.vector(), a.bool()
	for i, v := range y {
		if v != 1 && v != -1 {
			return core.Invalidf("y must be 1 or -1, got %g at %d", v, i)
		}
	}
	if err := capacity.Separate(ctx, &found, x, y, bias); err != nil {
		return err
	}
	numbers[0], numbers[1], numbers[2] = found.Margin, found.Bias, found.Gap
	*separable = truth(found.Separable)
	return nil
}

// centerDirections stores the number of directions, the largest number tried
// and whether the search converged in counts.
func centerDirections(ctx context.Context, a *args) error {
	dst := capacity.Removals{Weights: a.outMatrix(), Means: a.outMatrix(), Norms: a.outMatrix(),
		Stability: a.outVector()}
	counts, gram := a.outInts(), a.matrix()
	opts := capacity.RemovalOptions{Least: a.int(), Most: a.int(), Squared: a.option() == 1,
		Repeats: a.int(), Spectral: a.option() == 0, MaxIter: a.int(), Tol: a.float(), Seed: a.seed()}
	p, _ := gram.Dims()
	err := firstError(sized(dst.Weights, p, max(1, opts.Most)),
		sized(dst.Means, opts.Most+1, capacity.MeansOfPairs), sized(dst.Norms, opts.Most+1, p),
		length(dst.Stability, opts.Most+1))
	if err != nil {
		return err
	}
	if opts.Repeats < 1 || opts.Least < 0 || opts.Most < opts.Least {
		return protocolError("impossible options %+v", opts)
	}
	found, err := capacity.RemoveCorrelations(ctx, dst, gram, opts)
	counts[0], counts[1], counts[2] = int64(found.K), int64(found.Tried), truth(found.Converged)
	return err
}

func correlationCost(_ context.Context, a *args) error {
	cost, gradient := a.outFloat(), a.outMatrix()
	value, err := capacity.CorrelationCost(gradient, a.matrix(), a.matrix())
	*cost = value
	return err
}

// meanField leaves the anchor points out if their array is empty, takes at most
// one matrix of directions, and draws vectors if none are given.
func meanField(ctx context.Context, a *args) error {
	dst, anchors := a.outMatrix(), a.outVector()
	manifolds, origin, directions, given := a.matrices(), a.vector(), a.matrices(), a.matrices()
	f := capacity.MeanField{Kappas: a.vector(), Draws: a.int(), Antithetic: a.bool(),
		Estimator: capacity.Estimator(a.option()), Frame: capacity.Frame(a.option()), Seed: a.seed()}
	p := len(manifolds)
	err := sized(dst, len(f.Kappas)*p, capacity.Quantities)
	size, n := 0, len(origin)
	for _, x := range manifolds {
		m, _ := x.Dims()
		size += len(f.Kappas) * f.Draws * m
		err = firstError(err, sized(x, m, n))
	}
	if len(anchors) > 0 {
		err = firstError(err, length(anchors, size))
	}
	if f.Draws < 1 || len(directions) > 1 || (len(given) > 0 && len(given) != p) {
		impossible := "impossible options %+v with %d directions and %d vectors"
		err = firstError(err, protocolError(impossible, f, len(directions), len(given)))
	}
	if err != nil {
		return err
	}
	var removed *mat.Dense
	if len(directions) == 1 {
		removed = directions[0]
		k, _ := removed.Dims()
		if err := sized(removed, k, n); err != nil {
			return err
		}
	}
	return f.Measure(ctx, dst, anchors, manifolds, origin, removed, given)
}
