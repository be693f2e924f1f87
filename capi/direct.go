package capi

import (
	"context"

	"netrep_go/core/capacity"
)

// direct takes the parameters of a capacity.Direct; given dichotomies come as a
// list that is empty without any.
func (a *args) direct() (capacity.Direct, error) {
	d := capacity.Direct{Points: a.matrix(), Sizes: a.ints(), Labels: capacity.Labels(a.option())}
	given := a.matrices()
	d.Features, d.Bias, d.Seed = capacity.Features(a.option()), a.bool(), a.seed()
	if d.Labels == capacity.Given && len(given) == 1 {
		d.Given = given[0]
	} else if len(given) > 0 {
		return d, protocolError("%d arrays of dichotomies", len(given))
	}
	return d, d.Check()
}

func searchSeparability(ctx context.Context, a *args) error {
	dst := capacity.Separability{Fraction: a.outVector(), Attempts: a.outInts()}
	d, err := a.direct()
	if err != nil {
		return err
	}
	opts := capacity.SearchOptions{Step: a.int(), Precision: a.int(), Tolerance: a.float()}
	return d.Search(ctx, dst, opts)
}

func simulateSearch(ctx context.Context, a *args) error {
	dst := capacity.Separability{Fraction: a.outVector(), Attempts: a.outInts()}
	probability, dichotomies := a.vector(), a.int()
	opts := capacity.SearchOptions{Step: a.int(), Precision: a.int(), Tolerance: a.float()}
	seed := a.seed()
	n := len(probability)
	if err := firstError(length(dst.Fraction, n), length(dst.Attempts, n)); err != nil {
		return err
	}
	return capacity.SimulateSearch(ctx, dst, probability, dichotomies, seed, opts)
}

func coneFaces(ctx context.Context, a *args) error {
	faces := a.outInts()
	d, err := a.direct()
	if err != nil {
		return err
	}
	return d.Faces(ctx, faces)
}

func jointCapacity(ctx context.Context, a *args) error {
	dst := capacity.Joint{Shares: a.outMatrix(), Separable: a.outInts(), Geometry: a.outMatrix(),
		Pairs: a.outMatrix(), Anchors: a.outVector()}
	d, err := a.direct()
	if err != nil {
		return err
	}
	opts := capacity.JointOptions{Kappa: a.float(), Signed: a.bool()}
	draws, objects := dst.Shares.Dims()
	samples, _ := d.Points.Dims()
	err = firstError(sized(dst.Shares, draws, len(d.Sizes)), length(dst.Separable, draws/2),
		sized(dst.Pairs, 3*objects, objects))
	if len(dst.Anchors) > 0 {
		err = firstError(err, length(dst.Anchors, draws*samples))
	}
	if err != nil {
		return err
	}
	return d.Joint(ctx, dst, opts)
}
