package metrics

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// gramStream accumulates inner products of corrected Gram matrices. It goes
// through the upper triangle of the m x m matrices tile by tile, forms the tile
// of every network as one row of a matrix V, with off-diagonal entries weighted
// by the root of 2, and adds VV' to the products. Tiles are fixed and each
// product belongs to one block, so that the sums do not depend on the workers.
type gramStream struct {
	run      *ckaRun
	networks []int     // whose Gram matrices are streamed
	origin   []int     // nil, or what is subtracted from each: see refineByGrams
	first    int       // 0, or where the networks of the columns begin
	dst      []float64 // products, the upper triangle only if first is 0
	stride   int
	squares  []float64 // of the norms of the rows of V

	edge    int // of a tile
	v       []float64
	vStride int
	workers par.Team[*gramScratch]
}

// gramScratch is the workspace of a worker: centered rows and a diagonal tile.
type gramScratch struct{ left, right, tile []float64 }

// gramTile is a block of the upper triangle of a Gram matrix. length is the
// number of its entries that count.
type gramTile struct{ i, rows, j, cols, length int }

// The tiles of all networks take at most tileMemory float64s together. Larger
// ones than maxEdge save nothing; smaller ones than minEdge cost too much.
const (
	tileMemory       = 1 << 24
	minEdge, maxEdge = 32, 256
)

// gramProducts stores the inner products of all pairs in the run.
func gramProducts(ctx context.Context, r *ckaRun) error {
	all := make([]int, len(r.networks)) // heap: one a network
	for k := range all {
		all[k] = k
	}
	g := gramStream{
		run: r, networks: all, first: r.first, dst: r.dst, stride: r.stride, squares: r.norms,
	}
	return g.accumulate(ctx)
}

func (g *gramStream) accumulate(ctx context.Context) error {
	var arena cmem.Arena
	defer arena.Free()
	var tiles cmem.List[gramTile]
	defer tiles.Free()
	var list cmem.List[[4]int]
	defer list.Free()
	g.reserve(&arena, par.Workers(ctx, len(g.networks)))
	g.addTiles(&tiles)
	g.addBlocks(&list)
	if err := errors.Join(arena.Err(), tiles.Err(), list.Err()); err != nil {
		return err
	}
	blocks := list.Items()
	par.Expect(ctx, len(tiles.Items())*(len(g.networks)+len(blocks)))
	for _, tile := range tiles.Items() {
		form := func(s *gramScratch, t int) error { g.form(s, tile, t); return nil }
		if err := g.workers.For(ctx, len(g.networks), form); err != nil {
			return err
		}
		if g.origin != nil {
			if err := g.subtractOrigins(ctx, tile.length); err != nil {
				return err
			}
		}
		multiply := func(_, t int) error { g.multiply(blocks[t], tile.length); return nil }
		if err := par.For(ctx, len(blocks), par.Workers(ctx, len(blocks)), multiply); err != nil {
			return err
		}
	}
	return nil
}

func (g *gramStream) reserve(arena *cmem.Arena, workers int) {
	edge := int(math.Sqrt(tileMemory / float64(len(g.networks))))
	edge = min(max(edge, minEdge), maxEdge, g.run.m)
	g.edge = ceilDiv(g.run.m, ceilDiv(g.run.m, edge))
	g.vStride = g.edge*g.edge + 8 // a power of two would map all rows to the same cache lines
	g.v = arena.Float64s(len(g.networks) * g.vStride)
	width := 0
	for _, k := range g.networks {
		width = max(width, g.run.networks[k].width)
	}
	g.workers = par.NewTeam(arena, workers, func(arena *cmem.Arena) *gramScratch {
		return &gramScratch{
			left:  arena.Float64s(g.edge * width),
			right: arena.Float64s(g.edge * width),
			tile:  arena.Float64s(g.edge * g.edge),
		}
	})
}

func (g *gramStream) addTiles(tiles *cmem.List[gramTile]) {
	m, diagonal := g.run.m, 1
	if g.run.Unbiased {
		diagonal = -1
	}
	for i := 0; i < m; i += g.edge {
		rows := min(g.edge, m-i)
		tiles.Add(gramTile{i, rows, i, rows, rows * (rows + diagonal) / 2})
		for j := i + g.edge; j < m; j += g.edge {
			cols := min(g.edge, m-j)
			tiles.Add(gramTile{i, rows, j, cols, rows * cols})
		}
	}
}

// addBlocks splits the matrix of products; each block is {row, rows, column, columns}.
func (g *gramStream) addBlocks(blocks *cmem.List[[4]int]) {
	n := len(g.networks)
	edge := min(max(8*ceilDiv(n, 64), 8), 128)
	rows := n
	if g.first > 0 {
		rows = g.first
	}
	for i := 0; i < rows; i += edge {
		start := i
		if g.first > 0 {
			start = g.first
		}
		for j := start; j < n; j += edge {
			blocks.Add([4]int{i, min(edge, rows-i), j, min(edge, n-j)})
		}
	}
}

func (g *gramStream) row(t int) []float64 { return g.v[t*g.vStride:] }

