package capacity

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// separator decides whether points x_i with labels y_i = ±1 are linearly
// separable, on one workspace. It is not safe for concurrent use.
//
// By Gordan's theorem either some w and bias have y_i (w'x_i + bias) > 0 for all
// i, or some weights v_i >= 0, which add up to 1, have sum_i v_i y_i x_i = 0 and,
// if there is a bias, sum_i v_i y_i = 0. Both come from one projection: of
// b = (0, 1) on the cone of the (y_i x_i, r), balanced by y if there is a bias.
// The weights are those of the point nearest to 0 in the hull of the y_i x_i,
// which is the w of largest margin, min_i y_i (w'x_i + bias) / |w|.
type separator struct {
	nnls    *optimize.NNLS
	labeled *optimize.Labeled
	c       []float64
	sides   []float64 // y_i (w'x_i + bias)
	signed  []float64
}

// Separation is what Separate finds.
type Separation struct {
	Separable bool
	// Margin is the distance of the nearest points from the hyperplane; W and
	// Bias are such that these points have y_i (w'x_i + bias) = 1. They are 0
	// if the points are not separable.
	Margin, Bias float64
	W            []float64
	// Weights is v, and Gap the length of sum_i v_i y_i x_i: the margin if the
	// points are separable and 0, up to rounding, if not.
	Weights []float64
	Gap     float64
}

// leastMargin is the margin, relative to |w| and the size of the points, that
// rounding could make.
const leastMargin = 1e-12

// newSeparator returns a workspace in the arena for up to m points. The caller
// checks arena.Err.
func newSeparator(arena *cmem.Arena, m int) *separator {
	return &separator{
		nnls:    optimize.NewNNLS(arena, m),
		labeled: optimize.NewLabeled(arena, m),
		c:       arena.Float64s(m),
		sides:   arena.Float64s(m),
		signed:  arena.Float64s(m),
	}
}

// separable reports whether a hyperplane, through the origin unless there is a
// bias, separates points by their labels, and is content with any that does. With
// a bias, the mean of the points should be near 0.
func (s *separator) separable(points optimize.Generators, y []float64, bias bool) bool {
	s.nnls.Until(s.separates)
	p := s.project(points, y, bias)
	s.nnls.Until(nil)
	if s.separates(p) {
		return true
	}
	nearest, norm := s.measure(p)
	return nearest > leastMargin*norm
}

// sureMargin is how far beyond a hyperplane all points must be, as a part of their
// size, for it to count before the projection is complete. It is compared with
// gradients, in which rounding is 1e-15 or so.
const sureMargin = 1e-11

// separates reports whether what a projection leaves of b = (0, 1) separates. Its
// products with the generators (y_i x_i, r) are
// r (1 - r sum_i mu_i) - y_i (w'x_i + bias).
func (s *separator) separates(p optimize.Projection) bool {
	r := s.labeled.Offset
	return floats.Max(p.Gradient) < r*(1-r*floats.Sum(p.Weights)-sureMargin)
}

// provesSeparable reports whether the projection of t on the cone of labeled
// points, with products c with t, proves that they are separable: what it leaves
// of t is on the far side of all points that are not active, clearly, and active
// ones are independent. It overwrites the gradient.
func provesSeparable(p optimize.Projection, c []float64) bool {
	for _, j := range p.Active {
		p.Gradient[j] = math.Inf(-1)
	}
	return floats.Max(p.Gradient) < -sureMargin*floats.Norm(c, math.Inf(1))
}

// project projects (0, 1), with points of any size: the last coordinate of the
// generators is the greatest length among them.
func (s *separator) project(
	points optimize.Generators, y []float64, bias bool,
) optimize.Projection {
	s.labeled.Generators, s.labeled.Labels, s.labeled.Offset = points, y, largest(points)
	c := s.c[:len(y)]
	for i := range c {
		c[i] = s.labeled.Offset
	}
	s.nnls.SetGenerators(s.labeled)
	if bias {
		s.nnls.Balance(y)
	}
	return s.nnls.Project(c)
}

// largest is the largest length of a point, 1 if all are 0.
func largest(points optimize.Generators) float64 {
	size := 0.0
	for j := range points.Len() {
		size = max(size, points.Squared(j))
	}
	if size == 0 {
		return 1
	}
	return math.Sqrt(size)
}

// measure stores the sides of all points from the hyperplane of a projection and
// returns the smallest, with |w|.
func (s *separator) measure(p optimize.Projection) (nearest, norm float64) {
	y, sides, signed := s.labeled.Labels, s.sides[:len(s.labeled.Labels)], s.signed[:len(p.Active)]
	clear(sides)
	for i, j := range p.Active {
		signed[i] = -p.Weights[i] * y[j]
	}
	s.labeled.Generators.Subtract(sides, p.Active, signed)
	for i, j := range p.Active {
		norm -= signed[i] * sides[j]
	}
	nearest = math.Inf(1)
	for i := range sides {
		sides[i] = y[i] * (sides[i] + p.Multiplier)
		nearest = min(nearest, sides[i])
	}
	return nearest, math.Sqrt(max(0, norm))
}

// Separate looks for the hyperplane of largest margin between the rows of x,
// through the origin unless there is a bias. It fills W and Weights of found, which
// have the lengths of a row and of y.
func Separate(ctx context.Context, found *Separation, x *mat.Dense, y []float64, bias bool) error {
	m, d := x.Dims()
	var arena cmem.Arena
	defer arena.Free()
	s, points := newSeparator(&arena, m), optimize.NewPoints(&arena, m, d)
	scaled := blas64.General{Rows: m, Cols: d, Stride: d, Data: arena.Float64s(m, d)}
	mean := arena.Float64s(d)
	if err := arena.Err(); err != nil {
		return err
	}
	if bias {
		linalg.ColumnMeans(mean, x)
	}
	linalg.SubtractRow(scaled.Data, x, mean)
	points.Set(scaled)
	size := largest(points)
	floats.Scale(1/size, scaled.Data)
	points.Set(scaled)
	s.nnls.Until(func(optimize.Projection) bool { return ctx.Err() != nil })
	p := s.project(points, y, bias)
	if err := ctx.Err(); err != nil {
		return err
	}
	clear(found.W)
	clear(found.Weights)
	nearest, norm := s.measure(p)
	total := floats.Sum(p.Weights)
	for i, j := range p.Active {
		found.Weights[j] = p.Weights[i] / total
		floats.AddScaled(found.W, p.Weights[i]*y[j], linalg.Row(scaled, int(j)))
	}
	found.Gap = size * norm / total
	if !(nearest > leastMargin*norm) {
		clear(found.W)
		return nil
	}
	found.Separable = true
	found.Margin = size * nearest / norm
	floats.Scale(1/(size*nearest), found.W)
	found.Bias = p.Multiplier/nearest - floats.Dot(found.W, mean)
	return nil
}
