package optimize

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// cone holds generators in the rows of points and their Gram matrix.
type cone struct {
	points, gram *mat.Dense
	m            int
}

func newCone(points *mat.Dense) cone {
	m, _ := points.Dims()
	var gram mat.Dense
	gram.Mul(points, points.T())
	return cone{points, &gram, m}
}

// manifold returns the cone of m Gaussian points around a center, whose distance
// is 1, with a radius of r sqrt(d).
func manifold(rng *rand.Rand, m, d int, r float64) cone {
	points := mat.NewDense(m, d+1, nil)
	for i := range m {
		row := points.RawRowView(i)
		for j := range d {
			row[j] = r * rng.NormFloat64()
		}
		row[d] = 1
	}
	return newCone(points)
}

func gaussian(rng *rand.Rand, n int) []float64 {
	b := make([]float64, n)
	for i := range b {
		b[i] = rng.NormFloat64()
	}
	return b
}

// products returns S'b.
func (c cone) products(b []float64) []float64 {
	var v mat.VecDense
	v.MulVec(c.points, mat.NewVecDense(len(b), b))
	return v.RawVector().Data
}

// image returns S mu.
func (c cone) image(p Projection) []float64 {
	_, d := c.points.Dims()
	x := make([]float64, d)
	for i, j := range p.Active {
		floats.AddScaled(x, p.Weights[i], c.points.RawRowView(int(j)))
	}
	return x
}

// check tests the conditions of Karush, Kuhn and Tucker, which only the
// projection satisfies.
func (c cone) check(t *testing.T, name string, b []float64, p Projection, tol float64) {
	t.Helper()
	for i, w := range p.Weights {
		if w <= 0 || i > 0 && len(p.Active) != len(p.Weights) {
			t.Fatalf("%s: weight %g", name, w)
		}
	}
	x := c.image(p)
	size := floats.Norm(b, 2)
	if got := floats.Dot(x, x); math.Abs(got-p.Squared) > tol*size*size {
		t.Errorf("%s: |Pi|^2 is %g, but %g was returned", name, got, p.Squared)
	}
	floats.SubTo(x, b, x)
	for j := range c.m {
		s := c.points.RawRowView(j)
		if w := floats.Dot(s, x); w > tol*size*floats.Norm(s, 2) {
			t.Errorf("%s: gradient %g of column %d", name, w, j)
		}
	}
	for _, j := range p.Active {
		if w := floats.Dot(c.points.RawRowView(int(j)), x); math.Abs(w) > tol*size*floats.Norm(c.points.RawRowView(int(j)), 2) {
			t.Errorf("%s: gradient %g of active column %d", name, w, j)
		}
	}
}

func solver(m int) (*NNLS, *cmem.Arena) {
	arena := new(cmem.Arena)
	return NewNNLS(arena, m), arena
}

func TestProjection(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{1, 0}, {1, 4}, {2, 1}, {5, 2}, {30, 5}, {50, 49}, {200, 40}, {300, 3}, {20, 100}} {
		for _, r := range []float64{0.1, 1, 10} {
			c := manifold(rng, shape[0], shape[1], r)
			s, arena := solver(c.m)
			s.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
			for range 20 {
				b := gaussian(rng, shape[1]+1)
				name := fmt.Sprint(shape, r)
				p := s.Project(c.products(b))
				c.check(t, name, b, p, 1e-11)
				if p.Violation > Tolerance {
					t.Errorf("%s: violation %g", name, p.Violation)
				}
			}
			arena.Free()
		}
	}
}

// Duplicates, opposites, zeros and combinations among the generators do not
// change the cone.
func TestDependentGenerators(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, linear := range []bool{false, true} {
		base := manifold(rng, 12, 5, 1)
		points := mat.NewDense(40, 6, nil)
		for i := range 40 {
			row := points.RawRowView(i)
			switch {
			case i < 24:
				floats.AddScaled(row, float64(1+i%3), base.points.RawRowView(i%12))
			case i < 36:
				floats.AddScaled(row, rng.Float64(), base.points.RawRowView(i%12))
				floats.AddScaled(row, rng.Float64(), base.points.RawRowView((i+5)%12))
			}
			if linear && i%2 == 0 && i < 12 {
				floats.ScaleTo(row, -1, base.points.RawRowView(i+1))
			}
		}
		c := newCone(points)
		s, arena := solver(c.m)
		s.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
		for range 200 {
			b := gaussian(rng, 6)
			c.check(t, fmt.Sprint("linear ", linear), b, s.Project(c.products(b)), 1e-10)
		}
		arena.Free()
	}
}

// Steps of single columns, taken alone, end where blocks do.
func TestSingleSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	c := manifold(rng, 60, 30, 1)
	s, arena := solver(c.m)
	defer arena.Free()
	s.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
	for range 50 {
		b := gaussian(rng, 31)
		products := c.products(b)
		want := s.Project(products).Squared
		s.clear()
		for s.gradient() > s.tol && s.enterBest() {
		}
		if got := s.squared; math.Abs(got-want) > 1e-12*want {
			t.Errorf("%g by single steps, %g by blocks", got, want)
		}
		p := s.solve()
		c.check(t, "single", b, p, 1e-11)
	}
}

