package rsa

import (
	"math"
	"slices"
	"testing"
)

func TestLowestBit(t *testing.T) {
	for v, want := range map[float64]float64{
		1: 1, -6: 2, 0.75: 0.25, 0x1p300: 0x1p300, 1 + 0x1p-52: 0x1p-52, 3 * 0x1p-900: 0x1p-900,
		0x1p-1040: 0x1p-1040, 0: 0,
	} {
		if got := lowestBit(v); got != want {
			t.Errorf("of %v: got %v, want %v", v, got, want)
		}
	}
}

func TestShiftsAreOnTheGridOfTheData(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		x    []float64
		step float64
	}{
		{[]float64{5, 5, 8, 9}, 1},
		{[]float64{nan, 0.5, nan, 4.5, 0.75}, 4},
		{[]float64{3, 3, 3}, 0},
		{[]float64{nan}, 0},
		{nil, 0},
	} {
		if got := step(c.x); got != c.step {
			t.Errorf("step of %v: got %v, want %v", c.x, got, c.step)
		}
	}
	for _, c := range [][3]float64{
		{1. / 7, 1, 0}, {1e6 + 0.7, 0.5, 1e6 + 0.5}, {-2.6, 1, -3}, {0.1, 0, 0.1}, {0, 0, 0},
		{0.3, 0x1p-60, 0.3}, {1e10, 0x1p-1022, 1e10}, {1, 5e-324, 1},
	} {
		if got := onGrid(c[0], c[1]); got != c[2] {
			t.Errorf("%v on steps of %v: got %v, want %v", c[0], c[1], got, c[2])
		}
	}
	rows := [][]float64{{9, 1}, {7, 1}, {8, 3}}
	if got := columnStep(func(c int) []float64 { return rows[c] }, 3, 1); got != 2 {
		t.Errorf("step of a column: got %v, want 2", got)
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		numbers []float64
		want    float64
	}{{[]float64{3, 3, 3}, 3}, {[]float64{2, 6, 4}, 12}, {[]float64{4093, 3}, 1}, {nil, 1}} {
		if got := unitOf(slices.Values(c.numbers)); got != c.want {
			t.Errorf("of %v: got %v, want %v", c.numbers, got, c.want)
		}
	}
	if got := unitOf(upTo(6)); got != 60 {
		t.Errorf("up to 6: got %v, want 60", got)
	}
}
