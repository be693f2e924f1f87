package optimize

import (
	"math"

	"netrep_go/core/internal/cmem"
)

// Transport solves transport problems on one workspace: each row of an m x n cost has
// the same supply, each column the same room, and what is sent from rows to columns
// shall cost
//
//	sum_ij flow_ij cost_ij
//
// as little as can be. It is not safe for concurrent use.
//
// The algorithm is that of successive shortest paths with prices (Ahuja, Magnanti &
// Orlin, Network Flows, 1993, section 9.7), from all rows with supply at once. So what is
// sent after each Send is the cheapest of all ways to send as much, and a row or column
// that is in use stays so.
type Transport struct {
	m, n int
	cost []float64
	flow []float64 // of column j from row i, at j*m+i

	supply, room []float64 // what is left of them
	price        []float64 // of a column: never positive, 0 while it has room
	near         []int32   // the cheapest row with supply for a column
	distance     []float64 // of a column from the rows with supply
	previous     []int32   // row before a column on the shortest path
	through      []int32   // column before a row on it: fromSupply at its start, else notReached
	todo         []int32   // columns whose distance is not final
	done         []int32   // columns whose distance is
}

// What stands in place of the column before a row.
const (
	notReached int32 = -1 - iota
	fromSupply
)

// NewTransport returns a workspace in the arena for m x n costs. The caller checks
// arena.Err.
func NewTransport(arena *cmem.Arena, m, n int) *Transport {
	return &Transport{
		m: m, n: n,
		supply:   arena.Float64s(m),
		room:     arena.Float64s(n),
		price:    arena.Float64s(n),
		near:     arena.Int32s(n),
		distance: arena.Float64s(n),
		previous: arena.Int32s(n),
		through:  arena.Int32s(m),
		todo:     arena.Int32s(n),
		done:     arena.Int32s(n)[:0],
	}
}

// Start begins a problem. cost is row-major, m x n, and is not changed; flow, of as many
// elements, holds at j*m+i what Send has sent from row i to column j.
func (t *Transport) Start(flow, cost []float64, supply, room float64) {
	if len(flow) != t.m*t.n || len(cost) != t.m*t.n || !(supply > 0) || !(room > 0) {
		panic("optimize: shape of a transport")
	}
	t.cost, t.flow = cost, flow
	clear(flow)
	clear(t.price)
	for i := range t.supply {
		t.supply[i] = supply
	}
	for j := range t.room {
		t.room[j] = room
		t.near[j] = -1
	}
}

// Step is what one shortest path sent, at which cost a unit, and where it started and
// ended.
type Step struct {
	Sent, Cost  float64
	Row, Column int
}

// Send sends along the shortest path what it has room for, at most the given amount. It
// sends nothing once there is no supply or no room.
func (t *Transport) Send(most float64) Step {
	end := t.search()
	if end < 0 {
		return Step{}
	}
	return t.along(end, most)
}

// findNear finds the row with supply that is cheapest for each column, -1 if there is
// none. Columns whose row still has supply keep it.
func (t *Transport) findNear() {
	lost := t.todo[:0]
	for j, i := range t.near {
		if i < 0 || t.supply[i] <= 0 {
			t.near[j] = -1
			lost = append(lost, int32(j))
		}
	}
	for i, left := range t.supply {
		if left <= 0 {
			continue
		}
		row := t.cost[i*t.n : (i+1)*t.n]
		for _, j := range lost {
			if c := row[j]; t.near[j] < 0 || c < t.distance[j] {
				t.near[j], t.distance[j] = int32(i), c
			}
		}
	}
}

// search finds the column with room that is nearest to rows with supply, -1 if there is
// none, and adjusts the prices of the columns that it passed.
func (t *Transport) search() (end int32) {
	if t.findNear(); t.near[0] < 0 {
		return -1
	}
	todo := t.fromSupply()
	t.done = t.done[:0]
	for len(todo) > 0 {
		k := t.nearest(todo)
		end = todo[k]
		if t.room[end] > 0 {
			t.raisePrices(t.distance[end])
			return end
		}
		todo = t.pass(k, todo)
	}
	return -1
}

// pass takes a column from todo, whose distance is final, and returns the others, with
// their distances by way of it.
func (t *Transport) pass(k int, todo []int32) []int32 {
	column := todo[k]
	todo[k] = todo[len(todo)-1]
	todo = todo[:len(todo)-1]
	t.done = append(t.done, column)
	t.passThrough(column, todo)
	return todo
}

// fromSupply sets distances to those from rows with supply, and returns all columns.
func (t *Transport) fromSupply() []int32 {
	for i, left := range t.supply {
		t.through[i] = notReached
		if left > 0 {
			t.through[i] = fromSupply
		}
	}
	for j, i := range t.near {
		t.distance[j] = t.cost[int(i)*t.n+j] - t.price[j]
		t.previous[j] = i
		t.todo[j] = int32(j)
	}
	return t.todo
}

// nearest returns the index of the nearest of the columns todo, one with room if it can
// choose.
func (t *Transport) nearest(todo []int32) (index int) {
	low, distance := math.Inf(1), t.distance[:t.n]
	for k, j := range todo {
		if d := distance[j]; d <= low && (d < low || t.room[j] > 0) {
			low, index = d, k
		}
	}
	return index
}

// passThrough shortens the distances of the columns todo by way of the rows that send to
// a column, which could send elsewhere.
func (t *Transport) passThrough(column int32, todo []int32) {
	distance, price := t.distance[:t.n], t.price[:t.n]
	for i, sent := range t.flow[int(column)*t.m : (int(column)+1)*t.m] {
		if sent <= 0 || t.through[i] != notReached {
			continue
		}
		t.through[i] = column
		row := t.cost[i*t.n : (i+1)*t.n]
		base := distance[column] - (row[column] - price[column])
		for _, j := range todo {
			if d := base + row[j] - price[j]; d < distance[j] {
				distance[j] = d
				t.previous[j] = int32(i)
			}
		}
	}
}

// raisePrices makes the columns passed as dear as those that were reached.
func (t *Transport) raisePrices(reached float64) {
	for _, j := range t.done {
		t.price[j] += t.distance[j] - reached
	}
}

// along sends along the path that ends at a column.
func (t *Transport) along(end int32, most float64) Step {
	step := Step{Sent: min(most, t.room[end]), Column: int(end)}
	t.eachOnPath(end, func(i, j, from int32) {
		step.Cost += t.cost[int(i)*t.n+int(j)]
		if from >= 0 {
			step.Cost -= t.cost[int(i)*t.n+int(from)]
			step.Sent = min(step.Sent, t.flow[int(from)*t.m+int(i)])
		} else {
			step.Sent = min(step.Sent, t.supply[i])
			step.Row = int(i)
		}
	})
	t.eachOnPath(end, func(i, j, from int32) {
		t.flow[int(j)*t.m+int(i)] += step.Sent
		if from >= 0 {
			t.flow[int(from)*t.m+int(i)] -= step.Sent
		}
	})
	t.supply[step.Row] -= step.Sent
	t.room[end] -= step.Sent
	return step
}

// eachOnPath calls f for each row i of the path that ends at a column, which sends to
// column j in place of another one, or from its supply.
func (t *Transport) eachOnPath(end int32, f func(i, j, from int32)) {
	for j := end; j >= 0; {
		i := t.previous[j]
		from := t.through[i]
		f(i, j, from)
		j = from
	}
}
