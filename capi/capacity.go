package capi

import (
	"context"

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
