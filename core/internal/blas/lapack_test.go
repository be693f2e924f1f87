package blas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack"
	lgonum "gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/mat"
)

var shapes = [][2]int{{0, 3}, {3, 0}, {1, 1}, {1, 5}, {5, 1}, {2, 2}, {5, 33}, {33, 5}, {64, 64}, {65, 130}, {130, 65}, {257, 33}, {33, 257}}

var orders = []int{0, 1, 2, 5, 33, 64, 130, 257}

// dense returns a copy of the rows x cols matrix in a without its padding.
func dense(rows, cols int, a []float64, lda int) *mat.Dense {
	if rows == 0 || cols == 0 {
		return &mat.Dense{}
	}
	d := mat.NewDense(rows, cols, nil)
	for i := range rows {
		copy(d.RawRowView(i), a[i*lda:i*lda+cols])
	}
	return d
}

// wantNear fails the test unless got and want, non-empty and of one shape, agree
// to tol times the largest element of want.
func wantNear(t *testing.T, name string, got, want mat.Matrix, tol float64) {
	t.Helper()
	var diff mat.Dense
	diff.Sub(got, want)
	if d, scale := mat.Norm(&diff, math.Inf(1)), mat.Norm(want, math.Inf(1)); !(d <= tol*(1+scale)) {
		t.Fatalf("%s: off by %g of %g", name, d, scale)
	}
}

func identityMatrix(n int) mat.Matrix {
	ones := make([]float64, n)
	for i := range ones {
		ones[i] = 1
	}
	return mat.NewDiagDense(n, ones)
}

// wantPadding fails the test if an element outside the rows x cols matrix a is
// not the NaN that randomMatrix puts there.
func wantPadding(t *testing.T, name string, rows, cols int, a []float64, lda int) {
	t.Helper()
	for l, v := range a {
		if (l/lda >= rows || l%lda >= cols) && !math.IsNaN(v) {
			t.Fatalf("%s: wrote outside at %d, %d", name, l/lda, l%lda)
		}
	}
}

// lowRank returns a random m x n matrix of rank at most r with NaN padding.
func lowRank(rnd *rand.Rand, m, n, r, lda int) []float64 {
	a := randomMatrix[float64](rnd, m, n, lda)
	if m == 0 || n == 0 || r >= min(m, n) {
		return a
	}
	left, right := randomMatrix[float64](rnd, m, r, r), randomMatrix[float64](rnd, r, n, n)
	for i := range m {
		for j := range n {
			a[i*lda+j] = sum(r, func(l int) float64 { return left[i*r+l] * right[l*n+j] })
		}
	}
	return a
}

// svdCall is one way to a singular value decomposition.
type svdCall func(job lapack.SVDJob, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64, ldvt int) bool

func directSVD(job lapack.SVDJob, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64, ldvt int) bool {
	iwork := make([]int32, 8*min(m, n))
	if job == lapack.SVDNone {
		return SingularValues(m, n, a, lda, s, make([]float64, SingularValuesWork(m, n)), iwork)
	}
	full := job == lapack.SVDAll
	return SVD(full, m, n, a, lda, s, u, ldu, vt, ldvt, make([]float64, SVDWork(full, m, n)), iwork)
}

func overriddenSVD(job lapack.SVDJob, m, n int, a []float64, lda int, s, u []float64, ldu int, vt []float64, ldvt int) bool {
	var optimum [1]float64
	Lapack{}.Dgesvd(job, job, m, n, a, lda, s, u, ldu, vt, ldvt, optimum[:], -1)
	work := make([]float64, int(optimum[0]))
	return Lapack{}.Dgesvd(job, job, m, n, a, lda, s, u, ldu, vt, ldvt, work, len(work))
}

