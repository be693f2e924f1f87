package optimize

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// The trace of V'AV is smallest on the span of the first eigenvectors.
func TestStiefelFindsEigenvectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 12
	root := mat.NewDense(n, n, gaussian(rng, n*n))
	var a mat.Dense
	a.Mul(root, root.T())
	var eigen mat.EigenSym
	eigen.Factorize(mat.NewSymDense(n, a.RawMatrix().Data), false)
	values := eigen.Values(nil)
	var arena cmem.Arena
	defer arena.Free()
	s := NewStiefel(&arena, n, 4)
	f := func(gradient, v []float64, k int) float64 {
		g := mat.NewDense(n, k, gradient)
		g.Mul(&a, mat.NewDense(n, k, v))
		value := floats.Dot(gradient, v)
		g.Scale(2, g)
		return value
	}
	for k := 1; k <= 4; k++ {
		v := gaussian(rng, n*k)
		if !s.Orthonormalize(v, k) {
			t.Fatal("Gaussian columns are dependent")
		}
		result := s.Minimize(context.Background(), v, k, f, StiefelSettings{MaxIter: 5000, Tol: 1e-9})
		if want := floats.Sum(values[:k]); !result.Converged || math.Abs(result.Value-want) > 1e-7*values[n-1] {
			t.Errorf("k=%d: %+v, want %g", k, result, want)
		}
		x := mat.NewDense(n, k, v)
		var gram mat.Dense
		gram.Mul(x.T(), x)
		identity := mat.NewDense(k, k, nil)
		for i := range k {
			identity.Set(i, i, 1)
		}
		if !mat.EqualApprox(&gram, identity, 1e-13) {
			t.Errorf("k=%d: columns are not orthonormal", k)
		}
	}
}

func TestStiefelLeavesInfinity(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	s := NewStiefel(&arena, 3, 1)
	v := []float64{1, 0, 0}
	result := s.Minimize(context.Background(), v, 1, func(_, _ []float64, _ int) float64 { return math.Inf(1) }, StiefelSettings{MaxIter: 5})
	if result.Converged || v[0] != 1 {
		t.Errorf("%+v, %v", result, v)
	}
}
