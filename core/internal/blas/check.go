package blas

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/lapack"
)

// tolerance bounds the error of the results of Check relative to 1 or to the
// expected value, whichever is larger. The cases are well conditioned and
// small; those in float32 are exact.
const tolerance = 1e-12

// vector is one case of a document for Check.
type vector struct {
	Routine string
	Flags   string // the flags of the routine in the order of its arguments

	M, N, K     int
	Alpha, Beta float64

	A, B, C operand
	Want    []float64 // all of what the routine overwrites, with padding, or the spectrum
}

// operand is a matrix with its stride or a vector with its increment.
type operand struct {
	Stride int
	Data   []float64
}

var checks = map[string]func(vector) error{
	"dgemm":  checkDgemm,
	"sgemm":  checkSgemm,
	"dsyrk":  checkDsyrk,
	"ssyrk":  checkSsyrk,
	"dgemv":  checkDgemv,
	"dtrsm":  checkDtrsm,
	"dgesvd": checkDgesvd,
	"dgesdd": checkDgesdd,
	"dsyev":  checkDsyev,
	"dsyevd": checkDsyevd,
	"dpotrf": checkDpotrf,
	"dgeqrf": checkDgeqrf,
}

// Check runs the cases of vectors, a document like testdata/vectors.json, on
// the implementation that is installed and returns an error that names the
// first one whose result is wrong. It lets go test and, through the gateway,
// pytest hold gonum and the process's BLAS to the same numbers.
func Check(vectors []byte) error {
	var cases []vector
	if err := json.Unmarshal(vectors, &cases); err != nil {
		return fmt.Errorf("blas: reading vectors: %w", err)
	}
	if len(cases) == 0 {
		return fmt.Errorf("blas: no vectors")
	}
	for i, v := range cases {
		check, ok := checks[v.Routine]
		if !ok {
			return fmt.Errorf("blas: vector %d: unknown routine %q", i, v.Routine)
		}
		if err := check(v); err != nil {
			return fmt.Errorf("blas: vector %d: %s %q m=%d n=%d k=%d alpha=%v beta=%v: %w",
				i, v.Routine, v.Flags, v.M, v.N, v.K, v.Alpha, v.Beta, err)
		}
	}
	return nil
}

func checkDgemm(v vector) error {
	Blas{}.Dgemm(blas.Transpose(v.Flags[0]), blas.Transpose(v.Flags[1]), v.M, v.N, v.K,
		v.Alpha, v.A.Data, v.A.Stride, v.B.Data, v.B.Stride, v.Beta, v.C.Data, v.C.Stride)
	return same("c", v.C.Data, v.Want)
}

func checkSgemm(v vector) error {
	c := single(v.C.Data)
	Blas{}.Sgemm(blas.Transpose(v.Flags[0]), blas.Transpose(v.Flags[1]), v.M, v.N, v.K,
		float32(v.Alpha), single(v.A.Data), v.A.Stride, single(v.B.Data), v.B.Stride,
		float32(v.Beta), c, v.C.Stride)
	return same("c", double(c), v.Want)
}

func checkDsyrk(v vector) error {
	Blas{}.Dsyrk(blas.Uplo(v.Flags[0]), blas.Transpose(v.Flags[1]), v.N, v.K,
		v.Alpha, v.A.Data, v.A.Stride, v.Beta, v.C.Data, v.C.Stride)
	return same("c", v.C.Data, v.Want)
}

func checkSsyrk(v vector) error {
	c := single(v.C.Data)
	Blas{}.Ssyrk(blas.Uplo(v.Flags[0]), blas.Transpose(v.Flags[1]), v.N, v.K,
		float32(v.Alpha), single(v.A.Data), v.A.Stride, float32(v.Beta), c, v.C.Stride)
	return same("c", double(c), v.Want)
}

func checkDgemv(v vector) error {
	Blas{}.Dgemv(blas.Transpose(v.Flags[0]), v.M, v.N,
		v.Alpha, v.A.Data, v.A.Stride, v.B.Data, v.B.Stride, v.Beta, v.C.Data, v.C.Stride)
	return same("y", v.C.Data, v.Want)
}

