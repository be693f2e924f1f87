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
type Assignment struct {
	cost  []float64
	n     int
	price []float64 // of a column: never positive, 0 if it is free
	row   []int32   // of a column, -1 if it is free
	col   []int32   // of a row

	free     []int32   // rows without a column
	distance []float64 // of a column from the row that looks for one
	previous []int32   // row before a column on the shortest path
	todo     []int32   // columns whose distance is not final
	done     []int32   // columns whose distance is
}

// NewAssignment returns a workspace in the arena for costs of up to n columns. The
// caller checks arena.Err.
func NewAssignment(arena *cmem.Arena, n int) *Assignment {
	return &Assignment{
		price:    arena.Float64s(n),
		row:      arena.Int32s(n),
		col:      arena.Int32s(n),
		free:     arena.Int32s(n),
		distance: arena.Float64s(n),
		previous: arena.Int32s(n),
		todo:     arena.Int32s(n),
		done:     arena.Int32s(n)[:0],
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
	clear(a.price[:n])
	for j := range n {
		a.row[j] = -1
	}
	free := a.free[:m]
	for i := range free {
		free[i] = int32(i)
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
		j, second, gap := a.cheapest(int(i))
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
func (a *Assignment) cheapest(i int) (first, second int32, gap float64) {
	row, price := a.cost[i*a.n:(i+1)*a.n], a.price[:a.n]
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

// shortestPath finds the free column that is nearest to row start through
// columns in use, and adjusts the prices of those it passed.
func (a *Assignment) shortestPath(start int32) (end int32) {
	n := a.n
	todo := a.todo[:n]
	for j := range n {
		a.distance[j] = math.Inf(1)
		a.previous[j] = start
		todo[j] = int32(j)
	}
	a.done = a.done[:0]
	reached, i, base := 0.0, start, 0.0
	for {
		k := a.relax(todo, i, base)
		end = todo[k]
		reached = a.distance[end]
		if a.row[end] < 0 {
			break
		}
		todo[k] = todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		a.done = append(a.done, end)
		i = a.row[end]
		base = reached - (a.cost[int(i)*n+int(end)] - a.price[end])
	}
	for _, j := range a.done {
		a.price[j] += a.distance[j] - reached
	}
	return end
}

// relax shortens the distances of the columns todo by way of row i, and returns
// the index of the nearest, a free one if it can choose.
func (a *Assignment) relax(todo []int32, i int32, base float64) (nearest int) {
	row, price := a.cost[int(i)*a.n:(int(i)+1)*a.n], a.price[:a.n]
	distance := a.distance[:a.n]
	low := math.Inf(1)
	for k, j := range todo {
		d := distance[j]
		if c := base + row[j] - price[j]; c < d {
			d = c
			distance[j] = c
			a.previous[j] = i
		}
		if d <= low && (d < low || a.row[j] < 0) {
			low, nearest = d, k
		}
	}
	return nearest
}

// assign gives start the first column of the path to end, and every row on the
// path the next one.
func (a *Assignment) assign(start, end int32) {
	for {
		i := a.previous[end]
		a.row[end] = i
		a.col[i], end = end, a.col[i]
		if i == start {
			return
		}
	}
}
