package capacity

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/optimize"
)

// separator decides whether a hyperplane has labelled points on the sides of
// their labels, by Gordan's alternative: either there are w and b with
//
//	y_j (x_j'w + b) > 0 for all j,
//
// or weights mu >= 0, not all 0, with sum_j mu_j y_j (x_j, 1) = 0, but not both.
// Which one holds, the projection of (0, 0, 1) on the cone of the columns
// (y_j x_j, y_j, 1) tells, in units of the points' size: (0, 0, 1) is its own
// projection if there are such mu, else the residual is (-w, -b, r) with r > 0.
// It belongs to one worker.
type separator struct {
	labelled *optimize.Labelled
	nnls     *optimize.NNLS
	c        []float64
}

const (
	// leastResidual is the squared distance of (0, 0, 1) from the cone below
	// which it counts as inside. Its root is about the smallest margin that is
	// seen, in units of the points' size.
	leastResidual = 1e-12
	// leastSide is how far a point must be on its side, as a cosine, to count
	// before the projection is complete.
	leastSide = 1e-9
)

func newSeparator(arena *cmem.Arena, m int) *separator {
	s := &separator{
		labelled: optimize.NewLabelled(arena, m),
		nnls:     optimize.NewNNLS(arena, m),
		c:        arena.Float64s(m),
	}
	s.nnls.Until(s.hasAllOnTheirSides)
	return s
}

// separable reports whether a hyperplane, through the origin unless bias is set,
// separates the points by their labels.
func (s *separator) separable(points optimize.Generators, labels []float64, bias bool) bool {
	size := pointSize(points)
	l := s.labelled
	l.Generators, l.Labels, l.Offset, l.Bias = points, labels, size, 0
	if bias {
		l.Bias = size
	}
	c := s.c[:len(labels)]
	for j := range c {
		c[j] = size
	}
	s.nnls.SetGenerators(l)
	return 1-s.nnls.Project(c).Squared > leastResidual
}

// hasAllOnTheirSides reports whether the residual so far separates: as
// s_j'(residual) = -y_j (x_j'w + b) + offset r, no gradient may reach offset r.
func (s *separator) hasAllOnTheirSides(p optimize.Projection) bool {
	offset := s.labelled.Offset
	side := offset * (1 - offset*floats.Sum(p.Weights) - leastSide)
	return side > 0 && floats.Max(p.Gradient) < side
}

// pointSize is the largest length of a point, 1 if all are 0.
func pointSize(points optimize.Generators) float64 {
	size := 0.0
	for j := range points.Len() {
		size = max(size, points.Squared(j))
	}
	if size == 0 {
		return 1
	}
	return math.Sqrt(size)
}
