package capacity

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/optimize"
)

// ConeProjections receives the projections of n vectors on a cone of M
// generators.
type ConeProjections struct {
	Weights   *mat.Dense // n x M
	Squared   []float64  // |Pi(b)|² of each vector
	Violation []float64
	Active    []int64 // how many generators have positive weight
}

// projectionBlock is the number of vectors of a task.
const projectionBlock = 64

// ProjectOnCone projects vectors b on a cone with the Gram matrix gram, M x M,
// given their products S'b in the rows of products, n x M.
func ProjectOnCone(ctx context.Context, dst ConeProjections, products, gram *mat.Dense) error {
	n, m := products.Dims()
	tasks := (n + projectionBlock - 1) / projectionBlock
	newSolver := func(arena *cmem.Arena) *optimize.NNLS {
		s := optimize.NewNNLS(arena, m)
		if arena.Err() == nil {
			s.SetCone(gram.RawMatrix().Data, m, gram.RawMatrix().Stride)
		}
		return s
	}
	return par.Each(ctx, tasks, newSolver, func(s *optimize.NNLS, task int) error {
		for i := task * projectionBlock; i < min(n, (task+1)*projectionBlock); i++ {
			p := s.Project(products.RawRowView(i))
			weights := dst.Weights.RawRowView(i)
			clear(weights)
			for k, j := range p.Active {
				weights[j] = p.Weights[k]
			}
			dst.Squared[i], dst.Violation[i], dst.Active[i] = p.Squared, p.Violation, int64(len(p.Active))
		}
		return nil
	})
}
