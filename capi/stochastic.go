package capi

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/metrics"
	"netrep_go/core/optimize"
)

// responses takes means and covariances.
func (a *args) responses() metrics.Responses {
	return metrics.Responses{Means: a.matrix(), Covs: a.matrix()}
}

// gaussian takes the parameters of a metrics.Gaussian.
func (a *args) gaussian() metrics.Gaussian {
	return metrics.Gaussian{Alpha: a.float(), Group: optimize.Group(a.int()), Neurons: a.int(),
		MaxIter: a.int(), Tol: a.float(), Ridge: a.float()}
}

// energy takes the parameters of a metrics.Energy.
func (a *args) energy() metrics.Energy {
	return metrics.Energy{Group: optimize.Group(a.int()), Repeats: a.int(), MaxIter: a.int(), Tol: a.float()}
}

// networks pairs lists of means and of covariances.
func networks(means, covs []*mat.Dense) ([]metrics.Responses, error) {
	if len(means) != len(covs) {
		return nil, protocolError("%d arrays of means and %d of covariances", len(means), len(covs))
	}
	list := make([]metrics.Responses, len(means))
	for k := range list {
		list[k] = metrics.Responses{Means: means[k], Covs: covs[k]}
	}
	return list, nil
}

// checkStarts checks that alignments to start from are n x n.
func checkStarts(starts []*mat.Dense, n int) error {
	for k, start := range starts {
		if err := sized(start, n, n); err != nil {
			return fmt.Errorf("start %d: %w", k, err)
		}
	}
	return nil
}

// storeFit stores the losses, and in counts how many there are and whether the
// fit converged.
func storeFit(losses []float64, counts []int64, fit metrics.Fit) {
	copy(losses, fit.Loss)
	counts[0], counts[1] = int64(len(fit.Loss)), 0
	if fit.Converged {
		counts[1] = 1
	}
}

func gaussianFit(ctx context.Context, a *args) error {
	t, losses, counts := a.outMatrix(), a.outVector(), a.outInts()
	x, y := a.responses(), a.responses()
	fromMeans, starts, gaussian := a.bool(), a.matrices(), a.gaussian()
	if err := a.end(); err != nil {
		return err
	}
	n := gaussian.Neurons
	if err := firstError(sized(t, n, n), checkStarts(starts, n), length(losses, gaussian.MaxIter), length(counts, 2)); err != nil {
		return err
	}
	fit, err := gaussian.Fit(ctx, t, x, y, fromMeans, starts)
	storeFit(losses, counts, fit)
	return err
}

func gaussianDistance(ctx context.Context, a *args) error {
	distance := a.outVector()
	t, x, y, gaussian := a.matrix(), a.responses(), a.responses(), a.gaussian()
	if err := a.end(); err != nil {
		return err
	}
	if err := firstError(length(distance, 1), sized(t, gaussian.Neurons, gaussian.Neurons)); err != nil {
		return err
	}
	d, err := gaussian.Distance(ctx, t, x, y)
	distance[0] = d
	return err
}

// gaussianDistances measures all pairs of train, or, if first > 0, the first
// networks against the others.
func gaussianDistances(ctx context.Context, a *args) error {
	dTrain, dTest, unconverged := a.outMatrix(), a.optionalOutMatrix(), a.outInts()
	means, covs, testMeans, testCovs := a.matrices(), a.matrices(), a.matrices(), a.matrices()
	first, fromMeans, starts, gaussian := a.int(), a.bool(), a.matrices(), a.gaussian()
	if err := a.end(); err != nil {
		return err
	}
	train, err := networks(means, covs)
	if err != nil {
		return err
	}
	test, err := networks(testMeans, testCovs)
	if err := firstError(err, length(unconverged, 1), checkStarts(starts, gaussian.Neurons)); err != nil {
		return err
	}
	cohort, err := metrics.NewGaussianCohort(gaussian, fromMeans, starts, train, test)
	if err != nil {
		return err
	}
	defer cohort.Free()
	err = distances(ctx, cohort, first, dTrain, dTest, len(test) > 0)
	unconverged[0] = cohort.Unconverged()
	return err
}

// energyFit leaves the weights out if their array is empty.
func energyFit(ctx context.Context, a *args) error {
	t, weights, losses, counts := a.outMatrix(), a.outVector(), a.outVector(), a.outInts()
	x, y, energy := a.matrix(), a.matrix(), a.energy()
	if err := a.end(); err != nil {
		return err
	}
	rows, n := x.Dims()
	if err := firstError(sized(t, n, n), length(losses, energy.MaxIter+1), length(counts, 2)); err != nil {
		return err
	}
	if len(weights) > 0 && len(weights) != rows*energy.Repeats {
		return core.Invalidf("expected %d weights, got %d", rows*energy.Repeats, len(weights))
	}
	fit, err := energy.Fit(ctx, t, weights, x, y)
	storeFit(losses, counts, fit)
	return err
}

func energyDistance(ctx context.Context, a *args) error {
	distance := a.outVector()
	t, x, y, energy := a.matrix(), a.matrix(), a.matrix(), a.energy()
	if err := a.end(); err != nil {
		return err
	}
	_, n := x.Dims()
	if err := firstError(length(distance, 1), sized(t, n, n)); err != nil {
		return err
	}
	d, err := energy.Distance(ctx, t, x, y)
	distance[0] = d
	return err
}

// energyDistances measures all pairs of train, or, if first > 0, the first
// networks against the others.
func energyDistances(ctx context.Context, a *args) error {
	dTrain, dTest, unconverged := a.outMatrix(), a.optionalOutMatrix(), a.outInts()
	train, test, first, testRepeats, energy := a.matrices(), a.matrices(), a.int(), a.int(), a.energy()
	if err := a.end(); err != nil {
		return err
	}
	if err := length(unconverged, 1); err != nil {
		return err
	}
	cohort, err := metrics.NewEnergyCohort(energy, train, test, testRepeats)
	if err != nil {
		return err
	}
	defer cohort.Free()
	err = distances(ctx, cohort, first, dTrain, dTest, len(test) > 0)
	unconverged[0] = cohort.Unconverged()
	return err
}
