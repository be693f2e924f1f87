package optimize

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// labeled writes the columns (y x, r) out.
func labeled(points *mat.Dense, labels []float64, offset float64) cone {
	m, n := points.Dims()
	explicit := mat.NewDense(m, n+1, nil)
	for i, y := range labels {
		row := explicit.RawRowView(i)
		floats.AddScaled(row[:n], y, points.RawRowView(i))
		row[n] = offset
	}
	return newCone(explicit)
}

// However columns are described, projections are the same.
func TestGenerators(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, shape := range [][2]int{{1, 1}, {7, 3}, {40, 20}, {30, 60}} {
		m, n := shape[0], shape[1]
		points := manifold(rng, m, n, 1)
		labels := make([]float64, m)
		for i := range labels {
			labels[i] = float64(2*rng.IntN(2) - 1)
		}
		for _, offset := range []float64{0, 1, 2.5} {
			want := labeled(points.points, labels, offset)
			s, arena := solver(m)
			byGram, byPoints := NewLabeled(arena, m), NewLabeled(arena, m)
			rows := NewPoints(arena, m, n+1)
			rows.Set(points.points.RawMatrix())
			byGram.Generators, byPoints.Generators = &Gram{points.gram.RawMatrix().Data, m, m}, rows
			for range 10 {
				b := gaussian(rng, n+2)
				c := want.products(b)
				for _, l := range []*Labeled{byGram, byPoints} {
					l.Labels, l.Offset = labels, offset
					s.SetGenerators(l)
					p := s.Project(c)
					want.check(t, "labeled", b, p, 1e-11)
					x := want.image(p)
					floats.SubTo(x, b, x)
					if g := want.products(x); !floats.EqualApprox(g, p.Gradient, 1e-10) {
						t.Errorf("gradient %v, want %v", p.Gradient, g)
					}
				}
			}
			arena.Free()
		}
	}
}

// Cover's count of the labelings of points that planes through the origin
// separate, found by Gordan's alternative.
func TestGordan(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	const m, n = 8, 3
	x := mat.NewDense(m, n, gaussian(rng, m*n))
	arena := new(cmem.Arena)
	defer arena.Free()
	s, l, rows := NewNNLS(arena, m), NewLabeled(arena, m), NewPoints(arena, m, n)
	rows.Set(x.RawMatrix())
	l.Generators, l.Labels, l.Offset = rows, make([]float64, m), 1
	ones := []float64{1, 1, 1, 1, 1, 1, 1, 1}
	separable := 0
	for code := range 1 << m {
		for i := range m {
			l.Labels[i] = float64(2*(code>>i&1) - 1)
		}
		s.SetGenerators(l)
		if residual := 1 - s.Project(ones).Squared; residual > 1e-9 {
			separable++
		} else if math.Abs(residual) > 1e-13 {
			t.Errorf("residual %g", residual)
		}
	}
	if want := 2 * (1 + 7 + 21); separable != want {
		t.Errorf("%d labelings are separable, want %d", separable, want)
	}
}
