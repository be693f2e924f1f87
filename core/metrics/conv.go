package metrics

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// ConvolutionSpec says how activations of convolutional layers are compared
// once their products are known.
type ConvolutionSpec struct {
	// Matching aligns channels by a permutation instead of a rotation.
	Matching     bool
	Score        Score
	NormX, NormY float64
}

// ConvolutionDistances stores in distances[s] the score of X_s and Y after their
// best alignment, given the products X_s'Y in rows [s n, (s+1) n) of products.
// The X_s are one X with its samples shuffled, so that all have the norm NormX:
// a layer at different offsets in space. Distances below NearZero are inaccurate.
func ConvolutionDistances(
	ctx context.Context, distances []float64, products *mat.Dense, spec ConvolutionSpec,
) error {
	if err := checkNorms(spec.NormX, spec.NormY); err != nil {
		return err
	}
	_, n := products.Dims()
	raw := products.RawMatrix().Data
	newWorker := func(arena *cmem.Arena) *convolutionWorker {
		return newConvolutionWorker(arena, n, spec.Matching)
	}
	return par.Each(ctx, len(distances), newWorker, func(w *convolutionWorker, s int) error {
		inner, err := w.inner(raw[s*n*n:(s+1)*n*n], n, spec)
		distances[s], _ = spec.Score.distance(inner, spec.NormX, spec.NormY)
		return err
	})
}

// NearZero is the distance below which ConvolutionDistances cannot tell a
// distance from rounding.
func (c ConvolutionSpec) NearZero() float64 {
	if c.Score == Angular {
		return nearEnd
	}
	return nearEnd * max(c.NormX, c.NormY)
}

type convolutionWorker struct {
	nuclear    *linalg.Nuclear
	assignment *optimize.Assignment
	scratch    []float64
}

func newConvolutionWorker(arena *cmem.Arena, n int, matching bool) *convolutionWorker {
	w := &convolutionWorker{scratch: arena.Float64s(n * n)}
	if matching {
		w.assignment = optimize.NewAssignment(arena, n)
	} else {
		w.nuclear = linalg.NewNuclear(arena, n, n)
	}
	return w
}

// inner returns the inner product of aligned matrices with the product c.
func (w *convolutionWorker) inner(c []float64, n int, spec ConvolutionSpec) (float64, error) {
	scratch := w.scratch[:n*n]
	if w.assignment == nil {
		copy(scratch, c)
		sum, _, err := w.nuclear.Norm(scratch, n, n, true, spec.accept)
		return sum, err
	}
	for i, v := range c {
		scratch[i] = -v
	}
	var sum float64
	for i, j := range w.assignment.Minimize(scratch, n, n) {
		sum += c[i*n+int(j)]
	}
	if math.IsNaN(sum) {
		return sum, core.Numericalf("the products are not finite")
	}
	return sum, nil
}

// accept takes nuclear norms that leave an error of 1e-9 in the distance,
// relative to the norms.
func (c ConvolutionSpec) accept(sum, bound float64) bool {
	low, _ := c.Score.distance(sum+bound, c.NormX, c.NormY)
	high, _ := c.Score.distance(sum-bound, c.NormX, c.NormY)
	return high-low <= 1e-7*c.NearZero()
}
