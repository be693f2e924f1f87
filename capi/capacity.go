package capi

import (
	"context"

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
