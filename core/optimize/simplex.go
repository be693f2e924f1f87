package optimize

import (
	"cmp"
	"math"
	"slices"

	"netrep_go/core/internal/cmem"
)

// Simplex solves transport problems in which all supply is sent and fills all room, on one
// workspace: each row of an m x n cost has the same supply, each column the same room. It
// is not safe for concurrent use.
//
// The algorithm is the simplex method for networks (Ahuja, Magnanti & Orlin, Network
// Flows, 1993, sections 11.3 to 11.6). Rows and columns are the nodes of a tree, rows
// first. A node sends to its parent, or gets from it, whatever flows there. Where nothing
// flows, a row is below a column: so no sequence of changes that send nothing comes back
// to the same tree.
type Simplex struct {
	m, n int
	cost []float64
	flow []float64 // of column j from row i, at j*m+i

	price  []float64 // of a node: those of a row and a column of the tree add up to the cost
	scale  float64   // the largest price
	parent []int32   // of a node, none at the root
	depth  []int32
	child  []int32 // the first node below a node
	next   []int32 // the next node below the same parent
	last   []int32 // the one before

	left  []float64 // of supply and room, as the first tree is made
	mean  []float64 // cost of a column
	rows  []int32   // in the order in which they send first
	empty []int32   // columns with room
}

const none int32 = -1

// NewSimplex returns a workspace in the arena for m x n costs. The caller checks arena.Err.
func NewSimplex(arena *cmem.Arena, m, n int) *Simplex {
	return &Simplex{
		m: m, n: n,
		price:  arena.Float64s(m + n),
		parent: arena.Int32s(m + n),
		depth:  arena.Int32s(m + n),
		child:  arena.Int32s(m + n),
		next:   arena.Int32s(m + n),
		last:   arena.Int32s(m + n),
		left:   arena.Float64s(m + n),
		mean:   arena.Float64s(n),
		rows:   arena.Int32s(m),
		empty:  arena.Int32s(n),
	}
}

// Prices are sums of costs along the tree: what is cheaper by less than so much of the
// largest of them may be so by rounding. It doubles where there are more changes than
// there can be in problems that end, so that all do.
const tolerance = 1e-14

// Minimize stores in flow, at j*m+i, what row i sends to column j. All supply must be as
// much as all room. cost is row-major, m x n, and is not changed. Minimize gives up where
// stop is true.
func (s *Simplex) Minimize(flow, cost []float64, supply, room float64, stop func() bool) {
	if len(flow) != s.m*s.n || len(cost) != s.m*s.n || !(supply > 0) || !(room > 0) {
		panic("optimize: shape of a transport")
	}
	s.cost, s.flow = cost, flow
	s.scale = 0
	s.plant(supply, room)
	s.priceBelow(int32(slices.Index(s.parent, none)))
	relative := tolerance
	for pivots, start := 1, 0; !stop(); pivots++ {
		i, j := s.cheaper(start, relative*s.scale)
		if j < 0 {
			return
		}
		s.pivot(int32(i), int32(s.m+j))
		start = (i + 1) % s.m
		if pivots%(100*(s.m+s.n)) == 0 {
			relative *= 2
		}
	}
}

// plant makes the first tree: each row sends to the columns that are cheapest to it among
// those with room, rows first that lose most by taking the second cheapest.
func (s *Simplex) plant(supply, room float64) {
	clear(s.flow)
	for v := range s.parent {
		s.parent[v], s.child[v], s.next[v], s.last[v] = none, none, none, none
		s.left[v] = supply
		if v >= s.m {
			s.left[v] = room
		}
	}
	for j := range s.empty {
		s.empty[j] = int32(j)
	}
	s.order()
	left := s.empty
	for _, i := range s.rows {
		left = s.send(i, left)
	}
}

// order sorts rows by what they lose if they do not get the cheapest column, where each
// counts from its mean cost.
func (s *Simplex) order() {
	clear(s.mean)
	for i := range s.m {
		for j, c := range s.row(i) {
			s.mean[j] += c / float64(s.m)
		}
	}
	lost := s.price[:s.m] // which is free so far
	for i := range lost {
		first, second := math.Inf(1), math.Inf(1)
		for j, c := range s.row(i) {
			if c -= s.mean[j]; c < first {
				first, second = c, first
			} else if c < second {
				second = c
			}
		}
		s.rows[i], lost[i] = int32(i), second-first
	}
	slices.SortFunc(s.rows, func(a, b int32) int {
		return cmp.Or(cmp.Compare(lost[b], lost[a]), cmp.Compare(a, b))
	})
}

func (s *Simplex) row(i int) []float64 {
	return s.cost[i*s.n : (i+1)*s.n]
}

