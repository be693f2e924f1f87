package optimize

import (
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

	sent   []float64 // between a node and its parent, from the one that is a row
	price  []float64 // of a node: those of a row and a column of the tree add up to the cost
	scale  float64   // the largest price
	parent []int32   // of a node, none at the root
	depth  []int32
	child  []int32 // the first node below a node
	next   []int32 // the next node below the same parent
	last   []int32 // the one before

	left  []float64 // of supply and room, as the first tree is made
	mean  []float64 // cost of a column
	rows  queue     // those that lose most by the second cheapest column first
	empty []int32   // columns with room
}

const none int32 = -1

// NewSimplex returns a workspace in the arena for m x n costs. The caller checks arena.Err.
func NewSimplex(arena *cmem.Arena, m, n int) *Simplex {
	return &Simplex{
		m: m, n: n,
		sent:   arena.Float64s(m + n),
		price:  arena.Float64s(m + n),
		parent: arena.Int32s(m + n),
		depth:  arena.Int32s(m + n),
		child:  arena.Int32s(m + n),
		next:   arena.Int32s(m + n),
		last:   arena.Int32s(m + n),
		left:   arena.Float64s(m + n),
		mean:   arena.Float64s(n),
		rows:   newQueue(arena, m),
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
	s.cost = cost
	s.plant(supply, room)
	s.setPrices()
	relative, exact := tolerance, true
	for pivots, start := 1, 0; !stop(); {
		i, j, gain := s.cheaper(start, relative*s.scale)
		if j < 0 && exact {
			break
		}
		if j < 0 {
			s.setPrices()
			exact = true
			continue
		}
		s.pivot(int32(i), int32(s.m+j), gain)
		start, exact = (i+1)%s.m, false
		if pivots++; pivots%(100*(s.m+s.n)) == 0 {
			relative *= 2
		}
	}
	s.store(flow)
}

// store stores what flows along the tree.
func (s *Simplex) store(flow []float64) {
	clear(flow)
	for v, p := range s.parent {
		if p != none {
			i, column := min(v, int(p)), max(v, int(p))
			flow[(column-s.m)*s.m+i] = s.sent[v]
		}
	}
}

// plant makes the first tree by Vogel's method: the row that would lose most by taking
// the second cheapest column sends to the cheapest one, where columns count from their
// mean cost.
func (s *Simplex) plant(supply, room float64) {
	for v := range s.parent {
		s.parent[v], s.child[v], s.next[v], s.last[v] = none, none, none, none
		s.left[v] = supply
		if v >= s.m {
			s.left[v] = room
		}
	}
	s.takeMeans()
	columns := s.empty
	for j := range columns {
		columns[j] = int32(j)
	}
	s.rows.empty(s.m)
	for i := range s.m {
		_, lost := s.cheapest(int32(i), columns)
		s.rows.push(int32(i), -lost)
	}
	for len(columns) > 0 {
		columns = s.send(columns)
	}
}

// send sends what the first of the rows has to the cheapest of the columns with room, and
// returns those that still have room. What is used up then hangs below the other one. So a
// row that fills a column with the last that it has hangs below another column, to which it
// sends nothing.
func (s *Simplex) send(columns []int32) []int32 {
	i := s.rows.pop().what
	k, lost := s.cheapest(i, columns)
	if s.left[i] > 0 && len(s.rows.items) > 0 && -lost > s.rows.items[0].key {
		s.rows.push(i, -lost) // it lost more when other columns had room
		return columns
	}
	column := int32(s.m) + columns[k]
	sent := min(s.left[i], s.left[column])
	s.left[i] -= sent
	s.left[column] -= sent
	if s.left[column] > 0 {
		s.attach(i, column, sent)
		return columns
	}
	s.attach(column, i, sent)
	if s.left[i] == 0 {
		lost = math.Inf(1)
	}
	s.rows.push(i, -lost)
	last := len(columns) - 1
	columns[k] = columns[last]
	return columns[:last]
}

// takeMeans sets the mean cost of each column.
func (s *Simplex) takeMeans() {
	clear(s.mean)
	for i := range s.m {
		for j, c := range s.row(i) {
			s.mean[j] += c / float64(s.m)
		}
	}
}

// cheapest returns the index of the cheapest of some columns for a row, and what the row
// loses by the second cheapest.
func (s *Simplex) cheapest(i int32, columns []int32) (k int, lost float64) {
	first, second := math.Inf(1), math.Inf(1)
	row := s.row(int(i))
	for at, j := range columns {
		if c := row[j] - s.mean[j]; c < first {
			first, second, k = c, first, at
		} else if c < second {
			second = c
		}
	}
	return k, second - first
}

func (s *Simplex) row(i int) []float64 {
	return s.cost[i*s.n : (i+1)*s.n]
}

// attach puts a node below another one.
func (s *Simplex) attach(v, parent int32, sent float64) {
	first := s.child[parent]
	s.sent[v] = sent
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

// setPrices sets the prices and depths of all nodes, where the root has none.
func (s *Simplex) setPrices() {
	root := int32(slices.Index(s.parent, none))
	s.price[root], s.depth[root], s.scale = 0, 0, 0
	for v := s.below(root, root); v != root; v = s.below(v, root) {
		p := s.parent[v]
		i, column := min(v, p), max(v, p)
		s.price[v] = s.cost[int(i)*s.n+int(column)-s.m] - s.price[p]
		s.depth[v] = s.depth[p] + 1
		s.scale = max(s.scale, math.Abs(s.price[v]))
	}
}

// below returns the node after v among those below top, parents first, and top at the end.
func (s *Simplex) below(v, top int32) int32 {
	if s.child[v] >= 0 {
		return s.child[v]
	}
	for v != top && s.next[v] < 0 {
		v = s.parent[v]
	}
	if v == top {
		return top
	}
	return s.next[v]
}

// move adds to the prices of the rows at and below a node, takes as much from those of
// the columns, and sets their depths.
func (s *Simplex) move(top int32, more float64) {
	m := int32(s.m)
	for v := top; ; {
		if v < m {
			s.price[v] += more
		} else {
			s.price[v] -= more
		}
		s.depth[v] = s.depth[s.parent[v]] + 1
		if v = s.below(v, top); v == top {
			return
		}
	}
}

// cheaper returns the row at or after start, all around, that has a column which costs it
// less than the prices by more than enough, the column of which that is most, and how much
// it is. The column is -1 if there is no such row.
func (s *Simplex) cheaper(start int, enough float64) (i, j int, gain float64) {
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
			return i, j, s.price[i] - low
		}
		if i++; i == s.m {
			i = 0
		}
	}
	return i, -1, 0
}

