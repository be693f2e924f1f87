package capacity

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// randomCenters returns the basis of p centers that share some directions.
func randomCenters(t *testing.T, arena *cmem.Arena, p, n, shared int) *centerBasis {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(p)))
	x := mat.NewDense(p, n, nil)
	for i := range p {
		for j := range n {
			scale := 1.0
			if j < shared {
				scale = float64(4 * (shared - j))
			}
			x.Set(i, j, scale*rng.NormFloat64())
		}
	}
	var gram mat.Dense
	gram.Mul(x, x.T())
	c, err := newCenterBasis(arena, &gram)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Rows are weighed by four and in blocks on several workers; the plain way is by one.
func TestCostDoesNotDependOnWorkers(t *testing.T) {
	for _, p := range []int{2, 3, 4, 5, 7, 64, 65, 201, 259} {
		var arena cmem.Arena
		centers := randomCenters(t, &arena, p, p+5, 1)
		k := min(2, centers.rank-1)
		rng := rand.New(rand.NewPCG(2, 2))
		var costs [2]float64
		var gradients [2][]float64
		v := make([]float64, centers.rank*k)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		for i, workers := range []int{1, 3} {
			r := newCorrelator(&arena, centers, max(1, k), workers)
			r.search(&arena, max(1, k))
			if i == 0 && k > 0 && !r.stiefel.Orthonormalize(v, k) {
				t.Fatal("the start is dependent")
			}
			gradients[i] = make([]float64, len(v))
			costs[i] = r.cost(gradients[i], v, k)
			for m := range p {
				row := r.block(0, k, m, 1)
				var sum float64
				for n, e := range row {
					sum += e * e * r.left[m] * r.left[n]
				}
				if math.Abs(sum-r.costs[m]) > 1e-12*sum {
					t.Errorf("%d centers: correlations of %d are %g, not %g", p, m, r.costs[m], sum)
				}
			}
		}
		if costs[0] != costs[1] || !slices.Equal(gradients[0], gradients[1]) {
			t.Errorf("%d centers: %v", p, costs)
		}
		arena.Free()
	}
}

// The axes of many centers are those of all eigenvectors where these are apart.
func TestLeadingAxes(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	centers := randomCenters(t, &arena, 240, 300, 4)
	r := newCorrelator(&arena, centers, 1, 1)
	some, all := newAxes(&arena, centers.p), newAxes(&arena, centers.p)
	for _, k := range []int{3, leadingAxes} {
		if err := some.set(r, nil, 0, k); err != nil {
			t.Fatal(err)
		}
		if err := all.set(r, nil, 0, leadingAxes+1); err != nil {
			t.Fatal(err)
		}
		for place := range 3 {
			one, two := make([]float64, centers.p), make([]float64, centers.p)
			for i := range one {
				one[i], two[i] = some.weight(i, place), all.weight(i, place)
			}
			cosine := math.Abs(floats.Dot(one, two)) / (floats.Norm(one, 2) * floats.Norm(two, 2))
			if cosine < 1-1e-9 {
				t.Errorf("axis %d of %d: cosine %g", place, k, cosine)
			}
		}
	}
}

// Correlations of rank 1 have one axis: the iteration ends and all are computed.
func TestLeadingAxesOfOneDirection(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	p := manyCenters + 1
	a := newAxes(&arena, p)
	for i := range a.vectors {
		a.vectors[i] = 1
	}
	if a.lead(2) {
		t.Error("two axes were found")
	}
	if slices.ContainsFunc(a.vectors, func(v float64) bool { return v != 1 }) {
		t.Error("correlations were lost")
	}
	if !a.lead(1) || math.Abs(math.Abs(a.weight(3, 0))-1/math.Sqrt(float64(p))) > 1e-12 {
		t.Error("the axis was not found")
	}
}