// form stores the tile of network t in row t of V.
func (g *gramStream) form(s *gramScratch, tile gramTile, t int) {
	net := &g.run.networks[g.networks[t]]
	p, row := net.width, g.row(t)[:tile.length]
	left := s.left[:tile.rows*p]
	net.rows(left, p, tile.i, tile.i+tile.rows, 1)
	if tile.i == tile.j {
		square := s.tile[:tile.rows*tile.rows]
		blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, tile.rows, p,
			math.Sqrt2, left, p, 0, square, tile.rows)
		g.correct(square, tile, net)
		g.pack(row, square, tile.rows)
	} else {
		right := s.right[:tile.cols*p]
		net.rows(right, p, tile.j, tile.j+tile.cols, 1)
		linalg.Gemm(blas.NoTrans, blas.Trans, tile.rows, tile.cols, p,
			math.Sqrt2, left, p, right, p, 0, row, tile.cols)
		g.correct(row, tile, net)
	}
	if g.origin == nil {
		g.squares[t] += floats.Dot(row, row)
	}
}

// correct applies the terms of HSIC_1 that concern the rows: see CKA. The trace
// of the Gram matrix is 1.
func (g *gramStream) correct(a []float64, tile gramTile, net *unitNetwork) {
	if !g.run.Unbiased {
		return
	}
	m := float64(g.run.m)
	each, all := math.Sqrt2/(m-2), math.Sqrt2/((m-1)*(m-2))
	gj := net.g[tile.j : tile.j+tile.cols]
	for i, gi := range net.g[tile.i : tile.i+tile.rows] {
		row := a[i*tile.cols:][:tile.cols]
		for j, v := range gj {
			row[j] += each*(gi+v) - all
		}
	}
}

// pack stores the upper triangle of the n x n square in row, without its
// diagonal if Unbiased, else with the diagonal's own weight.
func (g *gramStream) pack(row, square []float64, n int) {
	to := 0
	for i := range n {
		from := i
		if g.run.Unbiased {
			from++
		} else {
			square[i*n+i] /= math.Sqrt2
		}
		to += copy(row[to:], square[i*n+from:(i+1)*n])
	}
}

// multiply adds the inner products of a block of rows of V with another.
func (g *gramStream) multiply(b [4]int, length int) {
	linalg.Gemm(blas.NoTrans, blas.Trans, b[1], b[3], length,
		1, g.row(b[0]), g.vStride, g.row(b[2]), g.vStride,
		1, g.dst[b[0]*g.stride+b[2]-g.first:], g.stride)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// refineByGrams measures the angles of near pairs once more. Networks that are
// linked by near pairs form a group; its first network is the origin, and the
// others stand by what sets their Gram matrix, of unit norm, apart from that of
// the origin. Inner products of these small differences give the chords between
// the Gram matrices to about 1e-16 of the size of the group.
func refineByGrams(ctx context.Context, r *ckaRun, near [][2]int) error {
	networks, origin, position := groups(len(r.networks), near)
	n := len(networks)
	g := gramStream{run: r, networks: networks, origin: origin, stride: n}
	var arena cmem.Arena
	defer arena.Free()
	g.dst, g.squares = arena.Float64s(n*n), arena.Float64s(n)
	if err := arena.Err(); err != nil {
		return err
	}
	if err := g.accumulate(ctx); err != nil {
		return err
	}
	for _, pair := range near {
		i, j := position[pair[0]], position[pair[1]]
		chord := g.squares[i] + g.squares[j] - 2*g.dst[i*n+j]
		*r.at(pair[0], pair[1]) = Angular.fromChord(math.Sqrt(max(0, chord)), nearZero)
	}
	return nil
}

// subtractOrigins turns the rows of V into differences of normalized Gram
// matrices.
func (g *gramStream) subtractOrigins(ctx context.Context, length int) error {
	norm := func(t int) float64 { return g.run.norms[g.networks[t]] }
	n := len(g.networks)
	err := core.Parallel(ctx, n, func(t int) error {
		if o := g.origin[t]; o != t {
			row := g.row(t)[:length]
			floats.Scale(1/norm(t), row)
			floats.AddScaled(row, -1/norm(o), g.row(o)[:length])
			g.squares[t] += floats.Dot(row, row)
		}
		return nil
	})
	for t, o := range g.origin {
		if o == t {
			clear(g.row(t)[:length])
		}
	}
	return err
}

// groups returns the networks that occur in pairs, in ascending order; for each
// the index in that list of the first network that it is linked to; and where
// each network is in the list.
func groups(n int, pairs [][2]int) (networks, origin []int, position map[int]int) {
	parent := make([]int, n) // heap: one a network
	for k := range parent {
		parent[k] = k
	}
	root := func(k int) int {
		for parent[k] != k {
			parent[k] = parent[parent[k]]
			k = parent[k]
		}
		return k
	}
	linked := make([]bool, n) // heap: one a network
	for _, p := range pairs {
		a, b := root(p[0]), root(p[1])
		parent[max(a, b)] = min(a, b)
		linked[p[0]], linked[p[1]] = true, true
	}
	position = make(map[int]int) // heap: one a network
	for k := range n {
		if linked[k] {
			position[k] = len(networks)
			networks = append(networks, k)             // heap: one a network
			origin = append(origin, position[root(k)]) // heap: one a network
		}
	}
	return networks, origin, position
}