// pivot sends as much as can be from a row to a column that are not next to each other in
// the tree, around the cycle that they close, and cuts the tree where nothing flows then.
// The way is cheaper than the prices by gain.
func (s *Simplex) pivot(i, column int32, gain float64) {
	top := s.meet(i, column)
	m := int32(s.m)
	amount, cut, below, above := math.Inf(1), none, i, column
	for v := i; v != top; v = s.parent[v] {
		if v < m && s.sent[v] < amount {
			amount, cut = s.sent[v], v
		}
	}
	for v := column; v != top; v = s.parent[v] {
		if v >= m && s.sent[v] <= amount {
			amount, cut, below, above = s.sent[v], v, column, i
		}
	}
	if amount > 0 {
		s.shift(i, top, -amount)
		s.shift(column, top, amount)
	}
	s.detach(cut)
	s.hang(below, above, cut, amount)
	if below == column {
		gain = -gain
	}
	s.move(below, -gain)
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

// shift adds to what flows from the rows of a path to the nodes above them, and takes as
// much from what flows to its columns.
func (s *Simplex) shift(v, top int32, amount float64) {
	for ; v != top; v = s.parent[v] {
		if v < int32(s.m) {
			s.sent[v] += amount
		} else {
			s.sent[v] -= amount
		}
	}
}

// hang turns the path from a node up to cut, which has no parent any more, upside down and
// puts the node below a parent.
func (s *Simplex) hang(v, parent, cut int32, sent float64) {
	for v != cut {
		above, before := s.parent[v], s.sent[v]
		s.detach(v)
		s.attach(v, parent, sent)
		v, parent, sent = above, v, before
	}
	s.attach(cut, parent, sent)
}