func TestSVD(t *testing.T) {
	for name, factorize := range map[string]svdCall{"direct": directSVD, "Dgesvd": overriddenSVD} {
		rnd := rand.New(rand.NewPCG(2, 1))
		for _, shape := range shapes {
			for slack, rank := range []int{4, math.MaxInt} {
				for _, job := range []lapack.SVDJob{lapack.SVDNone, lapack.SVDStore, lapack.SVDAll} {
					m, n := shape[0], shape[1]
					lda := max(1, n+2*slack)
					testSVD(t, fmt.Sprintf("%s %c %v rank<=%d slack=%d", name, job, shape, rank, slack), factorize,
						job, m, n, lowRank(rnd, m, n, rank, lda), lda, slack)
				}
			}
		}
	}
}

func testSVD(t *testing.T, name string, factorize svdCall, job lapack.SVDJob, m, n int, a []float64, lda, slack int) {
	k := min(m, n)
	colsU, rowsV := k, k
	if job == lapack.SVDAll {
		colsU, rowsV = m, n
	}
	ldu, ldvt := max(1, colsU+slack), max(1, n+slack)
	rnd := rand.New(rand.NewPCG(2, 2))
	u, vt := randomMatrix[float64](rnd, m, colsU, ldu), randomMatrix[float64](rnd, rowsV, n, ldvt)
	s := make([]float64, k)
	want := dense(m, n, a, lda)
	if !factorize(job, m, n, a, lda, s, u, ldu, vt, ldvt) {
		t.Fatalf("%s: did not converge", name)
	}
	wantPadding(t, name+" a", m, n, a, lda)
	wantPadding(t, name+" u", m, colsU, u, ldu)
	wantPadding(t, name+" vt", rowsV, n, vt, ldvt)
	if k == 0 {
		return
	}
	if !slices.IsSortedFunc(s, func(x, y float64) int { return int(math.Copysign(1, y-x)) }) || s[k-1] < 0 {
		t.Fatalf("%s: singular values out of order: %v", name, s)
	}
	// Sums of squares and of fourth powers pin the spectrum without vectors.
	var gram mat.Dense
	gram.Mul(want, want.T())
	wantNear(t, name+" |a|", mat.NewVecDense(1, []float64{sum(k, func(i int) float64 { return s[i] * s[i] })}),
		mat.NewVecDense(1, []float64{mat.Trace(&gram)}), 1e-12)
	wantNear(t, name+" |aa'|", mat.NewVecDense(1, []float64{sum(k, func(i int) float64 { return math.Pow(s[i], 4) })}),
		mat.NewVecDense(1, []float64{math.Pow(mat.Norm(&gram, 2), 2)}), 1e-12)
	if job == lapack.SVDNone {
		return
	}
	uu, vv := dense(m, colsU, u, ldu), dense(rowsV, n, vt, ldvt)
	var product mat.Dense
	product.Mul(uu.T(), uu)
	wantNear(t, name+" u'u", &product, identityMatrix(colsU), 1e-12)
	product.Reset()
	product.Mul(vv, vv.T())
	wantNear(t, name+" vt vt'", &product, identityMatrix(rowsV), 1e-12)
	var scaled mat.Dense
	scaled.Mul(uu.Slice(0, m, 0, k), mat.NewDiagDense(k, s))
	product.Reset()
	product.Mul(&scaled, vv.Slice(0, k, 0, n))
	wantNear(t, name+" u s vt", &product, want, 1e-12)
}

// eigenCall is one way to a symmetric eigendecomposition.
type eigenCall func(job lapack.EVJob, ul blas.Uplo, n int, a []float64, lda int, w []float64) bool

func directEigen(job lapack.EVJob, _ blas.Uplo, n int, a []float64, lda int, w []float64) bool {
	if job == lapack.EVNone {
		return Eigenvalues(n, a, lda, w, make([]float64, EigenvaluesWork(n)))
	}
	work, iwork := EigenWork(n)
	return Eigen(n, a, lda, w, make([]float64, work), make([]int32, iwork))
}

func overriddenEigen(job lapack.EVJob, ul blas.Uplo, n int, a []float64, lda int, w []float64) bool {
	optimum := [1]float64{1}
	Lapack{}.Dsyev(job, ul, n, a, lda, w, optimum[:], -1)
	work := make([]float64, int(optimum[0]))
	return Lapack{}.Dsyev(job, ul, n, a, lda, w, work, len(work))
}

