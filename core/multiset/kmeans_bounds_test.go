package multiset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// planted returns noisy copies of a few networks in turn, times scale.
func planted(rng *rand.Rand, k, m, n, groups int, noise, scale float64) []*mat.Dense {
	draw := func(size float64) *mat.Dense {
		x := mat.NewDense(m, n, nil)
		x.Apply(func(int, int, float64) float64 { return size * rng.NormFloat64() }, x)
		return x
	}
	bases := make([]*mat.Dense, groups)
	for c := range bases {
		bases[c] = draw(scale)
	}
	xs := make([]*mat.Dense, k)
	for i := range xs {
		xs[i] = draw(noise * scale)
		xs[i].Add(xs[i], bases[i%groups])
	}
	return xs
}

// state is all that a start of the algorithm leaves behind.
type state struct {
	result           KMeansResult
	labels           []int64
	centroids, dists *mat.Dense
	measured         int
}

// cluster runs one start; if plain, with all distances measured in each iteration.
func cluster(t *testing.T, xs []*mat.Dense, clusters int, seed uint64, plain bool) state {
	t.Helper()
	ctx, k := context.Background(), len(xs)
	m, n := xs[0].Dims()
	var arena cmem.Arena
	defer arena.Free()
	l, err := newLloyd(ctx, &arena, xs, clusters)
	if err != nil {
		t.Fatal(err)
	}
	l.seed(rand.New(rand.NewPCG(seed, 0)), mat.NewDense(k, k, nil)) // seeds by chance
	for i := range l.labels {
		l.relabel(i, i%clusters)
	}
	s := state{labels: make([]int64, k),
		centroids: mat.NewDense(clusters*m, n, nil), dists: mat.NewDense(clusters, k, nil)}
	for !s.result.Converged && s.result.Iterations < 30 {
		if err := l.update(ctx); err != nil {
			t.Fatal(err)
		}
		if plain {
			for c := range l.centroids {
				l.centroids[c].forget()
			}
		}
		s.measured -= known(l)
		if err := l.measure(ctx); err != nil {
			t.Fatal(err)
		}
		s.measured += known(l)
		assigned, filled := l.assign(), l.fillEmpty()
		s.result.Converged = !assigned && !filled
		s.result.Iterations++
	}
	if err := l.store(ctx, s.centroids, s.dists, s.labels); err != nil {
		t.Fatal(err)
	}
	return s
}

// known counts distances that are exact.
func known(l *lloyd) (n int) {
	for _, at := range l.centroids {
		for _, exact := range at.exact {
			if exact {
				n++
			}
		}
	}
	return n
}

// TestBoundsChangeNothing compares every bit with iterations that measure all distances.
func TestBoundsChangeNothing(t *testing.T) {
	saved, all := 0, 0
	for seed := range uint64(6) {
		for _, tc := range []struct {
			k, m, n, groups, clusters int
			noise, scale              float64
		}{
			{24, 20, 4, 4, 4, 0.1, 1}, {24, 20, 4, 4, 4, 0.5, 1e-140}, {30, 12, 3, 3, 5, 1, 1e140},
			{20, 8, 8, 1, 3, 1, 1}, {7, 5, 1, 2, 7, 0.3, 1}, {9, 4, 2, 3, 4, 0, 1}, {3, 2, 2, 1, 1, 1, 1},
			{40, 10, 2, 2, 6, 0.7, 1},
		} {
			rng := rand.New(rand.NewPCG(seed, 7))
			xs := planted(rng, tc.k, tc.m, tc.n, tc.groups, tc.noise, tc.scale)
			want, got := cluster(t, xs, tc.clusters, seed, true), cluster(t, xs, tc.clusters, seed, false)
			name := fmt.Sprintf("%+v, seed %d", tc, seed)
			if got.result != want.result || !slices.Equal(got.labels, want.labels) {
				t.Errorf("%s: %+v and labels %v, want %+v and %v", name, got.result, got.labels, want.result, want.labels)
			}
			if !mat.Equal(got.centroids, want.centroids) || !mat.Equal(got.dists, want.dists) {
				t.Errorf("%s: other centroids or distances", name)
			}
			saved += want.measured - got.measured
			all += want.measured
		}
	}
	if saved < all/4 {
		t.Errorf("bounds saved %d of %d distances", saved, all)
	}
	t.Logf("bounds saved %d of %d distances", saved, all)
}
