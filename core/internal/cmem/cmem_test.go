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

func TestLargeBlocksDoNotOverlap(t *testing.T) {
	var a Arena
	defer a.Free()
	var blocks [][]float64
	for k := range 40 { // more than a region holds
		x := a.Float64s(300_000 + k)
		for _, i := range []int{0, len(x) / 2, len(x) - 1} {
			if x[i] != 0 {
				t.Fatalf("block %d is not zeroed", k)
			}
		}
		x[0], x[len(x)-1] = float64(k+1), float64(k+1)
		blocks = append(blocks, x)
	}
	for k, x := range blocks {
		if x[0] != float64(k+1) || x[len(x)-1] != float64(k+1) {
			t.Errorf("block %d was overwritten", k)
		}
	}
	if len(a.regions) < 2 || a.Err() != nil {
		t.Errorf("%d regions, error %v", len(a.regions), a.Err())
	}
}