// symmetric returns a random symmetric positive semidefinite matrix of rank r
// and its triangle ul, the other one and the padding being NaN.
func symmetric(rnd *rand.Rand, ul blas.Uplo, n, r, lda int) (whole *mat.Dense, half []float64) {
	half = randomMatrix[float64](rnd, n, n, lda)
	if n == 0 {
		return nil, half
	}
	x := mat.NewDense(n, r, randomMatrix[float64](rnd, n, r, r))
	whole = mat.NewDense(n, n, nil)
	whole.Mul(x, x.T())
	for i := range n {
		for j := range n {
			half[i*lda+j] = math.NaN()
			if triangle(ul)(i, j) {
				half[i*lda+j] = whole.At(i, j)
			}
		}
	}
	return whole, half
}

func TestEigen(t *testing.T) {
	for name, factorize := range map[string]eigenCall{"direct": directEigen, "Dsyev": overriddenEigen} {
		rnd := rand.New(rand.NewPCG(2, 3))
		for _, n := range orders {
			for _, ul := range uplos {
				if name == "direct" && ul == blas.Lower {
					continue
				}
				for slack, rank := range []int{max(1, n/2), n + 5} {
					for _, job := range []lapack.EVJob{lapack.EVNone, lapack.EVCompute} {
						name := fmt.Sprintf("%s %c%c n=%d rank=%d slack=%d", name, job, ul, n, rank, slack)
						lda := max(1, n+3*slack)
						want, a := symmetric(rnd, ul, n, rank, lda)
						w := make([]float64, n)
						if !factorize(job, ul, n, a, lda, w) {
							t.Fatalf("%s: did not converge", name)
						}
						wantPadding(t, name, n, n, a, lda)
						if n > 0 {
							testEigen(t, name, job, ul, n, a, lda, w, want)
						}
					}
				}
			}
		}
	}
}

func testEigen(t *testing.T, name string, job lapack.EVJob, ul blas.Uplo, n int, a []float64, lda int, w []float64, want *mat.Dense) {
	if !slices.IsSorted(w) {
		t.Fatalf("%s: eigenvalues out of order: %v", name, w)
	}
	wantNear(t, name+" trace", mat.NewVecDense(1, []float64{sum(n, func(i int) float64 { return w[i] })}),
		mat.NewVecDense(1, []float64{mat.Trace(want)}), 1e-12)
	wantNear(t, name+" norm", mat.NewVecDense(1, []float64{sum(n, func(i int) float64 { return w[i] * w[i] })}),
		mat.NewVecDense(1, []float64{math.Pow(mat.Norm(want, 2), 2)}), 1e-12)
	if job == lapack.EVNone {
		for i := range n {
			for j := range n {
				if !triangle(ul)(i, j) && !math.IsNaN(a[i*lda+j]) {
					t.Fatalf("%s: touched the other triangle at %d, %d", name, i, j)
				}
			}
		}
		return
	}
	z := dense(n, n, a, lda)
	var product, scaled mat.Dense
	product.Mul(z.T(), z)
	wantNear(t, name+" z'z", &product, identityMatrix(n), 1e-12)
	scaled.Mul(z, mat.NewDiagDense(n, w))
	product.Reset()
	product.Mul(&scaled, z.T())
	wantNear(t, name+" z w z'", &product, want, 1e-12)
}

