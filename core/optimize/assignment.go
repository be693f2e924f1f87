package optimize

import (
	"math"

	"netrep_go/core/internal/cmem"
)

// Assignment solves linear assignment problems on one workspace: for an m x n
// cost, m <= n, it gives each row a column of its own so that
//
//	sum_i cost[i][Column(i)]
//
// is as small as can be. It is not safe for concurrent use.
//
// The algorithm is that of Jonker & Volgenant, Computing 38 (1987) 325-340,
// doi:10.1007/BF02278710: augmenting row reduction, which settles most rows by
// one scan each, and shortest augmenting paths for the others. All columns
// start at the price 0 and only columns in use have another one, so that
// rectangular problems need no padding.
//
// Prices only fall, so that a column only gets dearer. A scan of a row therefore
// keeps a shortlist of its cheapest columns, and what the others cost at least:
// while two of the shortlist cost less, they are the cheapest two, and a path need
// not look at the others before it is that long. Most rows are scanned once.
type Assignment struct {
	cost  []float64
	n     int
	price []float64 // of a column: never positive, 0 if it is free
	row   []int32   // of a column, -1 if it is free
	col   []int32   // of a row
	free  []int32   // rows without a column
	few   int       // the number of columns up to which there are no shortlists

	short  []int32   // shortlists of the rows, in the first part of their room
	listed []int32   // length of the shortlist of a row
	least  []float64 // what the columns that are not on it cost at least

	path
}

// The lengths of a shortlist after the first scan of a row, most of which are the only
// one, and later. BenchmarkAssignment takes the same time at up to 16.
const (
	listedFirst = 3
	listedLater = 10
)

// few is the number of columns up to which scans are as fast as shortlists.
const few = 64

// NewAssignment returns a workspace in the arena for costs of up to n columns. The
// caller checks arena.Err.
func NewAssignment(arena *cmem.Arena, n int) *Assignment {
	return &Assignment{
		few:    few,
		price:  arena.Float64s(n),
		row:    arena.Int32s(n),
		col:    arena.Int32s(n),
		free:   arena.Int32s(n),
		short:  arena.Int32s(n * listedLater),
		listed: arena.Int32s(n),
		least:  arena.Float64s(n),
		path:   newPath(arena, n),
	}
}

// Minimize returns the column of each row in a slice that is valid until the
// next call. cost is row-major, m x n with m <= n, and is not changed. If it is
// not finite, some assignment comes back.
func (a *Assignment) Minimize(cost []float64, m, n int) []int32 {
	if m > n || len(cost) < m*n || n > len(a.price) {
		panic("optimize: shape of the cost")
	}
	a.cost, a.n = cost, n
	a.rows, a.whole, a.paths, a.sparse, a.crowded = 0, 0, 0, 0, 0
	clear(a.price[:n])
	for j := range n {
		a.row[j] = -1
	}
	free := a.free[:m]
	for i := range free {
		free[i] = int32(i)
		a.listed[i], a.least[i] = 0, math.Inf(-1)
	}
	for range reductions {
		free = a.reduceRows(free)
	}
	for _, i := range free {
		a.assign(i, a.shortestPath(i))
	}
	return a.col[:m]
}

// reductions is the number of passes of augmenting row reduction, as in the
// paper; scansPerRow limits the bidding of one pass, in which rounding can make
// progress as small as it likes.
const (
	reductions  = 2
	scansPerRow = 4
)

// reduceRows gives each free row the column that is cheapest for it, raises the
// price of that column to where the second cheapest is as good, and continues
// with the row that loses it. It returns the rows left without a column.
func (a *Assignment) reduceRows(free []int32) []int32 {
	left := 0
	budget := scansPerRow * len(free)
	for k := 0; k < len(free); {
		i := free[k]
		k++
		j, second, gap := a.cheapest(i)
		dearer := a.price[j] - gap
		raised := dearer < a.price[j]
		if raised {
			a.price[j] = dearer
		} else if a.row[j] >= 0 {
			j = second
		}
		loser := a.row[j]
		a.row[j], a.col[i] = i, j
		if loser < 0 {
			continue
		}
		budget--
		if raised && budget > 0 {
			k--
			free[k] = loser
		} else {
			free[left] = loser
			left++
		}
	}
	return free[:left]
}

// cheapest returns the two columns that are cheapest for row i, and how much
// the second costs more.
func (a *Assignment) cheapest(i int32) (first, second int32, gap float64) {
	if a.n <= a.few {
		return a.cheapestOfAll(i)
	}
	first, second, low, next := a.cheapestListed(i)
	if !(next <= a.least[i]) {
		a.scan(i)
		first, second, low, next = a.cheapestListed(i)
	}
	return first, second, next - low
}

// cheapestOfAll is cheapest without a shortlist.
func (a *Assignment) cheapestOfAll(i int32) (first, second int32, gap float64) {
	row := a.costs(i)
	price := a.price[:len(row)]
	low, next := math.Inf(1), math.Inf(1)
	for j, c := range row {
		c -= price[j]
		if c < next {
			if c < low {
				next, second = low, first
				low, first = c, int32(j)
			} else {
				next, second = c, int32(j)
			}
		}
	}
	return first, second, next - low
}

// cheapestListed returns the two cheapest columns on the shortlist of row i and
// what they cost, +Inf if there is none.
func (a *Assignment) cheapestListed(i int32) (first, second int32, low, next float64) {
	row := a.costs(i)
	low, next = math.Inf(1), math.Inf(1)
	for _, j := range a.shortlist(i) {
		c := row[j] - a.price[j]
		if c < low {
			next, second = low, first
			low, first = c, j
		} else if c < next {
			next, second = c, j
		}
	}
	return first, second, low, next
}

// scan makes the shortlist of row i, cheapest first.
func (a *Assignment) scan(i int32) {
	size := listedLater
	if a.listed[i] == 0 {
		size = listedFirst
	}
	size = min(size, a.n)
	a.listed[i] = int32(size)
	var room [listedLater]float64
	short, cost := a.shortlist(i), room[:size]
	for k := range cost {
		short[k], cost[k] = int32(k), math.Inf(1)
	}
	row := a.costs(i)
	price := a.price[:len(row)]
	last := math.Inf(1)
	for j, c := range row {
		c -= price[j]
		if c < last {
			insert(short, cost, int32(j), c)
			last = cost[size-1]
		}
	}
	a.least[i] = last
	if size == a.n {
		a.least[i] = math.Inf(1)
	}
}

// insert puts column j where it belongs among those that are sorted by cost. The
// last one drops out.
func insert(short []int32, cost []float64, j int32, c float64) {
	k := len(cost) - 1
	for ; k > 0 && c < cost[k-1]; k-- {
		short[k], cost[k] = short[k-1], cost[k-1]
	}
	short[k], cost[k] = j, c
}

// costs returns row i of the cost.
func (a *Assignment) costs(i int32) []float64 { return a.cost[int(i)*a.n:][:a.n] }

// shortlist returns the shortlist of row i.
func (a *Assignment) shortlist(i int32) []int32 {
	return a.short[int(i)*listedLater:][:a.listed[i]]
}
