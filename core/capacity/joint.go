package capacity

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Joint receives the geometry of all manifolds together.
type Joint struct {
	// Shares has a row of objects for each draw. In the mean they add up to the objects
	// divided by the capacity: n + kappa lambda with the number n of an object's
	// generators of positive weight and their weights lambda, in units of the
	// object's margin. Of negative margins they are the object's part of |Pi|².
	Shares *mat.Dense
	// Separable is 1 for each pair of draws whose dichotomy is separable, else 0.
	Separable []int64
	// Geometry has a row of GeometryColumns numbers, and the two forms of each object
	// alone, for all draws, and one for each batch of draws.
	Geometry *mat.Dense
	// Pairs (3 objects x objects) is the mean cosine of centers, of axes and of the
	// row's center with the column's axis, NaN where one is 0.
	Pairs *mat.Dense
	// Anchors is nil or receives the weights of all samples for each draw.
	Anchors []float64
}

// JointOptions are those of Direct.Joint.
type JointOptions struct {
	// Kappa is the margin, in units of the distance of the mean of an object's samples
	// from the origin: y_j x_j'v >= Kappa |mean x|.
	Kappa float64
	// Signed takes the means of cosines, not of their absolute values.
	Signed bool
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
// t, -t. Bias must not be set, and Features be Projected. Draws of dichotomies that
// are not separable have no positive margin: their shares are 0, and they are left out.
func (d *Direct) Joint(ctx context.Context, dst Joint, opts JointOptions) error {
	if d.Bias || d.Features != Projected {
		return core.Invalidf("joint capacity is that of hyperplanes through the origin")
	}
	rows, columns := dst.Geometry.Dims()
	draws, objects := dst.Shares.Dims()
	batches := rows - 1
	if columns != GeometryColumns+2*objects || batches < 1 || draws < 2*batches || draws%2 != 0 {
		return core.Invalidf("%d draws are not pairs in %d batches", draws, batches)
	}
	if len(dst.Separable) != draws/2 {
		panic("capacity: length of Separable")
	}
	var arena cmem.Arena
	defer arena.Free()
	j, err := newJoint(&arena, d, dst, opts)
	if err != nil {
		return err
	}
	if err := j.draw(ctx); err != nil {
		return err
	}
	j.storeAnchors(dst.Anchors)
	if n := len(j.present); n < 2*batches {
		return core.Invalidf("of %d dichotomies %d are separable, too few for a margin kappa above 0",
			draws/2, n/2)
	}
	return j.measure(ctx, &arena, dst.Geometry, dst.Pairs)
}
