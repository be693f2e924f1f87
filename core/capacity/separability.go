package capacity

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/optimize"
)

// Separator decides whether points x_i with labels y_i = ±1 are linearly
// separable, on one workspace. It is not safe for concurrent use.
//
// By Gordan's theorem either some w and bias have y_i (w'x_i + bias) > 0 for all
// i, or some weights v_i >= 0, which add up to 1, have sum_i v_i y_i x_i = 0 and,
// if there is a bias, sum_i v_i y_i = 0. Both come from one projection: of
// b = (0, 1) on the cone of the (y_i x_i, 1), balanced by y if there is a bias.
// The weights are those of the point nearest to 0 in the hull of the y_i x_i,
// which is the w of largest margin, min_i y_i (w'x_i + bias) / |w|.
type Separator struct {
	nnls       *optimize.NNLS
	generators *optimize.Points
	points     []float64 // the (y_i x_i, 1), of x centred if there is a bias, and scaled
	mean, w    []float64
	ones       []float64
	weights    []float64
}

// Separation is what a Separator finds. Its slices are valid until the next call.
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

// NewSeparator returns a workspace in the arena for up to m points of d
// features. The caller checks arena.Err.
func NewSeparator(arena *cmem.Arena, m, d int) *Separator {
	return &Separator{
		nnls:       optimize.NewNNLS(arena, m),
		generators: optimize.NewPoints(arena, m, d+1),
		points:     arena.Float64s(m * (d + 1)),
		mean:       arena.Float64s(d),
		w:          arena.Float64s(d),
		ones:       arena.Float64s(m),
		weights:    arena.Float64s(m),
	}
}

// Separate is Separator.Separate on memory of its own.
func Separate(x *mat.Dense, y []float64, bias bool) (Separation, error) {
	m, d := x.Dims()
	var arena cmem.Arena
	defer arena.Free()
	s := NewSeparator(&arena, m, d)
	if err := arena.Err(); err != nil {
		return Separation{}, err
	}
	found := s.Separate(x.RawMatrix(), y, bias)
	found.W, found.Weights = slices.Clone(found.W), slices.Clone(found.Weights)
	return found, nil
}

// Separate looks for the hyperplane of largest margin between the rows of x,
// through the origin unless there is a bias.
func (s *Separator) Separate(x blas64.General, y []float64, bias bool) Separation {
	size := s.prepare(x, y, bias)
	d := x.Cols
	cone := blas64.General{Rows: x.Rows, Cols: d + 1, Stride: d + 1, Data: s.points[:x.Rows*(d+1)]}
	s.generators.Set(cone)
	s.nnls.SetGenerators(s.generators)
	if bias {
		s.nnls.Balance(y)
	}
	for i := range x.Rows {
		s.ones[i] = 1
	}
	return s.result(cone, y, s.nnls.Project(s.ones), size)
}

// prepare stores the generators and returns the factor they were divided by.
func (s *Separator) prepare(x blas64.General, y []float64, bias bool) (size float64) {
	row := func(i int) []float64 { return x.Data[i*x.Stride : i*x.Stride+x.Cols] }
	clear(s.mean)
	for i := range x.Rows {
		if bias {
			floats.AddScaled(s.mean, 1/float64(x.Rows), row(i))
		}
	}
	d := x.Cols
	for i := range x.Rows {
		z := s.points[i*(d+1) : i*(d+1)+d]
		floats.SubTo(z, row(i), s.mean)
		size = max(size, floats.Norm(z, 2))
	}
	if size == 0 {
		size = 1
	}
	for i := range x.Rows {
		z := s.points[i*(d+1) : (i+1)*(d+1)]
		floats.Scale(y[i]/size, z[:d])
		z[d] = 1
	}
	return size
}

// result turns a projection into a hyperplane and checks it on all points.
func (s *Separator) result(cone blas64.General, y []float64, p optimize.Projection, size float64) Separation {
	d := cone.Cols - 1
	weights, w := s.weights[:cone.Rows], s.w
	clear(weights)
	clear(w)
	total := floats.Sum(p.Weights)
	for i, j := range p.Active {
		weights[j] = p.Weights[i] / total
		floats.AddScaled(w, p.Weights[i], cone.Data[int(j)*(d+1):int(j)*(d+1)+d])
	}
	nearest := math.Inf(1)
	for i := range cone.Rows {
		nearest = min(nearest, floats.Dot(w, cone.Data[i*(d+1):i*(d+1)+d])+p.Multiplier*y[i])
	}
	norm := floats.Norm(w, 2)
	found := Separation{Weights: weights, W: w, Gap: size * norm / total}
	if !(nearest > leastMargin*norm) {
		clear(w)
		return found
	}
	found.Separable = true
	found.Margin = size * nearest / norm
	floats.Scale(1/(size*nearest), w)
	found.Bias = p.Multiplier/nearest - floats.Dot(w, s.mean)
	return found
}
