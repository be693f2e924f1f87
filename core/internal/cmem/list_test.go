package cmem

import (
	"errors"
	"math"
	"testing"
	"unsafe"
)

func TestList(t *testing.T) {
	var l List[[2]int]
	defer l.Free()
	const n = 100_000 // beyond what is served by the C heap
	for i := range n {
		l.Add([2]int{i, -i})
	}
	if l.Err() != nil || len(l.Items()) != n {
		t.Fatalf("%d items, error %v", len(l.Items()), l.Err())
	}
	for i, item := range l.Items() {
		if item != [2]int{i, -i} {
			t.Fatalf("item %d is %v", i, item)
		}
	}
	if l.Free(); len(l.Items()) != 0 {
		t.Errorf("%d items after Free", len(l.Items()))
	}
}

func TestListRemembersFailure(t *testing.T) {
	var a Arena
	defer a.Free()
	start := unsafe.SliceData(Slice[byte](&a, 1))              // of C, as -race knows where Go's memory ends
	l := List[byte]{items: unsafe.Slice(start, math.MaxInt/4)} // full
	for range 2 {
		l.Add(0)
		if !errors.Is(l.Err(), ErrNoMemory) || len(l.Items()) != 0 {
			t.Errorf("%d items, error %v", len(l.Items()), l.Err())
		}
	}
}

func TestRecordsHoldMemoryOfArenas(t *testing.T) {
	var a Arena
	defer a.Free()
	rows := Records[[]int32](&a, 3)
	for k := range rows {
		rows[k] = a.Int32s(2)
		rows[k][1] = int32(k)
	}
	for k, row := range rows {
		if len(row) != 2 || row[1] != int32(k) {
			t.Errorf("row %d is %v", k, row)
		}
	}
	defer func() {
		if recover() == nil {
			t.Errorf("Slice takes a type with pointers")
		}
	}()
	Slice[[]int32](&a, 3)
}
