package linalg

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

func random(rng *rand.Rand, m, n int) *mat.Dense {
	x := mat.NewDense(m, n, nil)
	for i := range m {
		for j := range n {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

func orthonormal(rng *rand.Rand, m, n int) *mat.Dense {
	var qr mat.QR
	qr.Factorize(random(rng, m, m))
	var q mat.Dense
	qr.QTo(&q)
	return mat.DenseCopyOf(q.Slice(0, m, 0, n))
}

// withSpectrum returns an m x n matrix with the given singular values.
func withSpectrum(rng *rand.Rand, m int, s []float64) *mat.Dense {
	n := len(s)
	var x mat.Dense
	x.Mul(orthonormal(rng, m, n), mat.NewDiagDense(n, s))
	x.Mul(&x, orthonormal(rng, n, n))
	return &x
}

// spectra covers flat, decaying, ill-conditioned and deficient matrices.
func spectra(n int) map[string][]float64 {
	flat, steep, cliff, deficient := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		flat[i] = 1 + float64(i)/float64(n)
		steep[i] = math.Pow(10, -12*float64(i)/float64(n))
		cliff[i] = 1
		deficient[i] = float64(n - i)
	}
	cliff[n-1] = 1e-9
	clear(deficient[n/2:])
	return map[string][]float64{"flat": flat, "steep": steep, "cliff": cliff, "deficient": deficient}
}

func sum(s []float64) float64 {
	total := 0.0
	for _, v := range s {
		total += v
	}
	return total
}

func TestNuclearNormKeepsItsCertificate(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	routes := map[Route]int{}
	for _, n := range []int{1, 2, 5, 31, 32, 33, 65} {
		for _, m := range []int{n, n + 1, 2 * n} {
			var arena cmem.Arena
			nuclear := NewNuclear(&arena, m, n)
			if err := arena.Err(); err != nil {
				t.Fatal(err)
			}
			for name, s := range spectra(n) {
				for _, tol := range []float64{1e-7, 1e-12} {
					c := withSpectrum(rng, m, s)
					accept := func(_, bound float64) bool { return bound <= tol*sum(s) }
					got, route, err := nuclear.Norm(c.RawMatrix().Data, m, n, m%2 == 0, accept)
					if err != nil {
						t.Fatal(err)
					}
					routes[route]++
					if !scalar.EqualWithinRel(got, sum(s), max(tol, 1e-13)) {
						t.Errorf("%s %d x %d by route %d: got %v, want %v", name, m, n, route, got, sum(s))
					}
				}
			}
			arena.Free()
		}
	}
	if routes[ByGram] == 0 || routes[BySVD] == 0 {
		t.Errorf("routes taken: %v; both should be", routes)
	}
}

func TestPolarFactor(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	for _, n := range []int{1, 2, 5, 33} {
		for _, m := range []int{n, n + 1, 2 * n} {
			for name, s := range spectra(n) {
				for _, strict := range []bool{false, true} {
					checkPolar(t, rng, name, m, s, strict)
				}
			}
		}
	}
}

// checkPolar compares with the polar factor of a matrix built from its
// singular vectors; strict refuses the certificate.
func checkPolar(t *testing.T, rng *rand.Rand, name string, m int, s []float64, strict bool) {
	t.Helper()
	n := len(s)
	var arena cmem.Arena
	defer arena.Free()
	polar := NewPolar(&arena, m, n)
	c := withSpectrum(rng, m, s)
	original := mat.DenseCopyOf(c)
	q := mat.NewDense(m, n, nil)
	got, _, err := polar.Factor(q.RawMatrix().Data, c.RawMatrix().Data, m, n, func(float64, float64) bool { return !strict })
	if err != nil {
		t.Fatal(err)
	}
	if !scalar.EqualWithinRel(got, sum(s), 1e-7) {
		t.Errorf("%s: nuclear norm %v, want %v", name, got, sum(s))
	}
	// <Q, C> attains the nuclear norm, and Q is an isometry of the range of C'.
	var inner, qtq, again mat.Dense
	inner.Mul(q.T(), original)
	if !scalar.EqualWithinRel(mat.Trace(&inner), sum(s), 1e-11) {
		t.Errorf("%s %d x %d: <Q, C> = %v, want %v", name, m, n, mat.Trace(&inner), sum(s))
	}
	qtq.Mul(q.T(), q)
	again.Mul(q, &qtq)
	if !mat.EqualApprox(&again, q, 1e-11) {
		t.Errorf("%s %d x %d: Q Q'Q differs from Q", name, m, n)
	}
	if name == "deficient" && !scalar.EqualWithinAbs(mat.Trace(&qtq), float64(NumericalRank(s, m)), 1e-10) {
		t.Errorf("Q has rank %v, want %d", mat.Trace(&qtq), NumericalRank(s, m))
	}
}

func TestWhitening(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	x := random(rng, 40, 7)
	for _, alpha := range []float64{0, 0.3, 1} {
		w := Whitening{Alpha: alpha, Tol: 1e-7}
		xz, z := mat.NewDense(40, 7, nil), mat.NewDense(7, 7, nil)
		if err := w.Apply(xz, z, x, true); err != nil {
			t.Fatal(err)
		}
		if !scalar.EqualWithinRel(mat.Norm(xz, 2), mat.Norm(x, 2), 1e-12) {
			t.Errorf("alpha %v: variance %v, want %v", alpha, mat.Norm(xz, 2), mat.Norm(x, 2))
		}
		var product, covariance mat.Dense
		product.Mul(x, z)
		if !mat.EqualApprox(&product, xz, 1e-12) {
			t.Errorf("alpha %v: x z differs from the whitened x", alpha)
		}
		covariance.Mul(xz.T(), xz)
		if identity := mat.Norm(x, 2) * mat.Norm(x, 2) / 7; alpha == 0 && math.Abs(covariance.At(2, 2)-identity)+math.Abs(covariance.At(2, 3)) > 1e-10 {
			t.Errorf("full whitening leaves the covariance %v", mat.Formatted(&covariance))
		}
	}
}

func TestColumnMeansOfConstantsAreExact(t *testing.T) {
	x := mat.NewDense(7, 2, nil)
	for i := range 7 {
		x.Set(i, 0, 0.1)
		x.Set(i, 1, float64(i))
	}
	mean, centered := make([]float64, 2), make([]float64, 14)
	ColumnMeans(mean, x)
	SubtractRow(centered, x, mean)
	if mean[0] != 0.1 || mean[1] != 3 {
		t.Errorf("means %v, want [0.1 3]", mean)
	}
	for i := range 7 {
		if centered[2*i] != 0 {
			t.Errorf("row %d of the constant column centers to %v", i, centered[2*i])
		}
	}
}
