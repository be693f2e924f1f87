package optimize

import "math"

// denseSearch finds the nearest free column by looking at all columns of each row, and
// returns how many rows that were.
func (a *Assignment) denseSearch(start int32) (rows float64) {
	todo := a.todo[:a.n]
	for j := range todo {
		todo[j] = int32(j)
		a.previous[j] = start
	}
	i, base := start, 0.0
	for {
		rows++
		k := a.relax(todo, i, base)
		j := todo[k]
		d := a.distance[j]
		if a.row[j] < 0 {
			a.end, a.reached = j, d
			return rows
		}
		todo[k] = todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		a.pass(j, d)
		i, base = a.row[j], a.throughRow(j, d)
	}
}

// relax shortens the distances of the columns todo by way of row i, and returns
// the index of the nearest, a free one if it can choose.
func (a *Assignment) relax(todo []int32, i int32, base float64) (nearest int) {
	row, price, distance := a.costs(i), a.price[:a.n], a.distance[:a.n]
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
