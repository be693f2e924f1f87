package cmem

import (
	"errors"
	"math"
	"testing"
)

func TestArena(t *testing.T) {
	var a Arena
	defer a.Free()
	x := a.Float64s(1000)
	for i, v := range x {
		if v != 0 {
			t.Fatalf("element %d is %v, want 0", i, v)
		}
		x[i] = float64(i)
	}
	if y := a.Int32s(3); len(x) != 1000 || len(y) != 3 || a.Float32s(0) != nil || a.Err() != nil {
		t.Errorf("lengths %d, %d, error %v", len(x), len(y), a.Err())
	}
}

func TestArenaRemembersFailure(t *testing.T) {
	for _, n := range []int{-1, math.MaxInt, math.MaxInt / 8} {
		var a Arena
		if x := a.Float64s(n); x != nil || !errors.Is(a.Err(), ErrNoMemory) {
			t.Errorf("n = %d: got %d elements, error %v", n, len(x), a.Err())
		}
		if x := a.Float64s(1); x != nil {
			t.Errorf("an arena that failed still allocates")
		}
		a.Free()
	}
}
