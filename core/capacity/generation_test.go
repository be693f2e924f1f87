package capacity

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/optimize"
)

// cloud returns a frame of m points of d coordinates with a radius.
func cloud(rng *rand.Rand, m, d int, radius float64) *frame {
	f := &frame{m: m, d: d, many: true, points: make([]float64, m*d), gram: make([]float64, m)}
	for i := range f.points {
		f.points[i] = radius * rng.NormFloat64()
	}
	return f
}

// measured fills in the lengths of the points, once they stand.
func (f *frame) measured() *frame {
	f.setGram(blas64.General{Rows: f.m, Cols: f.d, Stride: max(1, f.d), Data: f.points})
	f.appendCenter()
	return f
}

// plain returns the solver for all points at once, by their Gram matrix.
func plain(arena *cmem.Arena, f *frame) *optimize.NNLS {
	gram := arena.Float64s(f.m, f.m)
	for i := range f.m {
		for j := range f.m {
			gram[i*f.m+j] = floats.Dot(f.point(i), f.point(j)) + 1
		}
	}
	s := optimize.NewNNLS(arena, f.m)
	s.SetCone(gram, f.m, f.m)
	return s
}

// compare projects n draws both ways.
func compare(t *testing.T, name string, rng *rand.Rand, f *frame, n int, kappa float64) {
	t.Helper()
	var arena cmem.Arena
	defer arena.Free()
	g, s := newGeneration(&arena, f, f.m, f.d), plain(&arena, f)
	g.begin()
	draws := blas64.General{Rows: n, Cols: f.d + 1, Stride: f.d + 1, Data: make([]float64, n*(f.d+1))}
	for i := range draws.Data {
		draws.Data[i] = rng.NormFloat64()
	}
	found, err := g.project(context.Background(), draws, kappa)
	if err != nil {
		t.Fatal(err)
	}
	c := make([]float64, f.m)
	for i := range found {
		row := draws.Data[i*(f.d+1):][:f.d+1]
		for j := range c {
			c[j] = floats.Dot(row[:f.d], f.point(j))
		}
		if far := floats.Max(c); math.Abs(c[found[i].nearest]-far) > 1e-12*math.Abs(far) {
			t.Errorf("%s: point %d is not the farthest along draw %d", name, found[i].nearest, i)
		}
		floats.AddConst(row[f.d]+kappa, c)
		p := s.Project(c)
		size := floats.Dot(row, row) + kappa*kappa
		if math.Abs(p.Squared-found[i].squared) > 1e-10*size || math.IsNaN(found[i].squared) {
			t.Errorf("%s: |Pi|² of draw %d is %g, of all points at once %g", name, i, found[i].squared, p.Squared)
		}
		one, two := f.image(found[i].columns, found[i].weights), f.image(p.Active, p.Weights)
		if floats.Distance(one, two, 2) > 1e-7*math.Sqrt(size) {
			t.Errorf("%s: Pi of draw %d is %g away", name, i, floats.Distance(one, two, 2))
		}
	}
}

// image returns the sum of points with weights.
func (f *frame) image(points []int32, weights []float64) []float64 {
	x := make([]float64, f.d+1)
	for i, j := range points {
		floats.AddScaled(x[:f.d], weights[i], f.point(int(j)))
		x[f.d] += weights[i]
	}
	return x
}

func TestGenerationIsTheProjectionOnAllPoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	shapes := [][2]int{{1, 0}, {1, 1}, {2, 1}, {3, 2}, {4, 3}, {4, 1}, {40, 2}, {513, 3}, {1500, 8}, {900, 60}, {30, 40}}
	for _, shape := range shapes {
		for _, radius := range []float64{1e-3, 0.3, 3, 30} {
			for _, kappa := range []float64{0, 0.7, -2} {
				name := fmt.Sprintf("%v points, radius %g, kappa %g", shape, radius, kappa)
				compare(t, name, rng, cloud(rng, shape[0], shape[1], radius).measured(), 20, kappa)
			}
		}
	}
}

func TestGenerationWithPointsThatDepend(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	twice := cloud(rng, 600, 4, 1) // each point at two places
	copy(twice.points[1200:], twice.points[:1200])
	compare(t, "duplicates", rng, twice.measured(), 50, 0)

	flat := cloud(rng, 600, 6, 1) // points in two dimensions of six
	for j := range flat.m {
		clear(flat.point(j)[2:])
	}
	compare(t, "a plane", rng, flat.measured(), 50, 0)

	grid := cloud(rng, 625, 2, 1) // ties everywhere
	for j := range grid.m {
		copy(grid.point(j), []float64{float64(j%25)/12 - 1, float64(j/25)/12 - 1})
	}
	compare(t, "a grid", rng, grid.measured(), 50, 0)

	same := cloud(rng, 700, 3, 1)
	for j := range same.m {
		copy(same.point(j), []float64{0.5, -0.25, 0})
	}
	compare(t, "one point", rng, same.measured(), 20, 0)
	clear(same.points)
	compare(t, "the center", rng, same.measured(), 20, 0)
}

func BenchmarkManyPoints(b *testing.B) {
	for _, shape := range [][2]int{{500, 20}, {2000, 20}, {4000, 20}, {2000, 250}, {4000, 500}} {
		rng := rand.New(rand.NewPCG(1, 3))
		var arena cmem.Arena
		f := cloud(rng, shape[0], shape[1], 0.3).measured()
		draws := blas64.General{Rows: drawBlock, Cols: f.d + 1, Stride: f.d + 1,
			Data: arena.Float64s(drawBlock, f.d+1)}
		for i := range draws.Data {
			draws.Data[i] = rng.NormFloat64()
		}
		b.Run(fmt.Sprint("few", shape), func(b *testing.B) {
			c := arena.Float64s(f.m)
			for b.Loop() {
				s := plain(&arena, f)
				for i := range draws.Rows {
					row := draws.Data[i*draws.Stride:][:draws.Stride]
					for j := range c {
						c[j] = floats.Dot(row[:f.d], f.point(j)) + row[f.d]
					}
					s.Project(c)
				}
			}
		})
		b.Run(fmt.Sprint("many", shape), func(b *testing.B) {
			g := newGeneration(&arena, f, f.m, f.d)
			for b.Loop() {
				g.begin()
				if _, err := g.project(context.Background(), draws, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		arena.Free()
	}
}
