package blas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	bgonum "gonum.org/v1/gonum/blas/gonum"
)

// Sizes straddle gonum's 64 x 64 blocks and the register and cache blocks of
// the usual Fortran libraries, square, tall, wide and empty.
var gemmSizes = [][3]int{
	{0, 2, 3}, {2, 0, 3}, {2, 3, 0}, {1, 1, 1}, {1, 5, 2}, {5, 1, 33}, {2, 2, 2}, {5, 33, 64},
	{33, 5, 130}, {64, 64, 64}, {65, 63, 64}, {130, 33, 5}, {2, 257, 33}, {257, 2, 130}, {33, 130, 257},
}

var syrkSizes = [][2]int{{0, 3}, {3, 0}, {1, 1}, {2, 5}, {5, 2}, {33, 64}, {64, 33}, {130, 5}, {65, 130}, {257, 33}}

var scales = [][2]float64{{1, 0}, {-0.5, 1}, {2, 0.75}, {0, 2}}

var (
	transposes = []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}
	uplos      = []blas.Uplo{blas.Upper, blas.Lower}
	sides      = []blas.Side{blas.Left, blas.Right}
	diags      = []blas.Diag{blas.NonUnit, blas.Unit}
)

// real is what the level 3 routines are tested in.
type real interface{ float32 | float64 }

// randomMatrix returns a rows x cols matrix of stride ld, whose padding is NaN:
// reading it poisons the result and writing it shows.
func randomMatrix[T real](rnd *rand.Rand, rows, cols, ld int) []T {
	a := make([]T, max(0, (rows-1)*ld+cols))
	for i := range a {
		a[i] = T(math.NaN())
		if i%ld < cols {
			a[i] = T(rnd.NormFloat64())
		}
	}
	return a
}

// op returns the elements of op(a).
func op[T real](t blas.Transpose, a []T, lda int) func(i, j int) float64 {
	if t == blas.NoTrans {
		return func(i, j int) float64 { return float64(a[i*lda+j]) }
	}
	return func(i, j int) float64 { return float64(a[j*lda+i]) }
}

// stored returns the shape of a if op(a) is rows x cols.
func stored(t blas.Transpose, rows, cols int) (int, int) {
	if t == blas.NoTrans {
		return rows, cols
	}
	return cols, rows
}

// wantMatrix fails the test unless the elements of the rows x cols matrix c are
// close to want and those outside it, for which want is nil or inside is false,
// are what they were.
func wantMatrix[T real](t *testing.T, name string, c, before []T, rows, cols, ldc int, inside func(i, j int) bool, want func(i, j int) float64, tol float64) {
	t.Helper()
	for l, got := range c {
		i, j := l/ldc, l%ldc
		if i >= rows || j >= cols || !inside(i, j) {
			if math.Float64bits(float64(got)) != math.Float64bits(float64(before[l])) {
				t.Fatalf("%s: wrote outside at %d, %d", name, i, j)
			}
			continue
		}
		if w := want(i, j); !(math.Abs(float64(got)-w) <= tol*(1+math.Abs(w))) {
			t.Fatalf("%s: [%d, %d] = %v, want %v", name, i, j, got, w)
		}
	}
}

func everywhere(int, int) bool { return true }

func triangle(ul blas.Uplo) func(i, j int) bool {
	return func(i, j int) bool { return i == j || (i < j) == (ul == blas.Upper) }
}

