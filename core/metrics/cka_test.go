package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

func activations(rng *rand.Rand, m int, widths ...int) []*mat.Dense {
	var xs []*mat.Dense
	for _, p := range widths {
		x := mat.NewDense(m, p, nil)
		for i := range m {
			for j := range p {
				x.Set(i, j, rng.NormFloat64()+float64(j%3)*x.At(i, 0))
			}
		}
		xs = append(xs, x)
	}
	return xs
}

// gram returns XX' of centered activations; without its diagonal if hollow.
func gram(x *mat.Dense, center, hollow bool) *mat.Dense {
	m, p := x.Dims()
	c := mat.DenseCopyOf(x)
	if center {
		Center(make([]float64, p), c, x)
	}
	k := mat.NewDense(m, m, nil)
	k.Mul(c, c.T())
	for i := range m {
		if hollow {
			k.Set(i, i, 0)
		}
	}
	return k
}

// plainHSIC is HSIC_1 as Song et al. write it, or tr KL.
func plainHSIC(k, l *mat.Dense, unbiased bool) float64 {
	m, _ := k.Dims()
	var trace, ends float64 // tr KL and 1'KL1
	for i := range m {
		trace += floats.Dot(k.RawRowView(i), l.RawRowView(i))
		ends += floats.Sum(k.RawRowView(i)) * floats.Sum(l.RawRowView(i))
	}
	if !unbiased {
		return trace
	}
	n := float64(m)
	return trace + mat.Sum(k)*mat.Sum(l)/((n-1)*(n-2)) - 2/(n-2)*ends
}

func plainCKA(c CKA, x, y *mat.Dense) float64 {
	k, l := gram(x, c.Center, c.Unbiased), gram(y, c.Center, c.Unbiased)
	return plainHSIC(k, l, c.Unbiased) / math.Sqrt(plainHSIC(k, k, c.Unbiased)*plainHSIC(l, l, c.Unbiased))
}

// TestCKABothWays compares both ways of measuring all pairs with the formula,
// on matrices that take one tile or panel and on such that take several.
func TestCKABothWays(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, xs := range [][]*mat.Dense{
		activations(rng, 4, 3, 1, 2, 7),
		activations(rng, 30, 8, 3, 50, 1),
		activations(rng, 2*maxEdge+3, 9, 5),
		activations(rng, panelRows+5, 3, 2),
		activations(rng, 12, panelWidth-1, 2, 1, 4),
	} {
		for _, c := range []CKA{{Center: true}, {}, {Unbiased: true, Center: true}, {Unbiased: true}} {
			for _, first := range []int{0, 1} {
				checkBothWays(t, c, xs, first)
			}
		}
	}
}

func checkBothWays(t *testing.T, c CKA, xs []*mat.Dense, first int) {
	t.Helper()
	c.Cosine = true
	n := len(xs)
	rows, cols := n, n
	if first > 0 {
		rows, cols = first, n-first
	}
	for way, inner := range map[string]func(context.Context, *ckaRun) error{"samples": gramProducts, "features": panelProducts} {
		dst := mat.NewDense(rows, cols, nil)
		r := newCKARun(c, dst, xs, first, core.Network)
		err := errors.Join(r.prepare(context.Background()), inner(context.Background(), r))
		var near cmem.List[[2]int]
		scoreErr := r.score(&near)
		near.Free()
		if err := errors.Join(err, scoreErr); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := i + 1; j < n; j++ {
				if !r.wanted(i, j) {
					continue
				}
				got, want := *r.at(i, j), plainCKA(c, xs[i], xs[j])
				if !(math.Abs(got-want) < 1e-10) {
					t.Errorf("%+v by %s, networks %d and %d of %d samples: %v, want %v", c, way, i, j, r.m, got, want)
				}
			}
		}
		r.arena.Free()
	}
}

func TestCKAWorkersDoNotChangeTheResult(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	for _, xs := range [][]*mat.Dense{activations(rng, 20, 30, 20, 10, 30, 5), activations(rng, 200, 3, 2, 1, 3, 3)} {
		xs = append(xs, xs[0], xs[1]) // near pairs
		var want, wantTest *mat.Dense
		for _, workers := range []int64{1, 2, 5} {
			d, dTest := mat.NewDense(7, 7, nil), mat.NewDense(7, 7, nil)
			job := core.NewJob(&[core.ControlWords]int64{3: workers})
			if err := (CKA{Center: true}).Distances(job, d, dTest, xs, xs, 0); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want, wantTest = d, dTest
			}
			if !mat.Equal(d, want) || !mat.Equal(dTest, wantTest) || !mat.Equal(d, dTest) {
				t.Errorf("%d workers give other bits", workers)
			}
		}
	}
}

// TestCKASmallAngles measures networks whose Gram matrices are at a known small
// angle, because they differ by an orthogonal one: of X and of [X, s e] where e
// is a single column orthogonal to X.
func TestCKASmallAngles(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	const m, p = 40, 4
	for _, refine := range []func(context.Context, *ckaRun, [][2]int) error{refineByGrams, refineByFactors} {
		for _, angle := range []float64{1e-5, 1e-8, 1e-12, 0} {
			x := mat.NewDense(m, p, nil)
			y := mat.NewDense(m, p+1, nil)
			for j := range p { // disjoint supports: orthogonal columns
				for i := 8 * j; i < 8*j+8; i++ {
					x.Set(i, j, rng.NormFloat64())
					y.Set(i, p-j, x.At(i, j))
				}
			}
			y.Set(m-1, 0, math.Sqrt(math.Tan(angle)*mat.Norm(gram(x, false, false), 2)))
			d := mat.NewDense(2, 2, nil)
			r := newCKARun(CKA{}, d, []*mat.Dense{x, y}, 0, core.Network)
			err := errors.Join(r.prepare(context.Background()), gramProducts(context.Background(), r))
			var near cmem.List[[2]int]
			scoreErr := r.score(&near)
			near.Free()
			if err := errors.Join(err, scoreErr, refine(context.Background(), r, [][2]int{{0, 1}})); err != nil {
				t.Fatal(err)
			}
			if got := *r.at(0, 1); math.Abs(got-angle) > 1e-6*angle+2e-15 {
				t.Errorf("angle %v came out as %v", angle, got)
			}
			r.arena.Free()
		}
	}
}

func TestGroups(t *testing.T) {
	networks, origin, position := groups(9, [][2]int{{2, 7}, {4, 5}, {7, 8}, {5, 8}, {1, 3}})
	if got, want := fmt.Sprint(networks, origin, position[5]), "[1 2 3 4 5 7 8] [0 1 0 1 1 1 1] 4"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCKAErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	fine := activations(rng, 20, 3)[0]
	simplex := mat.NewDense(20, 20, nil)
	for i := range 20 {
		simplex.Set(i, i, 1)
	}
	for want, c := range map[string]struct {
		CKA
		xs []*mat.Dense
	}{
		"network 1: the activations do not vary":    {CKA{Center: true}, []*mat.Dense{fine, mat.NewDense(20, 2, nil)}},
		"network 1 has 10 samples":                  {CKA{}, []*mat.Dense{fine, activations(rng, 10, 3)[0]}},
		"needs at least 4 samples, got 3":           {CKA{Unbiased: true}, activations(rng, 3, 5, 5)},
		"network 1: all pairs of samples are equal": {CKA{Unbiased: true}, []*mat.Dense{fine, simplex}},
	} {
		err := c.Distances(context.Background(), mat.NewDense(2, 2, nil), nil, c.xs, nil, 0)
		if !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
