package capacity

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// Points are many, and are projected on without their Gram matrix, from these numbers on
// (BenchmarkManyPoints).
const (
	fewPoints     = 2048
	fewPerFeature = 8
)

// pointTile is the number of points whose products with the draws of a block are formed
// at a time.
const pointTile = 512

// generation projects draws on the cone of many points by column generation: a draw is
// projected on the cone of its active points and of some with which it has a large
// gradient still, until no point has. Gradients of all draws of a block are formed
// together, as a product of matrices, and time and memory are linear in the points.
type generation struct {
	*frame
	inverse   []float64 // 1 / |s_j|
	residuals []float64 // of the draws that are searched, b - Pi(b) without the center's axis
	gradients []float64 // draws x points of a tile
	searches  []columnSearch
	open      []*columnSearch

	nnls    *optimize.NNLS
	columns *optimize.Points
	chosen  []float64 // coordinates of the columns, the center's last
	c       []float64
	active  []int32
}

func newGeneration(arena *cmem.Arena, f *frame, m, rank int) *generation {
	width := rank + 1
	room := min(m, 2*width+leastColumns)
	g := &generation{
		frame:     f,
		inverse:   arena.Float64s(m),
		residuals: arena.Float64s(drawBlock, rank),
		gradients: arena.Float64s(drawBlock, pointTile),
		searches:  cmem.Records[columnSearch](arena, drawBlock),
		open:      make([]*columnSearch, 0, drawBlock), // heap: a block
		nnls:      optimize.NewNNLSOfRank(arena, room, width),
		columns:   optimize.NewPoints(arena, room, width),
		chosen:    arena.Float64s(room, width),
		c:         arena.Float64s(room),
		active:    arena.Int32s(width),
	}
	if arena.Err() != nil {
		return g
	}
	for i := range g.searches {
		g.searches[i] = columnSearch{
			columns:  arena.Int32s(room)[:0],
			steepest: arena.Float64s(room),
			weights:  arena.Float64s(width)[:0],
		}
	}
	return g
}

// leastColumns is the room for columns beside two for each coordinate.
const leastColumns = 32

// begin takes the points of the frame.
func (g *generation) begin() {
	for j := range g.m {
		g.inverse[j] = 1 / math.Sqrt(g.squared(j))
	}
}

