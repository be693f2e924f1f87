package capi

import (
	"context"

	"netrep_go/core"
	"netrep_go/core/rsa"
)

// windowRDMs makes RDMs of the samples in windows.
func windowRDMs(ctx context.Context, a *args) error {
	dst, shrunk := a.outMatrix(), a.outVector()
	x := a.recording()
	at := rsa.Windows{First: a.int(), Width: a.int(), Step: a.int()}
	d := rsa.Dissimilarity{Measure: rsa.Measure(a.option()), Prior: a.float(), Weight: a.float()}
	design, designed := a.design(x.Rows)
	covariance, err := a.square()
	noise, noisy := a.estimate(x.Rows)
	windows, pairs := dst.Dims()
	err = firstError(err, checkWindows(at, windows, x.Samples), designed, noisy)
	switch {
	case err != nil:
		return err
	case design.Conditions < 3 || pairs != rsa.Pairs(design.Conditions):
		return core.Invalidf("an RDM needs at least 3 conditions and all their pairs, got %d and %d",
			design.Conditions, pairs)
	case covariance != nil:
		noise = &rsa.Noise{Covariance: covariance}
	}
	if len(shrunk) > 0 && (noise == nil || covariance != nil) {
		return core.Invalidf("no covariance is estimated, whose intensity could be told")
	}
	return rsa.WindowRDMs(ctx, dst, shrunk, x, at, d, design, noise)
}

// windowCovariance estimates the covariance between sensors.
func windowCovariance(ctx context.Context, a *args) error {
	dst, intensity := a.outMatrix(), a.outFloat()
	x := a.recording()
	from, to := a.int(), a.int()
	noise, err := a.estimate(x.Rows)
	switch {
	case err != nil:
		return err
	case noise == nil:
		return core.Invalidf("noise needs groups of rows, got none")
	case from < 0 || to <= from || to > x.Samples:
		return core.Invalidf("samples must be in [0, %d), got %d to %d", x.Samples, from, to)
	}
	*intensity, err = rsa.PooledCovariance(ctx, dst, x, from, to, *noise)
	return err
}

// recording takes responses over time.
func (a *args) recording() rsa.Recording {
	_, d := a.next(readsStack)
	return rsa.Recording{Rows: int(d.shape[0]), Sensors: int(d.shape[1]),
		Samples: int(d.shape[2]), Data: slice[float64](d)}
}

// estimate takes how noise is to be estimated from so many rows, nil if there are no groups.
func (a *args) estimate(rows int) (*rsa.Noise, error) {
	noise := &rsa.Noise{Group: a.ints(), Groups: a.int(), Freedom: a.float(),
		Shrinkage: rsa.Shrinkage(a.option())}
	switch err := codes(noise.Group, rows, noise.Groups); {
	case err != nil:
		return nil, err
	case noise.Groups <= 0:
		return nil, nil
	case !(noise.Freedom > 0):
		return nil, core.Invalidf("noise needs degrees of freedom, got %v", noise.Freedom)
	}
	return noise, nil
}

// checkWindows checks that there are so many windows, all within the samples.
func checkWindows(at rsa.Windows, windows, samples int) error {
	last := at.First + (windows-1)*at.Step
	if at.First < 0 || at.Width < 1 || at.Step < 1 || windows < 1 || last > samples-at.Width {
		return core.Invalidf("windows must lie within %d samples, got %d of %d from %d by %d",
			samples, windows, at.Width, at.First, at.Step)
	}
	return nil
}
