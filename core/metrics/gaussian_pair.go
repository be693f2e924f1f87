package metrics

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Fit stores in the Neurons x Neurons t the best alignment of y to x that
// alternating minimization finds: of the polar factors Q_i of Fy_i' T Fx_i for
// factors Sx_i = Fx_i Fx_i', and of T given them, extrapolated by optimize.Descent. The
// loss is sqrt(m) times the distance with the Q_i before the last T. It does not increase.
//
// The first start is the best alignment of the means, if fromMeans; the matrices
// in starts, elements of the group, follow. At least one is needed.
func (g Gaussian) Fit(
	ctx context.Context, t *mat.Dense, x, y Responses, fromMeans bool, starts []*mat.Dense,
) (Fit, error) {
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
func (g Gaussian) withPair(
	ctx context.Context, x, y Responses, f func(s *gaussianSolver, x, y *gaussians) error,
) error {
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
	factorizers := par.NewTeam(&arena, workers, func(arena *cmem.Arena) *factorizer {
		return newFactorizer(arena, d)
	})
	solver := newGaussianSolver(&arena, g, workers, m, d)
	pair := [2]*gaussians{newGaussians(&arena, m, d), newGaussians(&arena, m, d)}
	if err := arena.Err(); err != nil {
		return err
	}
	for i, r := range []Responses{x, y} {
		if err := pair[i].factor(ctx, factorizers, r, g.Ridge); err != nil {
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