// project projects the draws t, of which each has a row with the center's coordinate
// last, plus kappa times the center's axis, at most a block of them. It returns searches
// that are done.
func (g *generation) project(
	ctx context.Context, t blas64.General, kappa float64,
) ([]columnSearch, error) {
	found := g.searches[:t.Rows]
	for i := range found {
		row := linalg.Row(t, i)
		found[i].reset(row[:g.d], row[g.d]+kappa)
	}
	for round := 0; ; round++ {
		g.open = g.open[:0]
		for i := range found {
			if !found[i].done {
				g.open = append(g.open, &found[i]) // heap: there is room
			}
		}
		if len(g.open) == 0 {
			return found, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g.price(round == 0)
		for _, s := range g.open {
			if !s.finish() {
				g.solve(s)
			}
		}
	}
}

// price looks for the points with which the open searches have the largest gradients,
// and, at first, for the points that are farthest along the draws.
func (g *generation) price(first bool) {
	d := g.d
	for k, s := range g.open {
		s.height = s.center
		r := g.residuals[k*d : (k+1)*d]
		copy(r, s.t)
		for i, j := range s.columns {
			floats.AddScaled(r, -s.weights[i], g.point(int(j)))
			s.height -= s.weights[i]
		}
		s.worst = 0
	}
	for at := 0; at < g.m; at += pointTile {
		n := min(pointTile, g.m-at)
		products := g.gradients[:len(g.open)*n]
		if d > 0 {
			linalg.Gemm(blas.NoTrans, blas.Trans, len(g.open), n, d,
				1, g.residuals, d, g.points[at*d:], d, 0, products, n)
		} else {
			clear(products)
		}
		for k, s := range g.open {
			row := products[k*n : (k+1)*n]
			if first {
				s.lookFar(row, g.inverse[at:], at)
			}
			s.look(row, g.inverse[at:], at)
		}
	}
}

// solve projects on the columns of a search and keeps those that are active.
func (g *generation) solve(s *columnSearch) {
	d, width := g.d, g.d+1
	chosen := blas64.General{Rows: len(s.columns), Cols: width, Stride: width,
		Data: g.chosen[:len(s.columns)*width]}
	for i, j := range s.columns {
		row := linalg.Row(chosen, i)
		copy(row, g.point(int(j)))
		row[d] = 1
		g.c[i] = floats.Dot(row[:d], s.t) + s.center
	}
	g.columns.Set(chosen)
	g.nnls.SetGenerators(g.columns)
	p := g.nnls.ProjectFrom(g.c, len(s.weights))
	active := g.active[:len(p.Active)]
	for i, k := range p.Active {
		active[i] = s.columns[k]
	}
	s.keep(active, p)
}

// columnSearch is the projection of one draw on its way.
type columnSearch struct {
	t       []float64 // the draw
	center  float64   // its coordinate along the center's axis, kappa included
	nearest int       // the point that is farthest along t
	far     float64   // its product with t
	scale   float64   // largest |s_j'b| / |s_j|

	weights  []float64 // of the first columns, the active ones
	columns  []int32   // then those with large gradients
	steepest []float64 // gradients of columns, in units of their lengths
	squared  float64   // |Pi(b)|² for the active columns
	height   float64   // of the residual along the center's axis
	worst    float64   // largest gradient
	share    float64   // part of it that columns have that are kept
	stalled  bool
	done     bool
}

func (s *columnSearch) reset(t []float64, center float64) {
	*s = columnSearch{
		t:        t,
		center:   center,
		far:      math.Inf(-1),
		share:    columnShare,
		weights:  s.weights[:0],
		columns:  s.columns[:0],
		steepest: s.steepest,
	}
}

// columnShare is the part of the largest gradient that columns have at least which are
// added at a time.
const columnShare = 0.6

// lookFar takes products of the draw with the points from one on.
func (s *columnSearch) lookFar(products, inverse []float64, from int) {
	for j, v := range products {
		if v > s.far {
			s.far, s.nearest = v, from+j
		}
		s.scale = max(s.scale, math.Abs(v+s.height)*inverse[j])
	}
}

// look takes products of the residual with the points from one on.
func (s *columnSearch) look(products, inverse []float64, from int) {
	least := max(optimize.Tolerance*s.scale, s.share*s.worst)
	for j, v := range products {
		if v = (v + s.height) * inverse[j]; v > least {
			s.add(int32(from+j), v)
			least = max(optimize.Tolerance*s.scale, s.share*s.worst)
		}
	}
}

// add takes a column in. Where there is no room for it, those with smaller gradients
// have to leave, and if all are the same it stays out.
func (s *columnSearch) add(j int32, gradient float64) {
	s.worst = max(s.worst, gradient)
	for len(s.columns) == cap(s.columns) && 1-s.share > optimize.Tolerance {
		s.share = (1 + s.share) / 2
		s.thin()
	}
	if len(s.columns) < cap(s.columns) {
		s.steepest[len(s.columns)] = gradient
		s.columns = append(s.columns, j) // heap: there is room
	}
}

// thin drops the columns beside the active ones whose gradients are too small by now.
func (s *columnSearch) thin() {
	left := len(s.weights)
	for i := left; i < len(s.columns); i++ {
		if s.steepest[i] > s.share*s.worst {
			s.columns[left], s.steepest[left] = s.columns[i], s.steepest[i]
			left++
		}
	}
	s.columns = s.columns[:left]
}

// finish reports whether no point has a gradient any more.
func (s *columnSearch) finish() bool {
	s.thin()
	s.done = s.worst <= optimize.Tolerance*s.scale
	return s.done
}

// noGain is the relative gain that counts as none.
const noGain = 1e-14

// keep takes a projection on the columns. One that gains nothing is tried once more with
// whatever has a gradient, and then rounding stops the search.
func (s *columnSearch) keep(active []int32, p optimize.Projection) {
	gains := p.Squared > s.squared*(1+noGain)
	s.done = s.stalled && !gains
	s.stalled = !gains
	s.share = columnShare
	if s.stalled {
		s.share = 0
	}
	s.columns = append(s.columns[:0], active...)    // heap: there is room
	s.weights = append(s.weights[:0], p.Weights...) // heap: there is room
	s.squared = p.Squared
}