func TestDpotrf(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 4))
	for _, n := range orders {
		for _, ul := range uplos {
			lda := max(1, n+3)
			want, a := symmetric(rnd, ul, n, n+5, lda)
			before := slices.Clone(a)
			if ul == blas.Upper {
				if !Cholesky(n, a, lda) {
					t.Fatalf("%c n=%d: not positive definite", ul, n)
				}
			} else if !(Lapack{}).Dpotrf(ul, n, a, lda) {
				t.Fatalf("%c n=%d: not positive definite", ul, n)
			}
			if n == 0 {
				continue
			}
			factor := mat.NewDense(n, n, nil)
			for i := range n {
				for j := range n {
					if triangle(ul)(i, j) {
						factor.Set(i, j, a[i*lda+j])
					} else if !math.IsNaN(a[i*lda+j]) {
						t.Fatalf("%c n=%d: touched the other triangle at %d, %d", ul, n, i, j)
					}
				}
			}
			var product mat.Dense
			if ul == blas.Upper {
				product.Mul(factor.T(), factor)
			} else {
				product.Mul(factor, factor.T())
			}
			wantNear(t, fmt.Sprintf("%c n=%d", ul, n), &product, want, 1e-12)
			wantPadding(t, fmt.Sprintf("%c n=%d", ul, n), n, n, a, lda)

			before[(n-1)*(lda+1)] = -1
			if (Lapack{}).Dpotrf(ul, n, before, lda) {
				t.Errorf("%c n=%d: accepted an indefinite matrix", ul, n)
			}
		}
	}
}

// TestQR factorizes, forms Q and multiplies by it with every mixture of side
// and transpose, the pieces of which have to agree on the reflectors.
func TestQR(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 5))
	for _, shape := range shapes[2:] {
		m, n := shape[0], shape[1]
		k, lda := min(m, n), n+2
		a := randomMatrix[float64](rnd, m, n, lda)
		want := dense(m, n, a, lda)
		tau := make([]float64, k)
		query := func(f func(work []float64, lwork int)) {
			var optimum [1]float64
			f(optimum[:], -1)
			work := make([]float64, int(optimum[0]))
			f(work, len(work))
		}
		query(func(work []float64, lwork int) { Lapack{}.Dgeqrf(m, n, a, lda, tau, work, lwork) })
		wantPadding(t, "a", m, n, a, lda)
		r := mat.NewDense(m, n, nil)
		for i := range m {
			for j := i; j < n; j++ {
				r.Set(i, j, a[i*lda+j])
			}
		}

		ldq := m + 1
		q := randomMatrix[float64](rnd, m, m, ldq)
		for i := range m {
			copy(q[i*ldq:i*ldq+k], a[i*lda:])
		}
		query(func(work []float64, lwork int) { Lapack{}.Dorgqr(m, m, k, q, ldq, tau, work, lwork) })
		wantPadding(t, "q", m, m, q, ldq)
		qq := dense(m, m, q, ldq)
		var product mat.Dense
		product.Mul(qq, r)
		wantNear(t, fmt.Sprint(shape, " q r"), &product, want, 1e-12)

		for _, side := range sides {
			for _, trans := range transposes[:2] {
				rows, cols := m, 7
				if side == blas.Right {
					rows, cols = 7, m
				}
				c := randomMatrix[float64](rnd, rows, cols, cols+2)
				before := dense(rows, cols, c, cols+2)
				query(func(work []float64, lwork int) {
					Lapack{}.Dormqr(side, trans, rows, cols, k, a, lda, tau, c, cols+2, work, lwork)
				})
				wantPadding(t, "c", rows, cols, c, cols+2)
				opQ := mat.Matrix(qq)
				if trans == blas.Trans {
					opQ = qq.T()
				}
				product.Reset()
				if side == blas.Left {
					product.Mul(opQ, before)
				} else {
					product.Mul(before, opQ)
				}
				wantNear(t, fmt.Sprintf("%v Dormqr %c%c", shape, side, trans), dense(rows, cols, c, cols+2), &product, 1e-12)
			}
		}
	}
}

// TestMat runs the seam below gonum's mat, which mixes its routines.
func TestMat(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 6))
	a := mat.NewDense(90, 40, randomMatrix[float64](rnd, 90, 40, 40))
	b := mat.NewDense(90, 3, randomMatrix[float64](rnd, 90, 3, 3))
	var fromQR, fromCholesky, gram, right mat.Dense
	if err := fromQR.Solve(a, b); err != nil {
		t.Fatal(err)
	}
	gram.Mul(a.T(), a)
	right.Mul(a.T(), b)
	var cholesky mat.Cholesky
	if !cholesky.Factorize(mat.NewSymDense(40, gram.RawMatrix().Data)) {
		t.Fatal("not positive definite")
	}
	if err := cholesky.SolveTo(&fromCholesky, &right); err != nil {
		t.Fatal(err)
	}
	wantNear(t, "least squares", &fromQR, &fromCholesky, 1e-12)
}

