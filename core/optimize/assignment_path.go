package optimize

import (
	"math"
	"slices"

	"netrep_go/core/internal/cmem"
)

// path is the search for the free column that is nearest to a row, by Dijkstra's
// algorithm. The queue holds columns in use, numbered from 0 on, and rows of which
// only the shortlist was looked at, numbered from n on, for the rest of their columns.
type path struct {
	queue
	distance []float64 // of a column from the row that looks for one, -Inf if it is final
	previous []int32   // row before a column on the shortest path
	base     []float64 // what the distances by way of a row start from
	todo     []int32   // columns that denseSearch has not passed
	passed   []int32   // columns in use whose distance is final
	final    []float64 // their distances
	end      int32     // the nearest free column so far, -1 if there is none
	reached  float64   // its distance

	rows, whole int // looked at since Minimize began, and those of which all columns were

	paths           int     // searched since both ways are tried
	sparse, crowded float64 // what they took of late, 0 at first
}

// Where of enough rows that were looked at more than often had to be as a whole, shortlists
// may be in the way: all rows compete for the same columns, or many cost the same. Then the
// search that took less is taken, and in one of so many paths the other, to see.
const (
	often  = 0.45
	enough = 20
	trial  = 256
)

func newPath(arena *cmem.Arena, n int) path {
	return path{
		queue:    newQueue(arena, 2*n),
		distance: arena.Float64s(n),
		previous: arena.Int32s(n),
		base:     arena.Float64s(n),
		todo:     arena.Int32s(n),
		passed:   arena.Int32s(n),
		final:    arena.Float64s(n),
	}
}

// begin forgets the last search.
func (p *path) begin(n int) {
	p.passed = p.passed[:0]
	p.final = p.final[:0]
	for j := range n {
		p.distance[j] = math.Inf(1)
	}
	p.end, p.reached = -1, math.Inf(1)
}

// shortestPath finds the free column that is nearest to row start through
// columns in use, and adjusts the prices of those it passed.
func (a *Assignment) shortestPath(start int32) (end int32) {
	a.begin(a.n)
	if a.isCrowded() {
		a.crowded = average(a.crowded, a.denseSearch(start))
	} else {
		rows, whole := a.rows, a.whole
		a.search(start)
		a.sparse = average(a.sparse, queueing+lookAtAll*float64(a.whole-whole)+
			lookAtSome*float64(a.rows-rows))
	}
	for k, j := range a.passed {
		a.price[j] += min(0, a.final[k]-a.reached)
	}
	return a.end
}

// What a search by way of the queue takes in units of a look of denseSearch at a row:
// at first, for all columns of a row and for a shortlist.
const (
	queueing   = 0.5
	lookAtAll  = 2
	lookAtSome = 0.05
)

// average follows what paths took.
func average(so, last float64) float64 {
	if so == 0 {
		return last
	}
	return so + (last-so)/4
}

// isCrowded reports whether the next path is to be found without shortlists.
func (a *Assignment) isCrowded() bool {
	if a.n <= a.few {
		return true
	}
	if a.rows < enough || float64(a.whole) <= often*float64(a.rows) {
		return false
	}
	a.paths++
	return (a.crowded <= a.sparse) != (a.paths%trial == 0)
}

// search finds the nearest free column by shortlists.
func (a *Assignment) search(start int32) {
	a.empty(2 * a.n)
	a.relaxShortlist(start, 0)
	for len(a.items) > 0 && a.items[0].key < a.reached {
		next := a.pop()
		if next.what < int32(a.n) {
			a.pass(next.what, next.key)
			a.distance[next.what] = math.Inf(-1)
			a.relaxShortlist(a.row[next.what], a.throughRow(next.what, next.key))
		} else {
			a.relaxRow(next.what - int32(a.n))
		}
	}
	if a.end < 0 { // no path is finite
		a.end = int32(slices.Index(a.row[:a.n], -1))
		a.previous[a.end] = start
	}
}

// pass notes that the distance of column j is final.
func (p *path) pass(j int32, distance float64) {
	p.passed = append(p.passed, j)
	p.final = append(p.final, distance)
}

// throughRow returns what distances by way of the row that uses column j start from.
func (a *Assignment) throughRow(j int32, distance float64) float64 {
	return distance - (a.costs(a.row[j])[j] - a.price[j])
}

// relaxShortlist shortens the distances of the columns on the shortlist of row i.
func (a *Assignment) relaxShortlist(i int32, base float64) {
	row := a.costs(i)
	for _, j := range a.shortlist(i) {
		if d := base + row[j] - a.price[j]; d < a.reached && d < a.distance[j] {
			a.shorten(i, j, d)
		}
	}
	a.rows++
	a.base[i] = base
	if least := base + a.least[i]; least < a.reached {
		a.push(int32(a.n)+i, least)
	}
}

// relaxRow shortens the distances of all columns by way of row i.
func (a *Assignment) relaxRow(i int32) {
	a.whole++
	row, base := a.costs(i), a.base[i]
	price, distance := a.price[:len(row)], a.distance[:len(row)]
	for j, c := range row {
		if d := base + c - price[j]; d < a.reached && d < distance[j] {
			a.shorten(i, int32(j), d)
		}
	}
}

// shorten takes the distance d of column j by way of row i.
func (a *Assignment) shorten(i, j int32, d float64) {
	a.previous[j] = i
	if a.row[j] < 0 {
		a.end, a.reached = j, d
		return
	}
	a.distance[j] = d
	a.push(j, d)
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
