package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

func covariance(rng *rand.Rand, n, rank int) *mat.Dense {
	x := random(rng, n, rank)
	var c mat.Dense
	c.Mul(x, x.T())
	return &c
}

func TestSquaredBures(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 0))
	for _, n := range []int{1, 2, 7, 40} {
		a, b := covariance(rng, n, n+3), covariance(rng, n, n+3)
		got, err := SquaredBures(a, b)
		if err != nil {
			t.Fatal(err)
		}
		var ab mat.Dense // tr (A^1/2 B A^1/2)^1/2 is the sum of sqrt(eig(A B))
		ab.Mul(a, b)
		var eig mat.Eigen
		eig.Factorize(&ab, mat.EigenNone)
		want := mat.Trace(a) + mat.Trace(b)
		for _, v := range eig.Values(nil) {
			want -= 2 * math.Sqrt(real(v))
		}
		if math.Abs(got-want) > 1e-9*want {
			t.Errorf("n=%d: got %v, want %v", n, got, want)
		}
	}
}

func TestSquaredBuresIsZeroOfACopy(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 0))
	for _, rank := range []int{0, 3, 9} {
		a := covariance(rng, 9, max(rank, 1))
		a.Scale(min(1, float64(rank)), a)
		if d, err := SquaredBures(a, a); err != nil || d > 1e-20 || d < 0 {
			t.Errorf("rank %d: %v, %v", rank, d, err)
		}
	}
}

func TestPolarCompletesAnIsometry(t *testing.T) {
	const m, n = 6, 4
	rng := rand.New(rand.NewPCG(14, 0))
	for rank := range n + 1 {
		c := mat.NewDense(m, n, nil)
		if rank > 0 {
			c.Mul(random(rng, m, rank), random(rng, rank, n))
		}
		var arena cmem.Arena
		defer arena.Free()
		polar := NewPolar(&arena, m, n)
		polar.Complete = true
		raw, q := mat.DenseCopyOf(c), mat.NewDense(m, n, nil)
		sum, _, err := polar.Factor(q.RawMatrix().Data, raw.RawMatrix().Data, m, n, func(_, _ float64) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		var gram, product mat.Dense
		gram.Mul(q.T(), q)
		if !mat.EqualApprox(&gram, mat.NewDiagDense(n, []float64{1, 1, 1, 1}), 1e-10) {
			t.Errorf("rank %d: the columns are not orthonormal", rank)
		}
		product.Mul(q.T(), c)
		if math.Abs(mat.Trace(&product)-sum) > 1e-10 {
			t.Errorf("rank %d: tr(Q'C) = %v, nuclear norm %v", rank, mat.Trace(&product), sum)
		}
	}
}

func TestWalshHadamard(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 0))
	h := mat.NewDense(1, 1, []float64{1})
	for n := 1; n <= 64; n *= 2 {
		x := random(rng, n, 1)
		var want mat.Dense
		want.Mul(h, x)
		got := append([]float64(nil), x.RawMatrix().Data...)
		WalshHadamard(got)
		if !mat.EqualApprox(mat.NewDense(n, 1, got), &want, 1e-12) {
			t.Errorf("n=%d: got %v", n, got)
		}
		twice := mat.NewDense(2*n, 2*n, nil)
		twice.Kronecker(mat.NewDense(2, 2, []float64{1, 1, 1, -1}), h)
		h = twice
	}
	defer func() {
		if recover() == nil {
			t.Error("a length of 6 was taken")
		}
	}()
	WalshHadamard(make([]float64, 6))
}

func BenchmarkWalshHadamard(b *testing.B) {
	a := make([]float64, 1<<16)
	for b.Loop() {
		WalshHadamard(a)
	}
}