// TestLapackPanics holds the overrides to gonum's own panics.
func TestLapackPanics(t *testing.T) {
	x := make([]float64, 11) // one short of a 3 x 4 or a 4 x 3 matrix
	y := make([]float64, 1000)
	const bad = 'x'
	for i, call := range []func(l lapack.Float64){
		func(l lapack.Float64) { l.Dgesvd(bad, 'N', 3, 4, y, 4, y, y, 4, y, 4, y, 1000) },
		func(l lapack.Float64) { l.Dgesvd('N', 'O', 3, 4, y, 4, y, y, 4, y, 4, y, 1000) },
		func(l lapack.Float64) { l.Dgesvd('S', 'S', 3, 4, x, 4, y, y, 4, y, 4, y, 1000) },
		func(l lapack.Float64) { l.Dgesvd('S', 'S', 3, 4, y, 4, y[:2], y, 4, y, 4, y, 1000) },
		func(l lapack.Float64) { l.Dgesvd('S', 'S', 3, 4, y, 4, y, y[:8], 3, y, 4, y, 1000) },
		func(l lapack.Float64) { l.Dgesvd('S', 'A', 3, 4, y, 4, y, y, 3, y[:15], 4, y, 1000) },
		func(l lapack.Float64) { l.Dgesvd('S', 'A', 3, 4, y, 4, y, y, 2, y, 4, y, 1000) },
		func(l lapack.Float64) { l.Dgesvd('S', 'A', 3, 4, y, 4, y, y, 3, y, 4, y, 14) },
		func(l lapack.Float64) { l.Dgesvd('S', 'A', 3, 4, y, 4, y, y, 3, y, 4, y[:20], 21) },
		func(l lapack.Float64) { l.Dgesvd('S', 'A', 3, 4, y, 3, y, y, 3, y, 4, y, -1) },
		func(l lapack.Float64) { l.Dsyev(bad, blas.Upper, 4, y, 4, y, y, 100) },
		func(l lapack.Float64) { l.Dsyev('N', bad, 4, y, 4, y, y, 100) },
		func(l lapack.Float64) { l.Dsyev('N', blas.Upper, 4, x, 4, y, y, 100) },
		func(l lapack.Float64) { l.Dsyev('N', blas.Upper, 4, y, 4, y[:3], y, 100) },
		func(l lapack.Float64) { l.Dsyev('N', blas.Upper, 4, y, 4, y, y, 10) },
		func(l lapack.Float64) { l.Dpotrf(bad, 4, y, 4) },
		func(l lapack.Float64) { l.Dpotrf(blas.Upper, 4, x, 4) },
		func(l lapack.Float64) { l.Dpotrf(blas.Upper, 4, y, 3) },
		func(l lapack.Float64) { l.Dgeqrf(4, 3, x, 3, y[:3], y, 100) },
		func(l lapack.Float64) { l.Dgeqrf(4, 3, y, 3, y[:2], y, 100) },
		func(l lapack.Float64) { l.Dgeqrf(4, 3, y, 3, y[:3], y, 2) },
		func(l lapack.Float64) { l.Dgeqrf(4, 3, y, 2, y[:3], y, -1) },
		func(l lapack.Float64) { l.Dorgqr(3, 4, 3, y, 4, y[:3], y, 100) },
		func(l lapack.Float64) { l.Dorgqr(4, 3, 3, x, 3, y[:3], y, 100) },
		func(l lapack.Float64) { l.Dorgqr(4, 3, 3, y, 3, y[:2], y, 100) },
		func(l lapack.Float64) { l.Dormqr(bad, blas.Trans, 4, 5, 3, y, 3, y[:3], y, 5, y, 100) },
		func(l lapack.Float64) { l.Dormqr(blas.Left, bad, 4, 5, 3, y, 3, y[:3], y, 5, y, 100) },
		func(l lapack.Float64) { l.Dormqr(blas.Left, blas.Trans, 4, 5, 3, x, 3, y[:3], y, 5, y, 100) },
		func(l lapack.Float64) { l.Dormqr(blas.Left, blas.Trans, 4, 5, 3, y, 3, y[:2], y, 5, y, 100) },
		func(l lapack.Float64) { l.Dormqr(blas.Left, blas.Trans, 4, 5, 3, y, 3, y[:3], y[:19], 5, y, 100) },
		func(l lapack.Float64) { l.Dormqr(blas.Left, blas.Trans, 4, 5, 3, y, 3, y[:3], y, 5, y, 4) },
		func(l lapack.Float64) { l.Dormqr(blas.Left, blas.Trans, 2, 5, 3, y, 3, y[:3], y, 5, y, -1) },
	} {
		want := message(func() { call(lgonum.Implementation{}) })
		if got := message(func() { call(Lapack{}) }); got != want || want == "" {
			t.Errorf("call %d: panic %q, want %q", i, got, want)
		}
	}
}

