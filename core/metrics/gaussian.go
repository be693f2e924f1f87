package metrics

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/optimize"
)

// Gaussian is the family of stochastic shape metrics with a 2-Wasserstein ground
// distance between normal distributions,
//
//	d(X, Y)^2 = min_{T in Group} mean_i  Alpha |mx_i - T'my_i|^2
//	            + (2 - Alpha) B^2(Sx_i, T' Sy_i T)
//
// over the inputs i, where B^2(A, B) = tr A + tr B - 2 tr (A^(1/2) B A^(1/2))^(1/2)
// is the squared Bures distance. Alpha = 0 compares covariances only, 1 is the
// 2-Wasserstein distance, and 2 compares means only.
//
// Where the distributions have t times Neurons dimensions, those of a process at
// t times, T stands for the Kronecker product of the t x t identity and T.
//
// Duong, Zhou, Nassar, Berman, Olieslagers & Williams, ICLR 2023,
// arXiv:2211.11665, where 2 Alpha is the present (Alpha, 2 - Alpha).
type Gaussian struct {
	Alpha float64
	Group optimize.Group
	// Neurons is the size of the alignment, of which the dimension of the
	// distributions is a multiple.
	Neurons int
	// MaxIter bounds the number of alternations of a fit.
	MaxIter int
	// Tol is the decrease of the loss at which a fit has converged.
	Tol float64
	// Ridge is added to the eigenvalues of the covariances that a cohort is
	// fitted to.
	Ridge float64
}

// Responses are normal distributions of the responses of a network, in d
// dimensions, to m inputs.
type Responses struct {
	// Means is m x d.
	Means *mat.Dense
	// Covs is (m d) x d: the covariances one below the other.
	Covs *mat.Dense
}

// Fit tells how a fit went.
type Fit struct {
	// Loss after each iteration of the best start.
	Loss []float64
	// Converged is false if the fit stopped at its largest number of iterations.
	Converged bool
}

// Check returns an error that names the option that is out of range.
func (g Gaussian) Check() error {
	switch {
	case !(g.Alpha >= 0 && g.Alpha <= 2):
		return core.Invalidf("alpha must be in [0, 2], got %v", g.Alpha)
	case g.MaxIter < 1:
		return core.Invalidf("niter must be at least 1, got %d", g.MaxIter)
	case math.IsNaN(g.Tol):
		return core.Invalidf("tol must be a number, got NaN")
	case !(g.Ridge >= 0):
		return core.Invalidf("eps must not be negative, got %v", g.Ridge)
	case g.Neurons < 1:
		return core.Invalidf("n_dims must be at least 1, got %d", g.Neurons)
	}
	return g.Group.Check()
}

// dims returns the number of inputs and of dimensions of r, or an error if its
// parts do not belong together.
func (g Gaussian) dims(r Responses) (m, d int, err error) {
	m, d = r.Means.Dims()
	if rows, cols := r.Covs.Dims(); rows != m*d || cols != d {
		return 0, 0, core.Invalidf("expected %d covariances of shape (%d, %d), got an array of %d rows and %d columns", m, d, d, rows, cols)
	}
	if d%g.Neurons != 0 {
		return 0, 0, core.Invalidf("its %d dimensions are no multiple of n_dims=%d", d, g.Neurons)
	}
	return m, d, nil
}

// Fit stores in the Neurons x Neurons t the best alignment of y to x that
// alternating minimisation finds: of the polar factors Q_i of Fy_i' T Fx_i for
// factors Sx_i = Fx_i Fx_i', and of T given them. The loss is sqrt(m) times the
// distance with the Q_i before the last T. It does not increase.
//
// The first start is the best alignment of the means, if fromMeans; the matrices
// in starts, elements of the group, follow. At least one is needed.
func (g Gaussian) Fit(ctx context.Context, t *mat.Dense, x, y Responses, fromMeans bool, starts []*mat.Dense) (Fit, error) {
	var fit Fit
	err := g.withPair(ctx, x, y, func(s *gaussianSolver, x, y *gaussians) (err error) {
		fit, err = s.fit(ctx, t.RawMatrix().Data, x, y, fromMeans, starts)
		return err
	})
	return fit, err
}

// Distance returns the distance of x and y aligned by t.
func (g Gaussian) Distance(ctx context.Context, t *mat.Dense, x, y Responses) (float64, error) {
	d := math.NaN()
	err := g.withPair(ctx, x, y, func(s *gaussianSolver, x, y *gaussians) (err error) {
		d, err = s.distance(ctx, t.RawMatrix().Data, x, y)
		return err
	})
	return d, err
}

// withPair calls f with the factored x and y and a solver on all workers.
func (g Gaussian) withPair(ctx context.Context, x, y Responses, f func(s *gaussianSolver, x, y *gaussians) error) error {
	if err := g.Check(); err != nil {
		return err
	}
	m, d, err := g.pairDims(x, y)
	if err != nil {
		return err
	}
	var arena cmem.Arena
	defer arena.Free()
	workers := par.Workers(ctx, newChunks(m).count())
	factorisers := make([]*factoriser, workers)
	for w := range factorisers {
		factorisers[w] = newFactoriser(&arena, d)
	}
	solver := newGaussianSolver(&arena, g, workers, m, d)
	pair := [2]*gaussians{newGaussians(&arena, m, d), newGaussians(&arena, m, d)}
	if err := arena.Err(); err != nil {
		return err
	}
	for i, r := range []Responses{x, y} {
		if err := pair[i].factor(ctx, factorisers, r, g.Ridge); err != nil {
			return fmt.Errorf("%c: %w", "XY"[i], err)
		}
	}
	return f(solver, pair[0], pair[1])
}

// pairDims returns the number of inputs and of dimensions that x and y share.
func (g Gaussian) pairDims(x, y Responses) (m, d int, err error) {
	var shapes [2][2]int
	for i, r := range []Responses{x, y} {
		m, d, err = g.dims(r)
		if err != nil {
			return 0, 0, fmt.Errorf("%c: %w", "XY"[i], err)
		}
		shapes[i] = [2]int{m, d}
	}
	if shapes[0] != shapes[1] {
		return 0, 0, core.Invalidf("expected means of equal shapes, got %v and %v", shapes[0], shapes[1])
	}
	return m, d, nil
}