// A projection does not depend on the one before it on the same workspace.
func TestProjectAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	c := manifold(rng, 80, 40, 0.5)
	s, arena := solver(c.m)
	defer arena.Free()
	s.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
	b := gaussian(rng, 41)
	for _, shift := range []float64{0, 0.1, 1, -3, 8, -8, 0} {
		b[40] += shift
		p := s.Project(c.products(b))
		c.check(t, fmt.Sprint("shift ", shift), b, p, 1e-11)
		fresh, memory := solver(c.m)
		fresh.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
		if want := fresh.Project(c.products(b)); p.Squared != want.Squared {
			t.Errorf("shift %g: |Pi|² is %v on a used workspace, %v on a fresh one", shift, p.Squared, want.Squared)
		}
		memory.Free()
	}
}

func TestFactorRemove(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	c := manifold(rng, 9, 20, 1)
	s, arena := solver(c.m)
	defer arena.Free()
	s.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
	s.c = gaussian(rng, 9)
	for p := range 9 {
		s.clear()
		for j := range int32(9) {
			s.active = append(s.active, j)
		}
		s.refactor(0)
		s.factor.remove(p, 9)
		rotated := append([]float64(nil), s.factor.l[:36]...)
		z := append([]float64(nil), s.factor.z[:8]...)
		s.active = append(s.active[:p], s.active[p+1:]...)
		s.refactor(0)
		if !floats.EqualApprox(rotated, s.factor.l[:36], 1e-12) || !floats.EqualApprox(z, s.factor.z[:8], 1e-12) {
			t.Errorf("row %d: rotations and a new factor differ", p)
		}
	}
}

// labels returns m random labels.
func labels(rng *rand.Rand, m int) []float64 {
	y := make([]float64, m)
	for i := range y {
		y[i] = float64(2*rng.IntN(2) - 1)
	}
	return y
}

// checkBalanced tests the conditions of Karush, Kuhn and Tucker under y'mu = 0.
func (c cone) checkBalanced(t *testing.T, name string, b, y []float64, p Projection, tol float64) {
	t.Helper()
	x := c.image(p)
	size := floats.Norm(b, 2)
	if got := floats.Dot(x, x); math.Abs(got-p.Squared) > tol*size*size {
		t.Errorf("%s: |Pi|^2 is %g, but %g was returned", name, got, p.Squared)
	}
	floats.SubTo(x, b, x)
	gradient := func(j int) float64 {
		s := c.points.RawRowView(j)
		return (floats.Dot(s, x) - p.Multiplier*y[j]) / (size * floats.Norm(s, 2))
	}
	for j := range c.m {
		if w := gradient(j); w > tol {
			t.Errorf("%s: gradient %g of column %d", name, w, j)
		}
	}
	balance, total := 0.0, 0.0
	for i, j := range p.Active {
		if w := gradient(int(j)); math.Abs(w) > tol || p.Weights[i] <= 0 {
			t.Errorf("%s: gradient %g of active column %d", name, w, j)
		}
		balance += y[j] * p.Weights[i]
		total += p.Weights[i]
	}
	if math.Abs(balance) > tol*total {
		t.Errorf("%s: weights add up to %g", name, balance)
	}
}

func TestBalanced(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, shape := range [][2]int{{1, 3}, {2, 1}, {5, 2}, {30, 5}, {50, 49}, {200, 40}, {300, 3}, {20, 100}} {
		for _, r := range []float64{0.1, 1, 10} {
			c := manifold(rng, shape[0], shape[1], r)
			s, arena := solver(c.m)
			s.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
			for k := range 20 {
				y := labels(rng, c.m)
				s.Balance(y)
				b := gaussian(rng, shape[1]+1)
				name := fmt.Sprint(shape, r, k)
				c.checkBalanced(t, name, b, y, s.Project(c.products(b)), 1e-11)
			}
			arena.Free()
		}
	}
}

func BenchmarkProject(b *testing.B) {
	for _, v := range []struct {
		m, d int
		r    float64
	}{{2, 1, 1}, {30, 5, 0.5}, {50, 49, 0.2}, {50, 49, 1}, {200, 40, 0.3}, {1000, 20, 0.3}, {1000, 200, 0.2}, {480, 240, 1}, {1920, 1000, 0.3}} {
		b.Run(fmt.Sprint(v.m, v.d, v.r), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			c := manifold(rng, v.m, v.d, v.r)
			s, arena := solver(c.m)
			defer arena.Free()
			var cs [][]float64
			for range 40 {
				cs = append(cs, c.products(gaussian(rng, v.d+1)))
			}
			s.SetCone(c.gram.RawMatrix().Data, c.m, c.m)
			active, violation := 0, 0.0
			i := 0
			for b.Loop() {
				p := s.Project(cs[i%40])
				active += len(p.Active)
				violation = max(violation, p.Violation)
				i++
			}
			b.ReportMetric(float64(active)/float64(i), "active")
			b.ReportMetric(violation, "violation")
		})
	}
}
