package core

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestShuffleIsPerm(t *testing.T) {
	for n := range 50 {
		got := make([]int, n)
		Shuffle(got, rand.New(rand.NewPCG(3, uint64(n))))
		if want := rand.New(rand.NewPCG(3, uint64(n))).Perm(n); !slices.Equal(got, want) {
			t.Errorf("n = %d: %v, want %v", n, got, want)
		}
	}
}