func testGemm[T real](t *testing.T, eps float64, gemm func(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, size := range gemmSizes {
		m, n, k := size[0], size[1], size[2]
		for _, tA := range transposes {
			for _, tB := range transposes {
				for s, scale := range scales {
					rowsA, colsA := stored(tA, m, k)
					rowsB, colsB := stored(tB, k, n)
					lda, ldb, ldc := max(1, colsA+s%2), max(1, colsB+2*(s%2)), max(1, n+3*(s%2))
					a := randomMatrix[T](rnd, rowsA, colsA, lda)
					b := randomMatrix[T](rnd, rowsB, colsB, ldb)
					c := randomMatrix[T](rnd, m, n, ldc)
					before := slices.Clone(c)
					if scale[1] == 0 {
						for i := range c {
							c[i] = T(math.NaN()) // beta 0 means that C is not read
						}
					}
					alpha, beta := scale[0], scale[1]
					gemm(tA, tB, m, n, k, T(alpha), a, lda, b, ldb, T(beta), c, ldc)
					opA, opB := op(tA, a, lda), op(tB, b, ldb)
					wantMatrix(t, fmt.Sprintf("%c%c %v alpha=%v beta=%v", tA, tB, size, alpha, beta), c, before, m, n, ldc, everywhere,
						func(i, j int) float64 {
							return alpha*sum(k, func(l int) float64 { return opA(i, l) * opB(l, j) }) + beta*float64(before[i*ldc+j])
						}, eps*float64(10+10*k))
				}
			}
		}
	}
}

func TestDgemm(t *testing.T) { testGemm(t, 0x1p-52, Blas{}.Dgemm) }
func TestSgemm(t *testing.T) { testGemm(t, 0x1p-23, Blas{}.Sgemm) }

func testSyrk[T real](t *testing.T, eps float64, syrk func(ul blas.Uplo, t blas.Transpose, n, k int, alpha T, a []T, lda int, beta T, c []T, ldc int)) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range syrkSizes {
		n, k := size[0], size[1]
		for _, ul := range uplos {
			for _, tA := range transposes {
				for s, scale := range scales {
					rows, cols := stored(tA, n, k)
					lda, ldc := max(1, cols+s%2), max(1, n+2*(s%2))
					a := randomMatrix[T](rnd, rows, cols, lda)
					c := randomMatrix[T](rnd, n, n, ldc)
					before := slices.Clone(c)
					alpha, beta := scale[0], scale[1]
					syrk(ul, tA, n, k, T(alpha), a, lda, T(beta), c, ldc)
					opA := op(tA, a, lda)
					wantMatrix(t, fmt.Sprintf("%c%c %v alpha=%v beta=%v", ul, tA, size, alpha, beta), c, before, n, n, ldc, triangle(ul),
						func(i, j int) float64 {
							return alpha*sum(k, func(l int) float64 { return opA(i, l) * opA(j, l) }) + beta*float64(before[i*ldc+j])
						}, eps*float64(10+10*k))
				}
			}
		}
	}
}

func TestDsyrk(t *testing.T) { testSyrk(t, 0x1p-52, Blas{}.Dsyrk) }
func TestSsyrk(t *testing.T) { testSyrk(t, 0x1p-23, Blas{}.Ssyrk) }

func TestDgemv(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 3))
	for _, size := range [][2]int{{1, 1}, {1, 5}, {5, 2}, {2, 33}, {64, 5}, {65, 130}, {130, 257}, {257, 33}} {
		m, n := size[0], size[1]
		for _, tA := range transposes {
			for _, inc := range [][2]int{{1, 1}, {2, 3}, {-1, 2}, {3, -2}, {-2, -1}} {
				for s, scale := range scales {
					lda := n + s%2
					a := randomMatrix[float64](rnd, m, n, lda)
					rows, cols := stored(tA, m, n)
					x, y := vectorOf(rnd, cols, inc[0]), vectorOf(rnd, rows, inc[1])
					alpha, beta := scale[0], scale[1]
					want := slices.Clone(y)
					opA := op(tA, a, lda)
					for i := range rows {
						l := element(i, rows, inc[1])
						want[l] = alpha*sum(cols, func(j int) float64 { return opA(i, j) * x[element(j, cols, inc[0])] }) + beta*y[l]
						if beta == 0 {
							y[l] = math.NaN() // beta 0 means that y is not read
						}
					}
					Blas{}.Dgemv(tA, m, n, alpha, a, lda, x, inc[0], beta, y, inc[1])
					for l, got := range y {
						if !(math.Abs(got-want[l]) <= 1e-12*(1+math.Abs(want[l]))) && !math.IsNaN(want[l]) || math.IsNaN(got) != math.IsNaN(want[l]) {
							t.Fatalf("%c %v inc=%v alpha=%v beta=%v: y[%d] = %v, want %v", tA, size, inc, alpha, beta, l, got, want[l])
						}
					}
				}
			}
		}
	}
}

