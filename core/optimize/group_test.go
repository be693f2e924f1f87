package optimize

import (
	"math"
	"math/rand/v2"
	"testing"

	"netrep_go/core/internal/cmem"
)

// TestAlign compares an alignment with many random elements of its group, also
// for a matrix of rank one, whose best rotation is not unique.
func TestAlign(t *testing.T) {
	const n = 5
	rng := rand.New(rand.NewPCG(1, 2))
	random, rankOne := make([]float64, n*n), make([]float64, n*n)
	for i := range random {
		random[i] = rng.NormFloat64()
		rankOne[i] = random[i/n] * float64(1+i%n)
	}
	for _, c := range [][]float64{random, rankOne} {
		for _, group := range []Group{Orthogonal, Permutation, Identity} {
			var arena cmem.Arena
			a, got := NewAligner(&arena, group, n), make([]float64, n*n)
			best, err := a.Align(got, append([]float64(nil), c...))
			if err != nil {
				t.Fatal(err)
			}
			if v := inner(got, c); math.Abs(v-best) > 1e-12 {
				t.Errorf("group %d: <T, C> = %g, returned %g", group, v, best)
			}
			if d := orthogonality(got, n); d > 1e-12 {
				t.Errorf("group %d: |T'T - I| = %g", group, d)
			}
			for range 200 {
				if v := inner(element(rng, group, n), c); v > best+1e-12 {
					t.Errorf("group %d: %g is better than %g", group, v, best)
				}
			}
			arena.Free()
		}
	}
	if Group(3).Check() == nil || Group(-1).Check() == nil {
		t.Error("a group that is none passes")
	}
}

func inner(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

func orthogonality(q []float64, n int) (worst float64) {
	for i := range n {
		for j := range n {
			v := inner(q[i*n:(i+1)*n], q[j*n:(j+1)*n])
			if i == j {
				v--
			}
			worst = max(worst, math.Abs(v))
		}
	}
	return worst
}

// element returns an element of the group: a product of plane rotations, or a
// random permutation.
func element(rng *rand.Rand, group Group, n int) []float64 {
	q := make([]float64, n*n)
	SetIdentity(q, n)
	switch group {
	case Permutation:
		clear(q)
		for i, j := range rng.Perm(n) {
			q[i*n+j] = 1
		}
	case Orthogonal:
		for range 4 * n {
			i := rng.IntN(n)
			j := (i + 1 + rng.IntN(n-1)) % n
			sin, cos := math.Sincos(2 * math.Pi * rng.Float64())
			for k := range n {
				a, b := q[i*n+k], q[j*n+k]
				q[i*n+k], q[j*n+k] = cos*a-sin*b, sin*a+cos*b
			}
		}
	}
	return q
}
