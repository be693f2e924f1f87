package optimize

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// trace is V'AV of a diagonal matrix, and counts how often it was asked.
type trace struct {
	diagonal []float64
	asked    int
}

func (f *trace) value(gradient, v []float64, k int) (value float64) {
	f.asked++
	for i, x := range v {
		gradient[i] = 2 * f.diagonal[i/k] * x
		value += f.diagonal[i/k] * x * x
	}
	return value
}

// falling returns the diagonal 1, 1/2, 1/3, ... in a unit, from the end.
func falling(n int, unit float64) []float64 {
	diagonal := make([]float64, n)
	for i := range diagonal {
		diagonal[i] = unit / float64(n-i)
	}
	return diagonal
}

func unscaled(s *StiefelMemory) {
	for _, scale := range [][]float64{s.Rows, s.Columns} {
		for i := range scale {
			scale[i] = 1
		}
	}
}

func TestStiefelMemoryFindsEigenvectors(t *testing.T) {
	const n = 80
	for _, unit := range []float64{1e-140, 1, 1e140} {
		f := trace{diagonal: falling(n, unit)}
		var arena cmem.Arena
		s, plain := NewStiefelMemory(&arena, n, 5), NewStiefel(&arena, n, 5)
		for i, value := range f.diagonal {
			s.Rows[i] = unit / value
		}
		for k := 1; k <= 5; k++ {
			s.Columns[k-1] = 1
			v := gaussian(rand.New(rand.NewPCG(1, uint64(k))), n*k)
			if !s.Orthonormalize(v, k) {
				t.Fatal("Gaussian columns are dependent")
			}
			other := append([]float64(nil), v...)
			settings := StiefelSettings{MaxIter: 5000, Tol: 1e-8}
			f.asked = 0
			plain.Minimize(context.Background(), other, k, f.value, settings)
			asked := f.asked
			f.asked = 0
			found := s.Minimize(context.Background(), v, k, f.value, settings)
			want := floats.Sum(f.diagonal[:k])
			if !found.Converged || !(math.Abs(found.Value-want) < 1e-7*want) {
				t.Errorf("unit %g, k=%d: %+v, want %g", unit, k, found, want)
			}
			if !(f.asked < asked) {
				t.Errorf("unit %g, k=%d: %d values, not fewer than %d", unit, k, f.asked, asked)
			}
		}
		arena.Free()
	}
}

func TestStiefelMemoryNeverIncreasesTheValue(t *testing.T) {
	const n, k = 30, 3
	f := trace{diagonal: falling(n, 1)}
	var arena cmem.Arena
	defer arena.Free()
	s := NewStiefelMemory(&arena, n, k)
	unscaled(s)
	start := gaussian(rand.New(rand.NewPCG(1, 9)), n*k)
	s.Orthonormalize(start, k)
	last := math.Inf(1)
	for steps := range 40 {
		v := append([]float64(nil), start...)
		found := s.Minimize(context.Background(), v, k, f.value, StiefelSettings{MaxIter: steps})
		if found.Iterations != steps || !(found.Value <= last) {
			t.Errorf("%d steps lead to %+v, from %g", steps, found, last)
		}
		last = found.Value
	}
}

func TestStiefelMemoryStaysWhereTheValueIsFinite(t *testing.T) {
	const n = 20
	f := trace{diagonal: falling(n, 1)}
	walled := func(gradient, v []float64, k int) float64 {
		if math.Abs(v[0]) > 0.3 { // the minimum is beyond
			return math.Inf(1)
		}
		return f.value(gradient, v, k)
	}
	var arena cmem.Arena
	defer arena.Free()
	s := NewStiefelMemory(&arena, n, 1)
	unscaled(s)
	v := make([]float64, n)
	v[n-1], v[0] = 1, 0.1
	s.Orthonormalize(v, 1)
	before := walled(make([]float64, n), v, 1)
	found := s.Minimize(context.Background(), v, 1, walled, StiefelSettings{MaxIter: 200, Tol: 1e-9})
	if math.Abs(v[0]) > 0.3 || !(found.Value < before) {
		t.Errorf("%+v at %v", found, v)
	}
	v = []float64{1, 0, 0}
	s = NewStiefelMemory(&arena, 3, 1)
	found = s.Minimize(context.Background(), v, 1, walled, StiefelSettings{MaxIter: 5})
	if found.Converged || v[0] != 1 {
		t.Errorf("%+v, %v", found, v)
	}
}
