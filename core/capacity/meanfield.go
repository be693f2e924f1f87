package capacity

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Estimator is a way to estimate 1/capacity from draws t.
type Estimator int

// The estimators, in the order of the gateway. With Pi the projection of
// t + kappa e on the manifold's cone, lambda = Pi'e and n the number of active
// points, E|Pi|² = E[n + kappa lambda], because n is the divergence of the
// projection (Stein's lemma).
const (
	// Count averages n + kappa lambda, but |Pi|², which is never negative, if kappa
	// is.
	Count Estimator = iota
	// Norm averages |Pi|².
	Norm
	// Width averages 1/alpha_0(w) / (1 + |ds|²), where alpha_0 is the capacity of
	// points, ds the anchor point relative to the mean anchor point and w =
	// t'ds + kappa: the approximation of dnn-object-manifolds.
	Width
)

// MeanField estimates the capacity and the geometry of manifolds in the mean-field
// theory of Chung, Lee & Sompolinsky, Phys. Rev. X 8 (2018) 031003,
// doi:10.1103/PhysRevX.8.031003. Each manifold is taken by itself, relative to its
// centre and in units of the distance of the centre from the origin, with the
// centre's direction e as an axis of its own: points s_j = (x_j, 1).
type MeanField struct {
	Kappas []float64
	// Draws is the number of Gaussian vectors t of each manifold. If Antithetic,
	// it is even, and every other one is the negative of the one before.
	Draws      int
	Antithetic bool
	Estimator  Estimator
	Seed       uint64
}

// Quantities of a manifold at one margin, each followed by its standard error in
// the rows that MeanField.Measure fills. With the anchor point s of a draw t, the
// points' combination that the projection on the cone is proportional to, and its
// deviation ds from the mean anchor point, both without the centre's axis:
const (
	InverseCapacity   = 2 * iota // E|Pi|²
	Radius                       // sqrt(E|ds|²)
	Dimension                    // E[(t'ds)² / |ds|²]
	DimensionCos                 // D E[t's / (|t||s|)]², D the dimension of the frame
	DimensionMatlab              // D E[t'ds / (|(t, t_e)||ds|)]²
	GaussianRadius               // Radius, with the point of largest t'x_j for s
	GaussianDimension            // E[(t'ds)²] / E|ds|², likewise
	Active                       // E n
	quantities
)

// Quantities is the length of a row.
const Quantities = int(quantities)

// Measure measures each manifold, M_i x N samples, relative to the origin and
// without the directions (K x N, orthonormal rows, or nil). It stores the
// quantities of manifold i at margin k in row k*P + i of dst.
//
// given may hold, for each manifold, the vectors to use for draws, one a row, with
// the centre's coordinate last. The others are coordinates in the frame that mftma
// uses: that of the QR factorization of the M_i deviations if N > M_i, else the
// features.
//
// If anchors is not nil, it receives the weights of the points in each anchor
// point: for each manifold in turn the margins x Draws x M_i.
func (f MeanField) Measure(ctx context.Context, dst *mat.Dense, anchors []float64, manifolds []*mat.Dense, origin []float64, directions *mat.Dense, given []*mat.Dense) error {
	p := len(manifolds)
	most := 0
	offsets := make([]int, p)
	for i, x := range manifolds {
		m, _ := x.Dims()
		if i+1 < p {
			offsets[i+1] = offsets[i] + len(f.Kappas)*f.Draws*m
		}
		most = max(most, m)
	}
	var arena cmem.Arena
	defer arena.Free()
	workers := make([]*draws, par.Workers(ctx, p))
	for w := range workers {
		workers[w] = newDraws(&arena, f, most, len(origin), directions)
	}
	if err := arena.Err(); err != nil {
		return err
	}
	par.Expect(ctx, p)
	return par.For(ctx, p, len(workers), func(worker, i int) error {
		w := workers[worker]
		var t *mat.Dense
		if given != nil {
			t = given[i]
		}
		if err := w.begin(manifolds[i], origin, t, rand.New(rand.NewPCG(f.Seed, uint64(i)))); err != nil {
			return err
		}
		for k, kappa := range f.Kappas {
			if err := ctx.Err(); err != nil {
				return err
			}
			var weights []float64
			if anchors != nil {
				weights = anchors[offsets[i]+k*f.Draws*w.m : offsets[i]+(k+1)*f.Draws*w.m]
			}
			w.measure(dst.RawRowView(k*p+i), weights, kappa)
		}
		return nil
	})
}
