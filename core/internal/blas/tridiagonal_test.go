package blas

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack"
	"gonum.org/v1/gonum/mat"
)

// TestTridiagonal holds A = P T Pᵀ and what follows from it to the matrix and to
// Eigen.
func TestTridiagonal(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 11))
	for _, n := range orders {
		for slack, rank := range []int{max(1, n/2), n + 5} {
			name := fmt.Sprintf("n=%d rank=%d", n, rank)
			lda := max(1, n+3*slack)
			want, a := symmetric(rnd, blas.Upper, n, rank, lda)
			d, e, tau := make([]float64, n), make([]float64, max(0, n-1)), make([]float64, max(0, n-1))
			lwork, liwork := EigenWork(n)
			work, iwork := make([]float64, max(lwork, TridiagonalWork(n+3, n))), make([]int32, liwork)
			if !Tridiagonalize(n, a, lda, d, e, tau, work) {
				t.Fatalf("%s: not finite", name)
			}
			if n == 0 {
				if !TridiagonalValues(n, d, e) || !TridiagonalVectors(n, a, lda, tau, d, e, nil, work, iwork) {
					t.Errorf("%s: refused", name)
				}
				continue
			}
			wantRotated(t, name, n, lda, a, d, e, tau, work, want)
			values, z := slices.Clone(d), make([]float64, n*n)
			if !TridiagonalValues(n, values, slices.Clone(e)) ||
				!TridiagonalVectors(n, a, lda, tau, d, e, z, work, iwork) {
				t.Fatalf("%s: did not converge", name)
			}
			wantNear(t, name+" values", mat.NewVecDense(n, values), mat.NewVecDense(n, d), 1e-12)
			testEigen(t, name, lapack.EVCompute, blas.Upper, n, z, n, d, want)
		}
	}
}

// wantRotated rotates [3 rows of ones; I], with padding, and wants P T Pᵀ = A.
func wantRotated(
	t *testing.T, name string, n, lda int, a, d, e, tau, work []float64, want *mat.Dense,
) {
	t.Helper()
	const extra = 3
	ldx := n + 2
	x := randomMatrix[float64](rand.New(rand.NewPCG(2, 12)), n+extra, n, ldx)
	for i := range n + extra {
		for j := range n {
			x[i*ldx+j] = 0
			if i < extra || i-extra == j {
				x[i*ldx+j] = 1
			}
		}
	}
	RotateRows(n+extra, n, a, lda, tau, x, ldx, work)
	wantPadding(t, name, n+extra, n, x, ldx)
	rotated, tri := dense(n+extra, n, x, ldx), mat.NewDense(n, n, nil)
	for i := range n {
		tri.Set(i, i, d[i])
		if i+1 < n {
			tri.Set(i, i+1, e[i])
			tri.Set(i+1, i, e[i])
		}
	}
	p := rotated.Slice(extra, n+extra, 0, n)
	var product, sums mat.Dense
	product.Product(p, tri, p.T())
	wantNear(t, name+" p t p'", &product, want, 1e-12)
	for i := range extra {
		ones := mat.NewDense(1, n, nil)
		for j := range n {
			ones.Set(0, j, 1)
		}
		sums.Mul(ones, p)
		wantNear(t, name+" 1'p", rotated.Slice(i, i+1, 0, n), &sums, 1e-12)
	}
}

func TestTridiagonalPanics(t *testing.T) {
	x, y, iwork := make([]float64, 11), make([]float64, 5000), make([]int32, 100)
	lwork, liwork := EigenWork(4)
	for i, call := range []func(){
		func() { Tridiagonalize(4, x, 4, y, y, y, y) },
		func() { Tridiagonalize(4, y, 3, y, y, y, y) },
		func() { Tridiagonalize(4, y, 4, y[:3], y, y, y) },
		func() { Tridiagonalize(4, y, 4, y, y[:2], y, y) },
		func() { Tridiagonalize(4, y, 4, y, y, y[:2], y) },
		func() { Tridiagonalize(4, y, 4, y, y, y, y[:3]) },
		func() { RotateRows(2, 4, y, 4, y, y[:7], 4, y) },
		func() { RotateRows(2, 4, y, 4, y, y, 3, y) },
		func() { RotateRows(9, 4, y, 4, y, y, 4, y[:8]) },
		func() { TridiagonalValues(4, y[:3], y) },
		func() { TridiagonalValues(4, y, y[:2]) },
		func() { TridiagonalVectors(4, y, 4, y, y, y, y[:15], y, iwork) },
		func() { TridiagonalVectors(4, y, 4, y, y, y, y, y[:min(lwork, 56)], iwork) },
		func() { TridiagonalVectors(4, y, 4, y, y, y, y, y, iwork[:liwork-1]) },
	} {
		if message(call) == "" {
			t.Errorf("call %d did not panic", i)
		}
	}
}