// vectorOf returns a random vector with NaN between its elements.
func vectorOf(rnd *rand.Rand, n, inc int) []float64 {
	x := make([]float64, (n-1)*max(inc, -inc)+1)
	for l := range x {
		x[l] = math.NaN()
	}
	for i := range n {
		x[element(i, n, inc)] = rnd.NormFloat64()
	}
	return x
}

// element returns where BLAS keeps element i of n.
func element(i, n, inc int) int {
	if inc < 0 {
		return (i - n + 1) * inc
	}
	return i * inc
}

func TestDtrsm(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 4))
	for _, size := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {2, 5}, {5, 2}, {33, 64}, {65, 33}, {130, 5}, {5, 130}} {
		m, n := size[0], size[1]
		for _, s := range sides {
			order := n
			if s == blas.Left {
				order = m
			}
			for _, ul := range uplos {
				for _, tA := range transposes {
					for f, d := range diags {
						for _, alpha := range []float64{1, -0.5, 0} {
							lda, ldb := max(1, order+f), max(1, n+2*f)
							a := randomMatrix[float64](rnd, order, order, lda)
							for i := range order {
								for j := range order {
									switch {
									case i == j && d == blas.Unit || !triangle(ul)(i, j):
										a[i*lda+j] = math.NaN() // not to be read
									case i == j:
										a[i*lda+j] += 3
									default:
										a[i*lda+j] /= float64(order)
									}
								}
							}
							b := randomMatrix[float64](rnd, m, n, ldb)
							x := slices.Clone(b)
							Blas{}.Dtrsm(s, ul, tA, d, m, n, alpha, a, lda, x, ldb)
							opA := op(tA, a, lda)
							at := func(i, j int) float64 {
								switch r, c := i, j; {
								case i == j && d == blas.Unit:
									return 1
								default:
									if tA != blas.NoTrans {
										r, c = j, i
									}
									if !triangle(ul)(r, c) {
										return 0
									}
									return opA(i, j)
								}
							}
							product := slices.Clone(x)
							for i := range m {
								for j := range n {
									if s == blas.Left {
										product[i*ldb+j] = sum(m, func(l int) float64 { return at(i, l) * x[l*ldb+j] })
									} else {
										product[i*ldb+j] = sum(n, func(l int) float64 { return x[i*ldb+l] * at(l, j) })
									}
								}
							}
							wantMatrix(t, fmt.Sprintf("%c%c%c%c %v alpha=%v", s, ul, tA, d, size, alpha), product, b, m, n, ldb, everywhere,
								func(i, j int) float64 { return alpha * b[i*ldb+j] }, 1e-11)
						}
					}
				}
			}
		}
	}
}

// message returns what f panics with, "" if it does not.
func message(f func()) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint(r)
		}
	}()
	f()
	return ""
}

