package capi

import (
	"context"

	"netrep_go/core/metrics"
)

// convolutionDistances also returns the distance below which its distances are
// inaccurate.
func convolutionDistances(ctx context.Context, a *args) error {
	distances, limit := a.outVector(), a.outFloat()
	products := a.matrix()
	spec := metrics.ConvolutionSpec{Matching: a.option() == 1, Score: metrics.Score(a.option()),
		NormX: a.float(), NormY: a.float()}
	_, n := products.Dims()
	if err := sized(products, len(distances)*n, n); err != nil {
		return err
	}
	*limit = spec.NearZero()
	return metrics.ConvolutionDistances(ctx, distances, products, spec)
}
