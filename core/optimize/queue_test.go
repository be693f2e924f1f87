package optimize

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"netrep_go/core/internal/cmem"
)

// TestQueueIsSorted pushes with falling keys between pops, and compares with the
// smallest key of a list.
func TestQueueIsSorted(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	q := newQueue(new(cmem.Arena), 30)
	for range 200 {
		n := 1 + rng.IntN(30)
		q.empty(n)
		keys := slices.Repeat([]float64{math.Inf(1)}, n)
		for range 5 * n {
			what := rng.IntN(n)
			if key := float64(rng.IntN(100)); key < keys[what] {
				keys[what] = key
				q.push(int32(what), key)
			}
			if least := slices.Min(keys); rng.IntN(3) == 0 && !math.IsInf(least, 1) {
				first := q.pop()
				if first.key != least || keys[first.what] != least {
					t.Fatalf("got %v, the keys are %v", first, keys)
				}
				keys[first.what] = math.Inf(1)
			}
		}
	}
}
