package capi

import (
	"context"

	"netrep_go/core"
	"netrep_go/core/linalg"
)

func whiten(_ context.Context, a *args) error {
	xz, z := a.outMatrix(), a.outMatrix()
	x := a.matrix()
	whitening := linalg.Whitening{Alpha: a.float(), Tol: a.float()}
	preserve := a.bool()
	if err := a.end(); err != nil {
		return err
	}
	m, n := x.Dims()
	if err := firstError(sized(xz, m, n), sized(z, n, n)); err != nil {
		return err
	}
	return whitening.Apply(xz, z, x, preserve)
}

func squaredBures(_ context.Context, a *args) error {
	distance := a.outVector()
	x, y := a.matrix(), a.matrix()
	if err := a.end(); err != nil {
		return err
	}
	n, _ := x.Dims()
	if err := firstError(sized(x, n, n), sized(y, n, n), length(distance, 1)); err != nil {
		return err
	}
	d, err := linalg.SquaredBures(x, y)
	distance[0] = d
	return err
}

// walshHadamard transforms its output in place.
func walshHadamard(_ context.Context, a *args) error {
	x := a.outVector()
	if err := a.end(); err != nil {
		return err
	}
	if n := len(x); n == 0 || n&(n-1) != 0 {
		return core.Invalidf("expected the length of `a` to be a power of two, got %d", n)
	}
	linalg.WalshHadamard(x)
	return nil
}
