package multiset_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/metrics"
	"netrep_go/core/multiset"
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

func cohortDistances(t *testing.T, linear metrics.Linear, opts metrics.LinearOptions, train, test []*mat.Dense, workers int64) (dTrain, dTest *mat.Dense) {
	t.Helper()
	cohort, err := metrics.NewLinearCohort(linear, opts, train, test)
	if err != nil {
		t.Fatal(err)
	}
	defer cohort.Free()
	k := len(train)
	dTrain = mat.NewDense(k, k, nil)
	if test != nil {
		dTest = mat.NewDense(k, k, nil)
	}
	job := core.NewJob(&[core.ControlWords]int64{3: workers})
	if err := multiset.PairwiseDistances(job, cohort, dTrain, dTest); err != nil {
		t.Fatal(err)
	}
	return dTrain, dTest
}

// single fits and scores one pair by full singular vectors.
func single(t *testing.T, linear metrics.Linear, x, y, xt, yt *mat.Dense) (train, test float64) {
	t.Helper()
	width := max(x.RawMatrix().Cols, y.RawMatrix().Cols)
	maps := [2]*mat.Dense{}
	means := [2][]float64{}
	whitened, zs := [2]*mat.Dense{}, [2]*mat.Dense{}
	for i, a := range []*mat.Dense{x, y} {
		m, _ := a.Dims()
		means[i] = make([]float64, width)
		whitened[i], zs[i], maps[i] = mat.NewDense(m, width, nil), mat.NewDense(width, width, nil), mat.NewDense(width, width, nil)
		if err := linear.PartialFit(means[i], whitened[i], zs[i], pad(a, width), true); err != nil {
			t.Fatal(err)
		}
	}
	rank, err := metrics.Align(maps[0], maps[1], whitened[0], whitened[1], zs[0], zs[1])
	if err != nil {
		t.Fatal(err)
	}
	score := func(a, b *mat.Dense) float64 {
		aligned := [2]*mat.Dense{}
		for i, v := range []*mat.Dense{a, b} {
			p := pad(v, width)
			m, _ := p.Dims()
			for r := range m {
				for j, mean := range means[i] {
					p.Set(r, j, p.At(r, j)-mean)
				}
			}
			aligned[i] = mat.NewDense(m, width, nil)
			aligned[i].Mul(p, maps[i])
		}
		d, err := metrics.AlignedDistance(aligned[0], aligned[1], rank, linear.Score)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	return score(x, y), score(xt, yt)
}

func pad(a *mat.Dense, width int) *mat.Dense {
	m, _ := a.Dims()
	p := mat.NewDense(m, width, nil)
	p.Copy(a)
	return p
}

func TestCohortAgreesWithSinglePairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, m := range []int{8, 40} { // fewer and more samples than features
		var train, test []*mat.Dense
		for _, p := range []int{10, 7, 12, 10} {
			train = append(train, random(rng, m, p))
			test = append(test, random(rng, 15, p))
		}
		dead := train[3]
		for i := range m { // a dead and a duplicated neuron
			dead.Set(i, 0, 0.3)
			dead.Set(i, 2, dead.At(i, 1))
		}
		for _, linear := range options() {
			dTrain, dTest := cohortDistances(t, linear, metrics.LinearOptions{}, train, test, 2)
			only, _ := cohortDistances(t, linear, metrics.LinearOptions{}, train, nil, 1)
			for i := range train {
				for j := i + 1; j < len(train); j++ {
					a, b := single(t, linear, train[i], train[j], test[i], test[j])
					name := fmt.Sprintf("%+v, %d samples, networks %d and %d", linear, m, i, j)
					scale := 1 + a + b
					if math.Abs(dTrain.At(i, j)-a) > 1e-9*scale || math.Abs(only.At(i, j)-a) > 1e-9*scale {
						t.Errorf("%s: training distances %v and %v, want %v", name, dTrain.At(i, j), only.At(i, j), a)
					}
					if math.Abs(dTest.At(i, j)-b) > 1e-9*scale {
						t.Errorf("%s: held-out distance %v, want %v", name, dTest.At(i, j), b)
					}
				}
			}
		}
	}
}

func options() []metrics.Linear {
	var all []metrics.Linear
	for _, alpha := range []float64{0, 0.4, 1} {
		for _, score := range []metrics.Score{metrics.Angular, metrics.Euclidean} {
			for _, center := range []bool{true, false} {
				all = append(all, metrics.Linear{Alpha: alpha, Center: center, Score: score})
			}
		}
	}
	return all
}

func TestWorkersDoNotChangeTheResult(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	var train []*mat.Dense
	for range 9 {
		train = append(train, random(rng, 30, 20))
	}
	one, oneTest := cohortDistances(t, metrics.Linear{Alpha: 1}, metrics.LinearOptions{}, train, train, 1)
	four, fourTest := cohortDistances(t, metrics.Linear{Alpha: 1}, metrics.LinearOptions{}, train, train, 4)
	if !mat.Equal(one, four) || !mat.Equal(oneTest, fourTest) {
		t.Error("four workers give other bits than one")
	}
}

func TestNearZeroDistancesKeepTheirDigits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	x, e := random(rng, 60, 10), random(rng, 60, 10)
	var inner mat.Dense // makes e orthogonal to x and, to first order, to rotations of x
	var gram mat.Dense
	gram.Mul(x.T(), x)
	var inverse mat.Dense
	if err := inverse.Inverse(&gram); err != nil {
		t.Fatal(err)
	}
	inner.Product(x, &inverse, x.T(), e)
	e.Sub(e, &inner)
	for _, angle := range []float64{1e-3, 1e-8, 1e-12} {
		var y mat.Dense
		y.Scale(math.Tan(angle)*mat.Norm(x, 2)/mat.Norm(e, 2), e)
		y.Add(x, &y)
		d, _ := cohortDistances(t, metrics.Linear{Alpha: 1}, metrics.LinearOptions{}, []*mat.Dense{x, &y}, nil, 1)
		if math.Abs(d.At(0, 1)-angle) > 1e-3*angle+2e-15 {
			t.Errorf("angle %v came out as %v", angle, d.At(0, 1))
		}
	}
}

func TestSinglePrecisionProducts(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	train := []*mat.Dense{random(rng, 50, 12), random(rng, 50, 9), random(rng, 50, 12)}
	want, wantTest := cohortDistances(t, metrics.Linear{Alpha: 1}, metrics.LinearOptions{}, train, train, 1)
	got, gotTest := cohortDistances(t, metrics.Linear{Alpha: 1}, metrics.LinearOptions{Single: true}, train, train, 1)
	if !mat.EqualApprox(want, got, 1e-6) || !mat.EqualApprox(wantTest, gotTest, 1e-6) {
		t.Errorf("float32 products are off by more than 1e-6")
	}
	if mat.Equal(want, got) {
		t.Error("float32 products were not used")
	}
}

func TestCohortErrors(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	constant := mat.NewDense(20, 3, nil)
	fine := random(rng, 20, 3)
	for want, train := range map[string][]*mat.Dense{
		"network 1: the activations do not vary": {fine, constant},
		"network 1 has 10 samples":               {fine, random(rng, 10, 3)},
		"at least one network":                   nil,
	} {
		err := func() error {
			cohort, err := metrics.NewLinearCohort(metrics.Linear{Alpha: 1, Center: true}, metrics.LinearOptions{}, train, nil)
			if err != nil {
				return err
			}
			defer cohort.Free()
			return multiset.PairwiseDistances(context.Background(), cohort, mat.NewDense(2, 2, nil), nil)
		}()
		if !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