func checkDtrsm(v vector) error {
	Blas{}.Dtrsm(blas.Side(v.Flags[0]), blas.Uplo(v.Flags[1]), blas.Transpose(v.Flags[2]),
		blas.Diag(v.Flags[3]), v.M, v.N, v.Alpha, v.A.Data, v.A.Stride, v.C.Data, v.C.Stride)
	return same("x", v.C.Data, v.Want)
}

func checkDpotrf(v vector) error {
	if ok := (Lapack{}).Dpotrf(blas.Uplo(v.Flags[0]), v.N, v.A.Data, v.A.Stride); !ok {
		return fmt.Errorf("not positive definite")
	}
	return same("a", v.A.Data, v.Want)
}

func checkDgesvd(v vector) error {
	job := lapack.SVDJob(v.Flags[0])
	return checkSVD(v, job, func(a, s, u []float64, ldu int, vt []float64, ldvt int) bool {
		var optimum [1]float64
		Lapack{}.Dgesvd(job, job, v.M, v.N, a, v.A.Stride, s, u, ldu, vt, ldvt, optimum[:], -1)
		work := make([]float64, int(optimum[0]))
		return Lapack{}.Dgesvd(job, job, v.M, v.N, a, v.A.Stride, s, u, ldu, vt, ldvt, work, len(work))
	})
}

func checkDgesdd(v vector) error {
	job := lapack.SVDJob(v.Flags[0])
	return checkSVD(v, job, func(a, s, u []float64, ldu int, vt []float64, ldvt int) bool {
		iwork := make([]int32, 8*len(s))
		if job == lapack.SVDNone {
			work := make([]float64, SingularValuesWork(v.M, v.N))
			return SingularValues(v.M, v.N, a, v.A.Stride, s, work, iwork)
		}
		full := job == lapack.SVDAll
		work := make([]float64, SVDWork(full, v.M, v.N))
		return SVD(full, v.M, v.N, a, v.A.Stride, s, u, ldu, vt, ldvt, work, iwork)
	})
}

// checkSVD compares the singular values and, if job asks for vectors, holds
// them to being orthonormal and reproducing the matrix.
func checkSVD(
	v vector, job lapack.SVDJob,
	factorize func(a, s, u []float64, ldu int, vt []float64, ldvt int) bool,
) error {
	k := min(v.M, v.N)
	colsU, rowsV := k, k
	if job == lapack.SVDAll {
		colsU, rowsV = v.M, v.N
	}
	ldu, ldvt := colsU+2, v.N+1
	s, u, vt := make([]float64, k), make([]float64, v.M*ldu), make([]float64, rowsV*ldvt)
	if !factorize(slices.Clone(v.A.Data), s, u, ldu, vt, ldvt) {
		return fmt.Errorf("did not converge")
	}
	if err := same("s", s, v.Want); err != nil || job == lapack.SVDNone || k == 0 {
		return err
	}
	at := func(x []float64, ld int) func(i, j int) float64 {
		return func(i, j int) float64 { return x[i*ld+j] }
	}
	matU, matV, matA := at(u, ldu), at(vt, ldvt), at(v.A.Data, v.A.Stride)
	if err := sameFunc("u'u", colsU, colsU, func(i, j int) float64 {
		return sum(v.M, func(l int) float64 { return matU(l, i) * matU(l, j) })
	}, identity); err != nil {
		return err
	}
	if err := sameFunc("vt vt'", rowsV, rowsV, func(i, j int) float64 {
		return sum(v.N, func(l int) float64 { return matV(i, l) * matV(j, l) })
	}, identity); err != nil {
		return err
	}
	return sameFunc("u s vt", v.M, v.N, func(i, j int) float64 {
		return sum(k, func(l int) float64 { return matU(i, l) * s[l] * matV(l, j) })
	}, matA)
}

func checkDsyev(v vector) error {
	job, ul := lapack.EVJob(v.Flags[0]), blas.Uplo(v.Flags[1])
	return checkEigen(v, job, ul, func(a, w []float64) bool {
		var optimum [1]float64
		Lapack{}.Dsyev(job, ul, v.N, a, v.A.Stride, w, optimum[:], -1)
		work := make([]float64, max(1, int(optimum[0])))
		return Lapack{}.Dsyev(job, ul, v.N, a, v.A.Stride, w, work, len(work))
	})
}

