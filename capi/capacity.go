package capi

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/capacity"
)

func projectOnCone(ctx context.Context, a *args) error {
	dst := capacity.ConeProjections{Weights: a.outMatrix(), Squared: a.outVector(), Violation: a.outVector(), Active: a.outInts()}
	products, gram := a.matrix(), a.matrix()
	if err := a.end(); err != nil {
		return err
	}
	n, m := products.Dims()
	err := firstError(sized(gram, m, m), sized(dst.Weights, n, m), length(dst.Squared, n),
		length(dst.Violation, n), length(dst.Active, n))
	if err != nil {
		return err
	}
	return capacity.ProjectOnCone(ctx, dst, products, gram)
}

// separate stores the margin, the bias and the gap in numbers, and whether the
// points are separable in verdict.
func separate(_ context.Context, a *args) error {
	w, weights, numbers, verdict := a.outVector(), a.outVector(), a.outVector(), a.outInts()
	x, y, bias := a.matrix(), a.vector(), a.bool()
	if err := a.end(); err != nil {
		return err
	}
	m, d := x.Dims()
	err := firstError(length(w, d), length(weights, m), length(numbers, 3), length(verdict, 1), length(y, m))
	if err != nil {
		return err
	}
	for i, v := range y {
		if v != 1 && v != -1 {
			return core.Invalidf("labels must be 1 or -1, got %g at %d", v, i)
		}
	}
	found, err := capacity.Separate(x, y, bias)
	if err != nil {
		return err
	}
	copy(w, found.W)
	copy(weights, found.Weights)
	numbers[0], numbers[1], numbers[2] = found.Margin, found.Bias, found.Gap
	verdict[0] = 0
	if found.Separable {
		verdict[0] = 1
	}
	return nil
}

// centerDirections stores the number of directions, the largest number tried
// and whether the search converged in counts.
func centerDirections(ctx context.Context, a *args) error {
	weights, criterion, stability, counts := a.outMatrix(), a.outVector(), a.outVector(), a.outInts()
	gram := a.matrix()
	opts := capacity.RemovalOptions{Least: a.int(), Most: a.int(), Squared: a.bool(), Repeats: a.int(),
		MaxIter: a.int(), Tol: a.float(), Seed: uint64(a.int())}
	if err := a.end(); err != nil {
		return err
	}
	p, _ := gram.Dims()
	err := firstError(sized(gram, p, p), sized(weights, p, max(1, opts.Most)), length(criterion, opts.Most+1),
		length(stability, opts.Most+1), length(counts, 3))
	if err != nil {
		return err
	}
	if opts.Repeats < 1 || opts.Least < 0 || opts.Most < opts.Least {
		return protocolError("impossible options %+v", opts)
	}
	found, err := capacity.RemoveCorrelations(ctx, weights, criterion, stability, gram, opts)
	counts[0], counts[1], counts[2] = int64(found.K), int64(found.Tried), 0
	if found.Converged {
		counts[2] = 1
	}
	return err
}

func correlationCost(_ context.Context, a *args) error {
	cost, gradient := a.outVector(), a.outMatrix()
	x, v := a.matrix(), a.matrix()
	if err := a.end(); err != nil {
		return err
	}
	_, n := x.Dims()
	rows, k := v.Dims()
	if err := firstError(length(cost, 1), sized(gradient, rows, k), sized(v, n, k)); err != nil {
		return err
	}
	value, err := capacity.CorrelationCost(gradient, x, v)
	cost[0] = value
	return err
}

// meanField leaves the anchor points out if their array is empty, takes at most
// one matrix of directions, and draws vectors if none are given.
func meanField(ctx context.Context, a *args) error {
	dst, anchors := a.outMatrix(), a.outVector()
	manifolds, origin, directions, given := a.matrices(), a.vector(), a.matrices(), a.matrices()
	f := capacity.MeanField{Kappas: a.vector(), Draws: a.int(), Antithetic: a.bool(),
		Estimator: capacity.Estimator(a.int()), Seed: uint64(a.int())}
	if err := a.end(); err != nil {
		return err
	}
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
		err = firstError(err, protocolError("impossible options %+v with %d directions and %d vectors", f, len(directions), len(given)))
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