func TestDirectPanics(t *testing.T) {
	x := make([]float64, 11)
	y := make([]float64, 10000)
	iwork := make([]int32, 100)
	n, l := EigenWork(4)
	for i, call := range []func(){
		func() { SingularValues(3, 4, x, 4, y, y, iwork) },
		func() { SingularValues(3, 4, y, 3, y, y, iwork) },
		func() { SingularValues(3, 4, y, 4, y[:2], y, iwork) },
		func() { SingularValues(3, 4, y, 4, y, y[:gesddMinimum(lapack.SVDNone, 3, 4)-1], iwork) },
		func() { SingularValues(3, 4, y, 4, y, y, iwork[:23]) },
		func() { SVD(true, 3, 4, y, 4, y, y[:8], 3, y, 4, y, iwork) },
		func() { SVD(true, 3, 4, y, 4, y, y, 3, y[:15], 4, y, iwork) },
		func() { SVD(true, 3, 4, y, 4, y, y, 2, y, 4, y, iwork) },
		func() { SVD(false, 3, 4, y, 4, y, y, 3, y[:11], 4, y, iwork) },
		func() { SVD(false, 3, 4, y, 4, y, y, 3, y, 4, y[:gesddMinimum(lapack.SVDStore, 3, 4)-1], iwork) },
		func() { Eigenvalues(4, x, 4, y, y) },
		func() { Eigenvalues(4, y, 4, y[:3], y) },
		func() { Eigenvalues(4, y, 4, y, y[:10]) },
		func() { Eigen(4, x, 4, y, y[:n], iwork[:l]) },
		func() { Eigen(4, y, 4, y[:3], y, iwork) },
		func() { Eigen(4, y, 4, y, y[:56], iwork) },
		func() { Eigen(4, y, 4, y, y, iwork[:l-1]) },
		func() { Cholesky(4, x, 4) },
	} {
		if message(call) == "" {
			t.Errorf("call %d did not panic", i)
		}
	}
}

