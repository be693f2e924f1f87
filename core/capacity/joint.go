package capacity

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Joint receives the geometry of all manifolds together.
type Joint struct {
	// Active counts, for each draw, the generators of positive weight.
	Active []int64
	// Separable is 1 for each pair of draws whose dichotomy is separable, else 0.
	Separable []int64
	// Geometry has a row of GeometryColumns numbers for all draws, and one for
	// each batch of draws.
	Geometry *mat.Dense
}

// Joint projects Gaussian vectors t on the cones
//
//	C = { sum_j mu_j y_j x_j : mu >= 0 }
//
// of all manifolds together, with labels y. The projection is a combination of one
// anchor point of each manifold, s = sum_j mu_j x_j / sum_j mu_j over its samples;
// a manifold without weight has the sample for its anchor that would be next to
// get some, with the largest y_j x_j'(t - Pi(t)). The mean of its anchors over
// draws is a manifold's center s0, and s1 = s - s0 its axis; S0 and S1 hold these
// of all manifolds in rows, and G0 and G1 are S0 S0' and S1 S1'. Geometry follows Chou
// et al., Geometry linked to untangling efficiency (2025). Draws come in pairs
// t, -t. Bias must not be set, and Features be Projected.
func (d *Direct) Joint(ctx context.Context, dst Joint) error {
	if d.Bias || d.Features != Projected {
		return core.Invalidf("joint capacity is that of hyperplanes through the origin")
	}
	rows, columns := dst.Geometry.Dims()
	draws, batches := len(dst.Active), rows-1
	if columns != GeometryColumns || batches < 1 || draws == 0 || draws%(2*batches) != 0 {
		return core.Invalidf("%d draws are not pairs in %d batches", draws, batches)
	}
	if len(dst.Separable) != draws/2 {
		panic("capacity: length of Separable")
	}
	var arena cmem.Arena
	defer arena.Free()
	j, err := newJoint(&arena, d, dst.Active, dst.Separable)
	if err != nil {
		return err
	}
	if err := j.draw(ctx); err != nil {
		return err
	}
	return j.measure(ctx, &arena, dst.Geometry)
}