func checkDsyevd(v vector) error {
	job := lapack.EVJob(v.Flags[0])
	return checkEigen(v, job, blas.Upper, func(a, w []float64) bool {
		if job == lapack.EVNone {
			return Eigenvalues(v.N, a, v.A.Stride, w, make([]float64, EigenvaluesWork(v.N)))
		}
		work, iwork := EigenWork(v.N)
		return Eigen(v.N, a, v.A.Stride, w, make([]float64, work), make([]int32, iwork))
	})
}

// checkEigen compares the eigenvalues and, if job asks for vectors, holds them
// to being orthonormal and reproducing the matrix.
func checkEigen(
	v vector, job lapack.EVJob, ul blas.Uplo, factorize func(a, w []float64) bool,
) error {
	z, w := slices.Clone(v.A.Data), make([]float64, v.N)
	if !factorize(z, w) {
		return fmt.Errorf("did not converge")
	}
	if err := same("w", w, v.Want); err != nil || job == lapack.EVNone {
		return err
	}
	if err := sameFunc("z'z", v.N, v.N, func(i, j int) float64 {
		return sum(v.N, func(l int) float64 { return z[l*v.A.Stride+i] * z[l*v.A.Stride+j] })
	}, identity); err != nil {
		return err
	}
	return sameFunc("z w z'", v.N, v.N, func(i, j int) float64 {
		return sum(v.N, func(l int) float64 { return z[i*v.A.Stride+l] * w[l] * z[j*v.A.Stride+l] })
	}, func(i, j int) float64 {
		if (i > j) == (ul == blas.Upper) {
			i, j = j, i
		}
		return v.A.Data[i*v.A.Stride+j]
	})
}

// checkDgeqrf compares the absolute values of R, whose signs are free, and
// multiplies A by Qᵀ from Dormqr and R by Q from Dorgqr.
func checkDgeqrf(v vector) error {
	k, ld := min(v.M, v.N), v.A.Stride
	qr, tau := slices.Clone(v.A.Data), make([]float64, k)
	// One length serves all three routines at these sizes.
	work := make([]float64, 1<<14)
	Lapack{}.Dgeqrf(v.M, v.N, qr, ld, tau, work, len(work))
	r := func(i, j int) float64 {
		if i > j {
			return 0
		}
		return qr[i*ld+j]
	}
	if err := sameFunc("|r|", k, v.N, func(i, j int) float64 { return math.Abs(r(i, j)) },
		func(i, j int) float64 { return v.Want[i*v.N+j] }); err != nil || k == 0 {
		return err
	}

	qta := slices.Clone(v.A.Data)
	Lapack{}.Dormqr(blas.Left, blas.Trans, v.M, v.N, k, qr, ld, tau, qta, ld, work, len(work))
	if err := sameFunc("q'a", v.M, v.N, func(i, j int) float64 { return qta[i*ld+j] }, r); err != nil {
		return err
	}

	q := make([]float64, v.M*k)
	for i := range v.M {
		copy(q[i*k:(i+1)*k], qr[i*ld:])
	}
	Lapack{}.Dorgqr(v.M, k, k, q, k, tau, work, len(work))
	return sameFunc("q r", v.M, v.N, func(i, j int) float64 {
		return sum(k, func(l int) float64 { return q[i*k+l] * r(l, j) })
	}, func(i, j int) float64 { return v.A.Data[i*ld+j] })
}

// same returns an error that names the first element in which got differs from
// want.
func same(name string, got, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s has %d elements, want %d", name, len(got), len(want))
	}
	return sameFunc(name, 1, len(got),
		func(_, j int) float64 { return got[j] },
		func(_, j int) float64 { return want[j] })
}

// sameFunc is same for matrices given by their elements. It is written so that
// a NaN differs from everything.
func sameFunc(name string, rows, cols int, got, want func(i, j int) float64) error {
	for i := range rows {
		for j := range cols {
			g, w := got(i, j), want(i, j)
			if !(math.Abs(g-w) <= tolerance*max(1, math.Abs(w))) {
				return fmt.Errorf("%s[%d, %d] = %v, want %v", name, i, j, g, w)
			}
		}
	}
	return nil
}

func identity(i, j int) float64 {
	if i == j {
		return 1
	}
	return 0
}

func sum(n int, term func(l int) float64) float64 {
	var s float64
	for l := range n {
		s += term(l)
	}
	return s
}

func single(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func double(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
