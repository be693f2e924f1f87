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
	return whitening.Apply(xz, z, x, a.bool())
}

func squaredBures(_ context.Context, a *args) error {
	distance := a.outFloat()
	d, err := linalg.SquaredBures(a.matrix(), a.matrix())
	*distance = d
	return err
}

// walshHadamard transforms its output in place.
func walshHadamard(_ context.Context, a *args) error {
	x := a.outVector()
	if n := len(x); n&(n-1) != 0 {
		return core.Invalidf("expected the length of `a` to be a power of two, got %d", n)
	}
	linalg.WalshHadamard(x)
	return nil
}
