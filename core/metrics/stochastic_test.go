package metrics_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/metrics"
	"netrep_go/core/optimize"
)

func normal(rng *rand.Rand, m, n int) *mat.Dense {
	x := mat.NewDense(m, n, nil)
	for i := range m {
		for j := range n {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

// responses returns means and covariances of the given rank.
func responses(rng *rand.Rand, m, d, rank int) metrics.Responses {
	covs := mat.NewDense(m*d, d, nil)
	for i := range m {
		root := normal(rng, d, rank)
		covs.Slice(i*d, (i+1)*d, 0, d).(*mat.Dense).Mul(root, root.T())
	}
	return metrics.Responses{Means: normal(rng, m, d), Covs: covs}
}

// rotate aligns responses by the orthogonal q.
func rotate(r metrics.Responses, q *mat.Dense) metrics.Responses {
	m, d := r.Means.Dims()
	out := metrics.Responses{Means: mat.NewDense(m, d, nil), Covs: mat.NewDense(m*d, d, nil)}
	out.Means.Mul(r.Means, q)
	for i := range m {
		var half mat.Dense
		half.Mul(q.T(), r.Covs.Slice(i*d, (i+1)*d, 0, d))
		out.Covs.Slice(i*d, (i+1)*d, 0, d).(*mat.Dense).Mul(&half, q)
	}
	return out
}

func orthogonal(rng *rand.Rand, n int) *mat.Dense {
	var qr mat.QR
	qr.Factorize(normal(rng, n, n))
	var q mat.Dense
	qr.QTo(&q)
	return &q
}

// blocks returns the Kronecker product of the t x t identity and q.
func blocks(q *mat.Dense, t int) *mat.Dense {
	n, _ := q.Dims()
	out := mat.NewDense(t*n, t*n, nil)
	for b := range t {
		out.Slice(b*n, (b+1)*n, b*n, (b+1)*n).(*mat.Dense).Copy(q)
	}
	return out
}

func onWorkers(n int64) context.Context { return core.NewJob(&[core.ControlWords]int64{3: n}) }

func TestGaussianRotation(t *testing.T) {
	for _, tc := range []struct{ inputs, times, neurons, rank int }{
		{40, 1, 5, 5}, {40, 1, 5, 2}, {1, 6, 3, 18}, {3, 4, 3, 5}, {33, 2, 4, 8},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		d := tc.times * tc.neurons
		x, q := responses(rng, tc.inputs, d, tc.rank), orthogonal(rng, tc.neurons)
		y := rotate(x, blocks(q, tc.times))
		g := metrics.Gaussian{Alpha: 1, Neurons: tc.neurons, MaxIter: 1000, Tol: 1e-10}
		aligned := mat.NewDense(tc.neurons, tc.neurons, nil)
		fit, err := g.Fit(context.Background(), aligned, x, y, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		distance, err := g.Distance(context.Background(), aligned, x, y)
		if err != nil || !(distance < 1e-6) || !fit.Converged {
			t.Errorf("%+v: distance %g, %d losses, error %v", tc, distance, len(fit.Loss), err)
		}
		if !mat.EqualApprox(aligned, q.T(), 1e-5) {
			t.Errorf("%+v: wrong alignment", tc)
		}
	}
}

func TestGaussianPartsOfUnequalRank(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	x, y := responses(rng, 20, 6, 6), responses(rng, 20, 6, 2)
	distance := func(a, b metrics.Responses) float64 {
		g := metrics.Gaussian{Alpha: 0.5, Neurons: 6, MaxIter: 5000, Tol: 1e-12}
		aligned := mat.NewDense(6, 6, nil)
		fit, err := g.Fit(context.Background(), aligned, a, b, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := g.Distance(context.Background(), aligned, a, b)
		if want := fit.Loss[len(fit.Loss)-1] / math.Sqrt(20); err != nil || math.Abs(d-want) > 1e-8 {
			t.Errorf("distance %g, loss %g, error %v", d, want, err)
		}
		return d
	}
	if a, b := distance(x, y), distance(y, x); math.Abs(a-b) > 1e-6 {
		t.Errorf("distances %g and %g", a, b)
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x, y := responses(rng, 70, 4, 4), responses(rng, 70, 4, 4)
	rx, ry := normal(rng, 210, 4), normal(rng, 210, 4)
	var losses [2][2]float64
	for i, workers := range []int64{1, 3} {
		aligned := mat.NewDense(4, 4, nil)
		g := metrics.Gaussian{Alpha: 1, Neurons: 4, MaxIter: 20, Tol: math.Inf(-1)}
		fit, err := g.Fit(onWorkers(workers), aligned, x, y, true, nil)
		if err != nil || len(fit.Loss) != 20 || fit.Converged {
			t.Fatalf("%d losses, error %v", len(fit.Loss), err)
		}
		e := metrics.Energy{Repeats: 3, MaxIter: 20, Tol: math.Inf(-1)}
		again, err := e.Fit(onWorkers(workers), aligned, nil, rx, ry)
		if err != nil {
			t.Fatal(err)
		}
		losses[i] = [2]float64{fit.Loss[19], again.Loss[20]}
	}
	if losses[0] != losses[1] {
		t.Errorf("losses %v and %v", losses[0], losses[1])
	}
}

func TestGaussianRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	x := responses(rng, 5, 3, 3)
	negative, skewed := responses(rng, 5, 3, 3), responses(rng, 5, 3, 3)
	negative.Covs.Set(3+1, 1, -5)
	skewed.Covs.Set(2*3, 1, 99)
	g := metrics.Gaussian{Alpha: 1, Neurons: 3, MaxIter: 10}
	for want, tc := range map[string]struct {
		g metrics.Gaussian
		y metrics.Responses
	}{
		"Y: covariance 1 is not positive":   {g, negative},
		"Y: covariance 2 is not symmetric":  {g, skewed},
		"alpha must be in [0, 2]":           {metrics.Gaussian{Alpha: 3, Neurons: 3, MaxIter: 1}, x},
		"niter must be at least 1":          {metrics.Gaussian{Neurons: 3}, x},
		"X: its 3 dimensions are":           {metrics.Gaussian{Neurons: 2, MaxIter: 1}, x},
		"unknown group 3":                   {metrics.Gaussian{Neurons: 3, MaxIter: 1, Group: 3}, x},
		"expected means of equal shapes":    {g, responses(rng, 4, 3, 3)},
		"Y: expected 5 covariances of sh":   {g, metrics.Responses{Means: x.Means, Covs: normal(rng, 9, 3)}},
		"a fit needs at least one start":    {g, x},
		"eps must not be negative, got NaN": {metrics.Gaussian{Neurons: 3, MaxIter: 1, Ridge: math.NaN()}, x},
	} {
		fromMeans := !strings.HasPrefix(want, "a fit")
		_, err := tc.g.Fit(context.Background(), mat.NewDense(3, 3, nil), x, tc.y, fromMeans, nil)
		if !errors.Is(err, core.ErrInvalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestEnergyRecoversRotations(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	means, q := normal(rng, 30, 4), orthogonal(rng, 4)
	x := mat.NewDense(30*5, 4, nil)
	for i := range 30 * 5 {
		for j := range 4 {
			x.Set(i, j, means.At(i/5, j)) // repeats coincide
		}
	}
	var y mat.Dense
	y.Mul(x, q)
	e := metrics.Energy{Repeats: 5, MaxIter: 1000, Tol: 1e-12}
	aligned, weights := mat.NewDense(4, 4, nil), make([]float64, 30*25)
	fit, err := e.Fit(context.Background(), aligned, weights, x, &y)
	if err != nil || !fit.Converged || !mat.EqualApprox(aligned, q.T(), 1e-10) {
		t.Fatalf("losses %v, error %v", fit.Loss, err)
	}
	for _, w := range weights {
		if w != 1e6 {
			t.Fatalf("weight %g of points that coincide", w)
		}
	}
	if d, err := e.Distance(context.Background(), aligned, x, &y); err != nil || d > 1e-6 {
		t.Errorf("distance %g, error %v", d, err)
	}
}

func TestEnergyPermutation(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	x := normal(rng, 60, 5)
	p := mat.NewDense(5, 5, nil)
	for i, j := range rng.Perm(5) {
		p.Set(i, j, 1)
	}
	var y mat.Dense
	y.Mul(x, p)
	e := metrics.Energy{Group: optimize.Permutation, Repeats: 3, MaxIter: 100, Tol: 1e-9}
	aligned := mat.NewDense(5, 5, nil)
	if _, err := e.Fit(context.Background(), aligned, nil, x, &y); err != nil || !mat.Equal(aligned, p.T()) {
		t.Errorf("alignment %v, error %v", mat.Formatted(aligned), err)
	}
}

func TestFitsSeeCancel(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	x, y := responses(rng, 5, 3, 3), responses(rng, 5, 3, 3)
	for workers := range int64(2) {
		job := core.NewJob(&[core.ControlWords]int64{2: 1, 3: workers + 1})
		aligned := mat.NewDense(3, 3, nil)
		g := metrics.Gaussian{Alpha: 1, Neurons: 3, MaxIter: 1 << 30, Tol: math.Inf(-1)}
		if _, err := g.Fit(job, aligned, x, y, true, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		e := metrics.Energy{Repeats: 1, MaxIter: 1 << 30, Tol: math.Inf(-1)}
		if _, err := e.Fit(job, aligned, nil, x.Means, y.Means); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}
