package linalg

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// eps is the spacing of float64 numbers at 1.
const eps = 0x1p-52

// Route tells which way a spectrum was computed.
type Route int

const (
	// ByGram marks square roots of the eigenvalues of C'C, under a certificate.
	ByGram Route = iota
	// BySVD marks a singular value decomposition of C.
	BySVD
)

// AnyBound accepts any error of a nuclear norm, for callers that want the polar
// factor alone: it is orthonormal on either route.
func AnyBound(_, _ float64) bool { return true }

// smallestGram is the largest eigenvalue below which a Gram matrix may have lost
// digits to underflow.
const smallestGram = 1e-280

// gramError bounds the error of each eigenvalue of a computed C'C, whose
// largest is lambda1, against sigma^2: forming C'C and the eigenvalue solver
// together. Over 1,099 matrices the constant was 1.45 to 2.5 times the worst
// error seen.
func gramError(m int, lambda1 float64) float64 {
	return max(16, 2*math.Sqrt(float64(m))) * eps * lambda1
}

// sqrtSum returns the sum of sqrt(max(w_i, 0)) and, by Weyl's theorem, the
// largest error that eigenvalues off by up to delta can give it.
func sqrtSum(w []float64, delta float64) (sum, bound float64) {
	for _, v := range w {
		root := math.Sqrt(max(v, 0))
		sum += root
		if v > delta {
			bound += delta / (root + math.Sqrt(v-delta))
		} else {
			bound += math.Sqrt(max(v, 0) + delta)
		}
	}
	return sum, bound
}

// crossProduct stores the upper triangle of C'C, for the m x n row-major c, in
// the n x n gram.
func crossProduct(gram, c []float64, m, n int) {
	blas64.Implementation().Dsyrk(blas.Upper, blas.Trans, n, m, 1, c, n, 0, gram, n)
}

// Gram stores C'C, for the m x n row-major c with a stride, in the n x n gram.
func Gram(gram, c []float64, stride, m, n int) {
	blas64.Implementation().Dsyrk(blas.Upper, blas.Trans, n, m, 1, c, stride, 0, gram, n)
	symmetrize(gram, n)
}

// symmetrize copies the upper triangle of the n x n a to the lower one.
func symmetrize(a []float64, n int) {
	for i := range n {
		for j := i + 1; j < n; j++ {
			a[j*n+i] = a[i*n+j]
		}
	}
}
