package rsa

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// regression is the strategy of the weights of models in the least-squares fit of all
// of them, and a constant, to an RDM: z-scores of entries, or of their ranks.
//
// With the models in the rows of X = L Q, of unit length and orthonormal, weights are
// products with the rows of the duals (X X')^-1 X = L'^-1 Q.
type regression struct{ vector }

func (regression) traits() traits { return traits{inner: true, directed: true, joint: true} }

func (regression) newForms(m *comparer, arena *cmem.Arena, count int) []form {
	return newVectors(arena, count, m.size, true)
}

// relate stores the duals of models.
func (regression) relate(m *comparer, models []form) error {
	k := len(models)
	if m.size < k+2 {
		return core.Invalidf("the weights of %d models need RDMs of at least %d entries that are "+
			"not NaN in any, got %d", k, k+2, m.size)
	}
	var arena cmem.Arena
	defer arena.Free()
	b := newBasis(&arena, k, m.size, false)
	if err := arena.Err(); err != nil {
		return err
	}
	for i := range models {
		if !b.add(&models[i]) {
			return core.Errorf("%v: %w", core.Model(i), errDependent)
		}
		copy(models[i].second(), b.forms[i].vector())
	}
	blas64.Implementation().Dtrsm(blas.Left, blas.Lower, blas.Trans, blas.NonUnit,
		k, m.size, 1, b.triangle, k, models[0].duals(), models[0].stride())
	return nil
}

// compare returns the weight of model x for the RDM y.
func (regression) compare(_ *comparer, x, y *form, _ *scratch) (float64, error) {
	return floats.Dot(x.second(), y.vector()), nil
}

func (regression) method(*cmem.Arena, *evaluator) method { return &copyMethod{} }

// joint is a strategy by which the similarity of a model depends on the other models.
type joint interface {
	// relate completes models, all of which have been prepared.
	relate(m *comparer, models []form) error
}

// relate completes the prepared models.
func (m *comparer) relate(models []form) error {
	if s, ok := m.strategy.(joint); ok {
		return s.relate(m, models)
	}
	return nil
}