// TestBlasPanics holds the overrides to gonum's own panics.
func TestBlasPanics(t *testing.T) {
	x := make([]float64, 11) // one short of a 3 x 4 matrix
	y := make([]float64, 100)
	const bad = 'x'
	for i, call := range []func(b blas.Float64){
		func(b blas.Float64) { b.Dgemm(bad, blas.NoTrans, 3, 4, 5, 1, y, 5, y, 5, 0, y, 5) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, bad, 3, 4, 5, 1, y, 5, y, 5, 0, y, 5) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, -1, 4, 5, 1, y, 5, y, 5, 0, y, 5) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, 3, 4, 5, 1, y, 4, y, 5, 0, y, 5) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, 3, 4, 5, 1, y, 5, y, 3, 0, y, 5) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, 3, 4, 5, 1, y, 5, y, 5, 0, y, 3) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, 3, 4, 4, 1, x, 4, y, 5, 0, y, 5) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, 4, 4, 3, 1, y, 4, x, 4, 0, y, 5) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, 3, 4, 5, 1, y, 5, y, 5, 0, x, 4) },
		func(b blas.Float64) { b.Dgemm(blas.NoTrans, blas.NoTrans, 3, 4, 0, 1, nil, 1, nil, 4, 0, x, 4) },
		func(b blas.Float64) { b.Dsyrk(bad, blas.Trans, 4, 3, 1, y, 4, 0, y, 4) },
		func(b blas.Float64) { b.Dsyrk(blas.Upper, bad, 4, 3, 1, y, 4, 0, y, 4) },
		func(b blas.Float64) { b.Dsyrk(blas.Upper, blas.Trans, 4, 3, 1, x, 4, 0, y, 4) },
		func(b blas.Float64) { b.Dsyrk(blas.Upper, blas.NoTrans, 4, 3, 1, y, 3, 0, x, 4) },
		func(b blas.Float64) { b.Dgemv(bad, 3, 4, 1, y, 4, y, 1, 0, y, 1) },
		func(b blas.Float64) { b.Dgemv(blas.NoTrans, 3, 4, 1, x, 4, y, 1, 0, y, 1) },
		func(b blas.Float64) { b.Dgemv(blas.NoTrans, 3, 4, 1, y, 4, y, 0, 0, y, 1) },
		func(b blas.Float64) { b.Dgemv(blas.NoTrans, 3, 4, 1, y, 4, y[:3], 1, 0, y, 1) },
		func(b blas.Float64) { b.Dgemv(blas.NoTrans, 3, 4, 1, y, 4, y, 1, 0, y[:6], -3) },
		func(b blas.Float64) { b.Dtrsm(bad, blas.Upper, blas.NoTrans, blas.Unit, 3, 4, 1, y, 4, y, 4) },
		func(b blas.Float64) { b.Dtrsm(blas.Left, bad, blas.NoTrans, blas.Unit, 3, 4, 1, y, 4, y, 4) },
		func(b blas.Float64) { b.Dtrsm(blas.Left, blas.Upper, bad, blas.Unit, 3, 4, 1, y, 4, y, 4) },
		func(b blas.Float64) { b.Dtrsm(blas.Left, blas.Upper, blas.NoTrans, bad, 3, 4, 1, y, 4, y, 4) },
		func(b blas.Float64) { b.Dtrsm(blas.Left, blas.Upper, blas.NoTrans, blas.Unit, 3, 4, 1, y, 4, x, 4) },
		func(b blas.Float64) { b.Dtrsm(blas.Right, blas.Upper, blas.NoTrans, blas.Unit, 3, 4, 1, x, 4, y, 4) },
	} {
		want := message(func() { call(bgonum.Implementation{}) })
		if got := message(func() { call(Blas{}) }); got != want || want == "" {
			t.Errorf("call %d: panic %q, want %q", i, got, want)
		}
	}
}

func TestUseWrongLength(t *testing.T) {
	if err := Use(make([]uintptr, len(Routines())-1)); err == nil {
		t.Error("Use accepted a short list of addresses")
	}
}

func BenchmarkDgemm(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 5))
	for _, n := range []int{1, 2, 3, 4, 6, 8, 16, 64, 200} {
		a, c := randomMatrix[float64](rnd, n, n, n), make([]float64, n*n)
		for name, impl := range map[string]blas.Float64{"seam": Blas{}, "gonum": bgonum.Implementation{}} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					impl.Dgemm(blas.NoTrans, blas.Trans, n, n, n, 1, a, n, a, n, 0, c, n)
				}
			})
		}
	}
}

func BenchmarkDgemv(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 6))
	for _, n := range []int{1, 2, 4, 8, 16, 32, 64, 200} {
		a, y := randomMatrix[float64](rnd, n, n, n), make([]float64, n)
		for name, impl := range map[string]blas.Float64{"seam": Blas{}, "gonum": bgonum.Implementation{}} {
			for _, t := range transposes[:2] {
				b.Run(fmt.Sprintf("%s/%c%d", name, t, n), func(b *testing.B) {
					for b.Loop() {
						impl.Dgemv(t, n, n, 1, a, n, a, 1, 0, y, 1)
					}
				})
			}
		}
	}
}
