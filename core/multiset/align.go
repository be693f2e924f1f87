package multiset

import (
	"context"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// blockRows is the number of samples that are averaged in one go. It is fixed,
// so that results do not depend on the number of workers.
const blockRows = 64

// space holds networks and a reference point, the mean, in coordinates in which
// alignments are cheap: under the orthogonal group, a matrix X with more
// features than samples is replaced by L in X = L W, W having orthonormal rows.
// Its optimal alignment maps the span of W to that of the mean's own basis.
type space struct {
	group       optimize.Group
	rows, width int
	rank        int       // columns of the mean's coordinates
	mean, next  []float64 // rows x rank
	basis       []float64 // rank x width, nil for the identity
	nets        []*network
	turns       *turns   // nil without
	descent     *descent // nil without extrapolation
	workers     par.Team[*spaceWorker]
}

// network is X_i in the space and its alignment: an isometry q, or the columns
// that its own go to.
type network struct {
	data         []float64 // rows x rank, with a stride
	rank, stride int
	q            []float64 // mean's rank x rank
	own          []float64 // X'X, rank x rank, for turns
	to           []int32
}

// spaceWorker is the workspace of one worker.
type spaceWorker struct {
	wide       *linalg.WideFactor
	halley     *linalg.Halley // for products that are well conditioned
	polar      *linalg.Polar
	assignment *optimize.Assignment
	cross      []float64
	block      []float64
}

// newSpace takes up the networks, for means of m x n.
func newSpace(
	ctx context.Context, arena *cmem.Arena, m, n int, xs []*mat.Dense, group optimize.Group,
) (*space, error) {
	nets := make([]*network, len(xs)) // heap: one a network
	s := &space{group: group, rows: m, width: n, rank: n, nets: nets}
	if group == optimize.Orthogonal {
		s.rank = min(m, n)
	}
	s.mean, s.next = arena.Float64s(m*s.rank), arena.Float64s(m*s.rank)
	reduced := 0
	for i, x := range xs {
		reduced = max(reduced, s.take(arena, i, x))
	}
	if s.rank < n {
		s.basis = arena.Float64s(n * m)
		reduced = max(reduced, n)
	}
	workers := par.Workers(ctx, max(len(xs), s.blocks()))
	s.workers = par.NewTeam(arena, workers, func(arena *cmem.Arena) *spaceWorker {
		return s.newWorker(arena, reduced)
	})
	if err := arena.Err(); err != nil {
		return nil, err
	}
	return s, s.reduceAll(ctx, xs)
}

// take describes network i and returns its width if it has to be reduced, else
// 0.
func (s *space) take(arena *cmem.Arena, i int, x *mat.Dense) int {
	m, n := x.Dims()
	net := new(network) // heap: small, one a network
	s.nets[i] = net
	if s.group != optimize.Orthogonal {
		raw := x.RawMatrix()
		*net = network{data: raw.Data, rank: n, stride: raw.Stride, to: arena.Int32s(n)}
		for j := range net.to { // none without memory
			net.to[j] = int32(j)
		}
		return 0
	}
	net.rank = min(m, n)
	net.q = arena.Float64s(s.rank * net.rank)
	if n > m {
		net.data, net.stride = arena.Float64s(m*m), m
		return n
	}
	raw := x.RawMatrix()
	net.data, net.stride = raw.Data, raw.Stride
	return 0
}

// newWorker returns a workspace that reduces matrices of up to reduced columns.
func (s *space) newWorker(arena *cmem.Arena, reduced int) *spaceWorker {
	w := &spaceWorker{
		wide:  linalg.NewWideFactor(arena, s.rows, reduced),
		cross: arena.Float64s(s.rank * s.rank),
		block: arena.Float64s(s.rows * s.rank),
	}
	switch s.group {
	case optimize.Orthogonal:
		w.halley = linalg.NewHalley(arena, s.rank, s.rank)
		w.polar = linalg.NewPolar(arena, s.rank, s.rank)
		w.polar.Complete = true
	case optimize.Permutation:
		w.assignment = optimize.NewAssignment(arena, s.rank)
	}
	return w
}

// takeMean stores the coordinates of the mean, and its basis if it has one.
func (s *space) takeMean(mean *mat.Dense) {
	if s.basis == nil {
		for i := range s.rows {
			copy(s.mean[i*s.width:(i+1)*s.width], mean.RawRowView(i))
		}
		return
	}
	wide := s.workers[0].wide
	wide.Reduce(s.mean, mean, nil)
	copy(s.basis, wide.Basis())
}

// reduceAll stores the coordinates of the networks that are wider than long.
func (s *space) reduceAll(ctx context.Context, xs []*mat.Dense) error {
	if s.group != optimize.Orthogonal {
		return nil
	}
	par.Expect(ctx, len(xs))
	return s.workers.For(ctx, len(xs), func(w *spaceWorker, i int) error {
		if m, n := xs[i].Dims(); n > m {
			w.wide.Reduce(s.nets[i].data, xs[i], nil)
		}
		return nil
	})
}

// align finds the alignment of each network to the mean.
func (s *space) align(ctx context.Context, nets []*network) error {
	if s.group == optimize.Identity {
		return nil
	}
	return s.workers.For(ctx, len(nets), func(w *spaceWorker, i int) error {
		net := nets[i]
		if s.group == optimize.Permutation {
			cross := w.cross[:s.rank*net.rank]
			linalg.Gemm(blas.Trans, blas.NoTrans, net.rank, s.rank, s.rows,
				-1, net.data, net.stride, s.mean, s.rank, 0, cross, s.rank)
			copy(net.to, w.assignment.Minimize(cross, net.rank, s.rank))
			return nil
		}
		return s.rotate(w, net, s.product(w, net))
	})
}

// product returns the product of the mean and a network, M'X.
func (s *space) product(w *spaceWorker, net *network) []float64 {
	cross := w.cross[:s.rank*net.rank]
	linalg.Gemm(blas.Trans, blas.NoTrans, s.rank, net.rank, s.rows,
		1, s.mean, s.rank, net.data, net.stride, 0, cross, net.rank)
	return cross
}

// rotate makes the polar factor of a product that of the network.
func (s *space) rotate(w *spaceWorker, net *network, cross []float64) error {
	if w.halley.Factor(net.q, cross, s.rank, net.rank) {
		return nil
	}
	_, _, err := w.polar.Factor(net.q, cross, s.rank, net.rank, linalg.AnyBound)
	return err
}

// average stores keep*mean + weight*sum_i X_i Q_i in next, block by block.
func (s *space) average(ctx context.Context, keep, weight float64) error {
	return s.workers.For(ctx, s.blocks(), func(_ *spaceWorker, b int) error {
		first, last := s.block(b)
		out := s.next[first*s.rank : last*s.rank]
		for j, v := range s.mean[first*s.rank : last*s.rank] {
			out[j] = keep * v
		}
		for _, net := range s.nets {
			s.addAligned(out, net, first, last, weight)
		}
		return nil
	})
}

// addAligned adds rows [first, last) of weight X_i Q_i to out.
func (s *space) addAligned(out []float64, net *network, first, last int, weight float64) {
	if net.to == nil {
		s.addProduct(out, net, net.q, first, last, weight)
		return
	}
	for r := first; r < last; r++ {
		row := out[(r-first)*s.rank:]
		for j, v := range net.data[r*net.stride : r*net.stride+net.rank] {
			row[net.to[j]] += weight * v
		}
	}
}

// addProduct adds rows [first, last) of weight X_i Q to out, Q being stored as net.q is.
func (s *space) addProduct(
	out []float64, net *network, q []float64, first, last int, weight float64,
) {
	linalg.Gemm(blas.NoTrans, blas.Trans, last-first, s.rank, net.rank,
		weight, net.data[first*net.stride:], net.stride, q, net.rank, 1, out, s.rank)
}

// storeMean writes the mean to dst.
func (s *space) storeMean(dst *mat.Dense) { s.store(dst, s.mean) }

// storeAligned writes X_i Q_i to dst.
func (s *space) storeAligned(dst *mat.Dense, w *spaceWorker, i int) {
	clear(w.block)
	s.addAligned(w.block, s.nets[i], 0, s.rows, 1)
	s.store(dst, w.block)
}

// store writes the matrix with the given coordinates to dst.
func (s *space) store(dst *mat.Dense, coords []float64) {
	raw := dst.RawMatrix()
	if s.basis != nil {
		linalg.Gemm(blas.NoTrans, blas.Trans, s.rows, s.width, s.rank,
			1, coords, s.rank, s.basis, s.rank, 0, raw.Data, raw.Stride)
		return
	}
	for i := range s.rows {
		copy(dst.RawRowView(i), coords[i*s.rank:(i+1)*s.rank])
	}
}

// block returns where block b of the samples begins and ends.
func (s *space) block(b int) (first, last int) {
	return b * blockRows, min((b+1)*blockRows, s.rows)
}

func (s *space) blocks() int { return (s.rows + blockRows - 1) / blockRows }

// sweepTasks is the number of tasks of one align and average.
func (s *space) sweepTasks() int {
	if s.group == optimize.Identity {
		return s.blocks()
	}
	tasks := len(s.nets) + s.blocks()
	if s.turns != nil {
		size := blockSize(len(s.nets))
		tasks += ((len(s.nets)+size-1)/size - 1) * s.blocks()
	}
	return tasks
}
