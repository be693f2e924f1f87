package rsa

import (
	"math/rand/v2"
	"testing"

	"netrep_go/core/internal/cmem"
)

// kendallByPairs is difference by its definition.
func kendallByPairs(x, y []float64) (sum int64) {
	sign := func(v float64) int64 {
		switch {
		case v > 0:
			return 1
		case v < 0:
			return -1
		}
		return 0
	}
	for i := range x {
		for j := range i {
			sum += sign(x[i]-x[j]) * sign(y[i]-y[j])
		}
	}
	return sum
}

func kendallPair(arena *cmem.Arena, n, levels int) (x, y []float64, a, b *ranking) {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	x, y = make([]float64, n), make([]float64, n)
	for i := range x {
		if levels > 0 {
			x[i], y[i] = float64(rng.IntN(levels)), float64(rng.IntN(levels))
		} else {
			x[i], y[i] = rng.NormFloat64(), rng.NormFloat64()
		}
	}
	s := newSorter(arena, n)
	rankings := cmem.Records[ranking](arena, 2)
	for k := range rankings {
		rankings[k] = newRanking(arena.Int32s(rankingSize, n), n)
	}
	a, b = &rankings[0], &rankings[1]
	a.set(x, s)
	b.set(y, s)
	return x, y, a, b
}

func TestKendall(t *testing.T) {
	for _, n := range []int{1, 2, 3, 63, 64, 65, 128, 500} {
		for _, levels := range []int{0, 1, 2, 10, 300} {
			var arena cmem.Arena
			x, y, a, b := kendallPair(&arena, n, levels)
			k := newAgreement(&arena, n)
			for range 2 { // the second time on used scratch
				if got, want := k.difference(a, b), kendallByPairs(x, y); got != want {
					t.Errorf("n=%d, %d levels: got %d, want %d", n, levels, got, want)
				}
			}
			arena.Free()
		}
	}
}

func BenchmarkKendall(b *testing.B) {
	var arena cmem.Arena
	defer arena.Free()
	_, _, x, y := kendallPair(&arena, 4186, 0)
	k := newAgreement(&arena, 4186)
	for b.Loop() {
		k.difference(x, y)
	}
}

func BenchmarkSort(b *testing.B) {
	var arena cmem.Arena
	defer arena.Free()
	x, _, _, _ := kendallPair(&arena, 4186, 0)
	s := newSorter(&arena, 4186)
	for b.Loop() {
		s.sorted(x)
	}
}
