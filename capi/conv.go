package capi

import (
	"context"

	"netrep_go/core/metrics"
)

// convolutionDistances also returns the distance below which its distances are
// inaccurate.
func convolutionDistances(ctx context.Context, a *args) error {
	distances, limit := a.outVector(), a.outVector()
	products := a.matrix()
	spec := metrics.ConvolutionSpec{Matching: a.bool(), Score: metrics.Score(a.int()), NormX: a.float(), NormY: a.float()}
	if err := a.end(); err != nil {
		return err
	}
	_, n := products.Dims()
	if err := firstError(sized(products, len(distances)*n, n), length(limit, 1)); err != nil {
		return err
	}
	limit[0] = spec.NearZero()
	return metrics.ConvolutionDistances(ctx, distances, products, spec)
}