// TestNotFinite hides a NaN or an infinity where each decomposition reads.
// LAPACK's own answers range from numbers to an endless loop.
func TestNotFinite(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 20, 65} {
		s := make([]float64, n)
		u, vt := make([]float64, n*n), make([]float64, n*n)
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for _, at := range []int{0, n - 1, (n - 1) * (n + 1)} {
				for name, call := range map[string]func(a []float64) bool{
					"SingularValues": func(a []float64) bool { return directSVD(lapack.SVDNone, n, n, a, n, s, nil, 1, nil, 1) },
					"SVD":            func(a []float64) bool { return directSVD(lapack.SVDAll, n, n, a, n, s, u, n, vt, n) },
					"Dgesvd":         func(a []float64) bool { return overriddenSVD(lapack.SVDStore, n, n, a, n, s, u, n, vt, n) },
					"Eigenvalues":    func(a []float64) bool { return directEigen(lapack.EVNone, blas.Upper, n, a, n, s) },
					"Eigen":          func(a []float64) bool { return directEigen(lapack.EVCompute, blas.Upper, n, a, n, s) },
					"Cholesky":       func(a []float64) bool { return Cholesky(n, a, n) },
					"Tridiagonalize": func(a []float64) bool {
						return Tridiagonalize(n, a, n, s, u, vt, make([]float64, TridiagonalWork(0, n)))
					},
				} {
					_, a := symmetric(rand.New(rand.NewPCG(2, 10)), blas.Upper, n, n+5, n)
					if name == "SingularValues" || name == "SVD" || name == "Dgesvd" {
						a = randomMatrix[float64](rand.New(rand.NewPCG(2, 10)), n, n, n)
					}
					a[at] = bad
					if call(a) {
						t.Errorf("%s n=%d: accepted %v at %d", name, n, bad, at)
					}
				}
			}
		}
	}
}

// TestConcurrent asks for one decomposition from many goroutines, each with its
// own workspace, and wants the same bits from all.
func TestConcurrent(t *testing.T) {
	const n, tasks = 60, 32
	a := randomMatrix[float64](rand.New(rand.NewPCG(2, 7)), n, n, n)
	results := make([][]float64, tasks)
	var group sync.WaitGroup
	for i := range tasks {
		group.Go(func() {
			s := make([]float64, n)
			SingularValues(n, n, slices.Clone(a), n, s, make([]float64, SingularValuesWork(n, n)), make([]int32, 8*n))
			results[i] = s
		})
	}
	group.Wait()
	for i, s := range results {
		if !slices.Equal(s, results[0]) {
			t.Fatalf("task %d differs from task 0", i)
		}
	}
}

// TestDirectDoesNotAllocate holds the direct calls to their promise where it
// can be kept: gonum's own drivers allocate.
func TestDirectDoesNotAllocate(t *testing.T) {
	if !InUse() {
		t.Skip("gonum is in use")
	}
	const n = 40
	a := randomMatrix[float64](rand.New(rand.NewPCG(2, 8)), n, n, n)
	x, s, iwork := make([]float64, n*n), make([]float64, n), make([]int32, 8*n)
	lwork, _ := EigenWork(n)
	work := make([]float64, max(lwork, EigenvaluesWork(n), SingularValuesWork(n, n)))
	for name, call := range map[string]func(){
		"Dgemm":          func() { Blas{}.Dgemm(blas.NoTrans, blas.Trans, n, n, n, 1, a, n, a, n, 0, x, n) },
		"SingularValues": func() { copy(x, a); SingularValues(n, n, x, n, s, work, iwork) },
		"Eigenvalues":    func() { copy(x, a); Eigenvalues(n, x, n, s, work) },
		"Eigen":          func() { copy(x, a); Eigen(n, x, n, s, work, iwork) },
	} {
		if allocs := testing.AllocsPerRun(20, call); allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func BenchmarkSpectra(b *testing.B) {
	rnd := rand.New(rand.NewPCG(2, 9))
	for _, n := range []int{50, 200, 500} {
		gram, _ := symmetric(rnd, blas.Upper, n, 2*n, n)
		a, s, iwork := make([]float64, n*n), make([]float64, n), make([]int32, 8*n)
		lwork, _ := EigenWork(n)
		work := make([]float64, max(lwork, EigenvaluesWork(n), SingularValuesWork(n, n)))
		for name, call := range map[string]func(){
			"Eigenvalues":    func() { Eigenvalues(n, a, n, s, work) },
			"Eigen":          func() { Eigen(n, a, n, s, work, iwork) },
			"SingularValues": func() { SingularValues(n, n, a, n, s, work, iwork) },
			"Cholesky":       func() { Cholesky(n, a, n) },
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					copy(a, gram.RawMatrix().Data)
					call()
				}
			})
		}
	}
}