// send sends what row i has to the columns with room that are given, and returns those
// that still have room. What is used up hangs below what it was used up by. A row that
// fills a column with the last that it has sends nothing to another one, and hangs there.
func (s *Simplex) send(i int32, columns []int32) []int32 {
	row := s.row(int(i))
	for len(columns) > 0 {
		low, k := math.Inf(1), 0
		for at, j := range columns {
			if c := row[j] - s.mean[j]; c < low {
				low, k = c, at
			}
		}
		j := columns[k]
		column := int32(s.m) + j
		sent := min(s.left[i], s.left[column])
		s.left[i] -= sent
		s.left[column] -= sent
		s.flow[int(j)*s.m+int(i)] = sent
		if s.left[column] > 0 {
			s.attach(i, column)
			return columns
		}
		s.attach(column, i)
		columns[k] = columns[len(columns)-1]
		columns = columns[:len(columns)-1]
	}
	return columns
}

// attach puts a node below another one.
func (s *Simplex) attach(v, parent int32) {
	first := s.child[parent]
	s.parent[v], s.next[v], s.last[v] = parent, first, none
	if first >= 0 {
		s.last[first] = v
	}
	s.child[parent] = v
}

// detach takes a node from below its parent.
func (s *Simplex) detach(v int32) {
	if s.last[v] >= 0 {
		s.next[s.last[v]] = s.next[v]
	} else {
		s.child[s.parent[v]] = s.next[v]
	}
	if s.next[v] >= 0 {
		s.last[s.next[v]] = s.last[v]
	}
}

// priceBelow sets the prices and depths of a node and of all below it.
func (s *Simplex) priceBelow(top int32) {
	s.setPrice(top)
	for v := top; ; {
		if s.child[v] >= 0 {
			v = s.child[v]
		} else {
			for v != top && s.next[v] < 0 {
				v = s.parent[v]
			}
			if v == top {
				return
			}
			v = s.next[v]
		}
		s.setPrice(v)
	}
}

func (s *Simplex) setPrice(v int32) {
	p := s.parent[v]
	if p == none {
		s.price[v], s.depth[v] = 0, 0
		return
	}
	i, column := min(v, p), max(v, p)
	s.price[v] = s.cost[int(i)*s.n+int(column)-s.m] - s.price[p]
	s.depth[v] = s.depth[p] + 1
	s.scale = max(s.scale, math.Abs(s.price[v]))
}

// cheaper returns the row at or after start, all around, that has a column which costs it
// less than the prices by more than enough, and the column of which that is most. The
// column is -1 if there is no such row.
func (s *Simplex) cheaper(start int, enough float64) (i, j int) {
	prices := s.price[s.m:]
	i = start
	for range s.m {
		low := s.price[i] - enough
		j = -1
		for k, c := range s.row(i)[:len(prices)] {
			if c -= prices[k]; c < low {
				low, j = c, k
			}
		}
		if j >= 0 {
			return i, j
		}
		if i++; i == s.m {
			i = 0
		}
	}
	return i, -1
}

// pivot sends as much as can be from a row to a column that are not next to each other in
// the tree, around the cycle that they close, and cuts the tree where nothing flows then.
func (s *Simplex) pivot(i, column int32) {
	top := s.meet(i, column)
	m := int32(s.m)
	amount, cut, below := math.Inf(1), none, i
	for v := i; v != top; v = s.parent[v] {
		if f := *s.above(v); v < m && f < amount {
			amount, cut = f, v
		}
	}
	for v := column; v != top; v = s.parent[v] {
		if f := *s.above(v); v >= m && f <= amount {
			amount, cut, below = f, v, column
		}
	}
	if amount > 0 {
		s.shift(i, top, -amount)
		s.shift(column, top, amount)
		s.flow[int(column-m)*s.m+int(i)] += amount
	}
	s.detach(cut)
	s.hang(below, i+column-below, cut)
	s.priceBelow(below)
}

// meet returns where the paths from two nodes to the root meet.
func (s *Simplex) meet(v, w int32) int32 {
	for v != w {
		if s.depth[v] >= s.depth[w] {
			v = s.parent[v]
		} else {
			w = s.parent[w]
		}
	}
	return v
}

// above returns where the flow between a node and its parent stands.
func (s *Simplex) above(v int32) *float64 {
	i, column := min(v, s.parent[v]), max(v, s.parent[v])
	return &s.flow[(int(column)-s.m)*s.m+int(i)]
}

// shift adds to what flows from the rows of a path to the nodes above them, and takes as
// much from what flows to its columns.
func (s *Simplex) shift(v, top int32, amount float64) {
	for ; v != top; v = s.parent[v] {
		if v < int32(s.m) {
			*s.above(v) += amount
		} else {
			*s.above(v) -= amount
		}
	}
}

// hang turns the path from a node up to cut, which has no parent any more, upside down and
// puts the node below a parent.
func (s *Simplex) hang(v, parent, cut int32) {
	for v != cut {
		above := s.parent[v]
		s.detach(v)
		s.attach(v, parent)
		v, parent = above, v
	}
	s.attach(cut, parent)
}
