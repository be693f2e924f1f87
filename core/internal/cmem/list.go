package cmem

// leastItems is the room of a list at first.
const leastItems = 64

// List is a slice that grows, in an arena of its own. The zero value is empty. A
// failure is remembered, as by an Arena. It is not safe for concurrent use.
type List[T any] struct {
	arena Arena
	items []T
}

// Add appends an item.
func (l *List[T]) Add(item T) {
	if l.Err() == nil && len(l.items) == cap(l.items) {
		l.grow()
	}
	if l.Err() == nil {
		l.items = append(l.items, item) // heap: there is room
	}
}

// grow doubles the room.
func (l *List[T]) grow() {
	var larger Arena
	items := Slice[T](&larger, max(leastItems, 2*cap(l.items)))
	items = items[:copy(items, l.items)]
	l.arena.Free()
	l.arena, l.items = larger, items
}

// Items returns what was added, in memory that is valid until the next Add or Free.
func (l *List[T]) Items() []T { return l.items }

// Err returns ErrNoMemory once an item had no room.
func (l *List[T]) Err() error { return l.arena.Err() }

// Free releases the memory of the items.
func (l *List[T]) Free() {
	l.arena.Free()
	l.items = nil
}
