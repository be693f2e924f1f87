package optimize

import "netrep_go/core/internal/cmem"

// queue is a binary heap of numbered things, the one with the smallest key first. What
// is in it may come nearer to the front.
type queue struct {
	items []queued
	place []int32 // of a thing in items, -1 if it is not in there
}

type queued struct {
	key  float64
	what int32
}

// newQueue returns a queue for the things 0 to n-1.
func newQueue(arena *cmem.Arena, n int) queue {
	return queue{items: cmem.Slice[queued](arena, n), place: arena.Int32s(n)}
}

// empty makes room for the things 0 to n-1.
func (q *queue) empty(n int) {
	q.items = q.items[:0]
	for i := range n {
		q.place[i] = -1
	}
}

// push gives a thing a key, a smaller one if it has one.
func (q *queue) push(what int32, key float64) {
	k := int(q.place[what])
	if k < 0 {
		k = len(q.items)
		q.items = q.items[:k+1]
	}
	for k > 0 {
		parent := (k - 1) / 2
		if !(key < q.items[parent].key) {
			break
		}
		q.set(k, q.items[parent])
		k = parent
	}
	q.set(k, queued{key, what})
}

// pop takes out what is first.
func (q *queue) pop() queued {
	first := q.items[0]
	last := len(q.items) - 1
	moved := q.items[last]
	q.items = q.items[:last]
	k := 0
	for child := 1; child < last; child = 2*k + 1 {
		if child+1 < last && q.items[child+1].key < q.items[child].key {
			child++
		}
		if !(q.items[child].key < moved.key) {
			break
		}
		q.set(k, q.items[child])
		k = child
	}
	if last > 0 {
		q.set(k, moved)
	}
	q.place[first.what] = -1
	return first
}

func (q *queue) set(k int, item queued) {
	q.items[k] = item
	q.place[item.what] = int32(k)
}
