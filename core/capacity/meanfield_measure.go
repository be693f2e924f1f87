package capacity

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Measure measures each manifold, M_i x N samples, relative to the origin and
// without the directions (K x N, orthonormal rows, or nil). It stores the
// quantities of manifold i at margin k in row k*P + i of dst.
//
// given may hold, for each manifold, the vectors to use for draws, one a row, with
// the center's coordinate last. The others are coordinates in the frame that mftma
// uses: that of the QR factorization of the M_i deviations if N > M_i, else the
// features.
//
// If anchors is not nil, it receives the weights of the points in each anchor
// point: for each manifold in turn the margins x Draws x M_i.
func (f MeanField) Measure(
	ctx context.Context, dst *mat.Dense, anchors []float64, manifolds []*mat.Dense,
	origin []float64, directions *mat.Dense, given []*mat.Dense,
) error {
	p := len(manifolds)
	most := 0
	offsets := make([]int, p) // heap: one a manifold
	for i, x := range manifolds {
		m, _ := x.Dims()
		if i+1 < p {
			offsets[i+1] = offsets[i] + len(f.Kappas)*f.Draws*m
		}
		most = max(most, m)
	}
	newWorker := func(arena *cmem.Arena) *draws {
		return newDraws(arena, f, most, len(origin), directions)
	}
	return par.Each(ctx, p, newWorker, func(w *draws, i int) error {
		var t *mat.Dense
		if given != nil {
			t = given[i]
		}
		rng := rand.New(rand.NewPCG(f.Seed, uint64(i)))
		if err := w.begin(manifolds[i], origin, t, rng); err != nil {
			return err
		}
		size := f.Draws * w.m // weights of one margin
		for k, kappa := range f.Kappas {
			var weights []float64
			if anchors != nil {
				weights = anchors[offsets[i]+k*size:][:size]
			}
			if err := w.measure(ctx, dst.RawRowView(k*p+i), weights, kappa); err != nil {
				return err
			}
		}
		return nil
	})
}
