package capacity

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// SearchOptions steers Direct.Search.
type SearchOptions struct {
	// Step is the number of features by which the first scan grows.
	Step int
	// Precision is the width at which the bisection ends.
	Precision int
	// Tolerance is the standard error that a fraction should have. It takes
	// between 1/Tolerance and (1/2/Tolerance)² attempts.
	Tolerance float64
}

// Separability receives, at n-1, the fraction of attempts that were separable with
// n features and their number, which is 0 where there were none.
type Separability struct {
	Fraction []float64
	Attempts []int64
}

// attemptBlock is how many attempts are made at least before the next look at
// whether they suffice: a constant, for the results not to depend on the workers.
const attemptBlock = 16

// mostGiven is a number of dichotomies that no one lists.
const mostGiven = 10_000_000

// leastTolerance takes 250,000 attempts.
const leastTolerance = 1e-3

// Search looks for the number of features n with which half of the dichotomies
// are separable, as Cohen, Chung, Lee & Sompolinsky (Nat. Commun. 11, 2020, 746)
// do: it tests n = Step, 2 Step, ... up to the first where all attempts are
// separable; bisects between 0 and that; and then moves away from both ends of
// the tested range until it has seen fractions 0 and 1 or repeats itself. Each
// attempt draws new labels and new features.
func (d *Direct) Search(ctx context.Context, dst Separability, opts SearchOptions) error {
	var arena cmem.Arena
	defer arena.Free()
	n := len(dst.Fraction)
	x, triangular, err := d.coordinates(&arena)
	if err != nil {
		return err
	}
	workers := par.Workers(ctx, attemptBlock)
	team := par.NewTeam(&arena, workers, func(arena *cmem.Arena) *attempt {
		return newAttempt(arena, d, x, triangular, n)
	})
	if err := arena.Err(); err != nil {
		return err
	}
	rows := 0
	if d.Labels == Given {
		rows, _ = d.Given.Dims()
	}
	return runSearch(dst, opts, rows, func(n, from int, separable []bool) error {
		par.Expect(ctx, len(separable))
		return team.For(ctx, len(separable), func(a *attempt, i int) error {
			separable[i] = a.run(n, from+i)
			return nil
		})
	})
}

// SimulateSearch is Search on manifolds whose dichotomies are separable in n
// features with the probability given at n-1: what another search would find.
// Each n has as many attempts as there are dichotomies, unless these are 0.
func SimulateSearch(
	ctx context.Context, dst Separability, probability []float64, dichotomies int, seed uint64,
	opts SearchOptions,
) error {
	if len(probability) == 0 || dichotomies < 0 || dichotomies > mostGiven {
		return core.Invalidf("a search needs features and 0 to %d dichotomies, got %d and %d",
			mostGiven, len(probability), dichotomies)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	return runSearch(dst, opts, dichotomies, func(n, _ int, separable []bool) error {
		for i := range separable {
			separable[i] = rng.Float64() < probability[n-1]
		}
		return ctx.Err()
	})
}

// try makes attempts with n features, of which the first has the number from.
type try func(n, from int, separable []bool) error

func runSearch(
	dst Separability, opts SearchOptions, dichotomies int, try try,
) error {
	if opts.Step < 1 || opts.Precision < 1 || !(opts.Tolerance >= leastTolerance) {
		return core.Invalidf("step and precision must be at least 1 and tol %g, got %d, %d and %g",
			leastTolerance, opts.Step, opts.Precision, opts.Tolerance)
	}
	s := &search{
		SearchOptions: opts, dst: dst, n: len(dst.Fraction), dichotomies: dichotomies, try: try,
	}
	for n := range s.n {
		dst.Fraction[n], dst.Attempts[n] = math.NaN(), 0
	}
	top := s.scan()
	s.bisect(top)
	s.fill()
	return s.err
}

// search is the state of Search; after its first error it tests nothing more.
type search struct {
	SearchOptions
	dst         Separability
	n           int // features in all
	dichotomies int // that are given, each of which is one attempt
	tested      []int
	try         try
	err         error
}

// scan tests growing n until all attempts are separable and returns the last n.
func (s *search) scan() int {
	for n := s.Step; ; n += s.Step {
		n = min(n, s.n)
		if s.test(n) == 1 || n == s.n || s.err != nil {
			return n
		}
	}
}

func (s *search) bisect(high int) {
	low := 0
	for _, n := range s.tested {
		if s.dst.Fraction[n-1] == 0 {
			low = max(low, n)
		}
	}
	for high-low > s.Precision && s.err == nil {
		if n := (high + low + 1) / 2; s.test(n) > 0.5 {
			high = n
		} else if n == high { // all of the features are too few
			return
		} else {
			low = n
		}
	}
}

// fill completes the curve towards 0 and 1.
func (s *search) fill() {
	for s.err == nil {
		low, high := s.ends()
		var n int
		switch {
		case s.dst.Fraction[low-1] > 0:
			n = (low + 2) / 2
		case s.dst.Fraction[high-1] < 1:
			n = (high + s.n + 1) / 2
		default:
			return
		}
		if s.dst.Attempts[n-1] > 0 {
			return
		}
		s.test(n)
	}
}

// ends returns the n of the smallest and of the largest fraction.
func (s *search) ends() (low, high int) {
	low, high = s.tested[0], s.tested[0]
	for _, n := range s.tested {
		f := s.dst.Fraction[n-1]
		if least := s.dst.Fraction[low-1]; f < least || f == least && n < low {
			low = n
		}
		if most := s.dst.Fraction[high-1]; f > most || f == most && n > high {
			high = n
		}
	}
	return low, high
}

// test returns the fraction of attempts with n features that are separable.
func (s *search) test(n int) float64 {
	if s.err != nil || s.dst.Attempts[n-1] > 0 {
		return s.dst.Fraction[n-1]
	}
	least, most := s.limits()
	var arena cmem.Arena
	defer arena.Free()
	separable := cmem.Slice[bool](&arena, most)
	if s.err = arena.Err(); s.err != nil {
		return math.NaN()
	}
	yes, done := 0, 0
	for !s.enough(yes, done, least, most) {
		block := max(least-done, min(attemptBlock, most-done))
		s.err = s.try(n, done, separable[done:done+block])
		if s.err != nil {
			return math.NaN()
		}
		for end := done + block; done < end && !s.enough(yes, done, least, most); done++ {
			if separable[done] {
				yes++
			}
		}
	}
	s.tested = append(s.tested, n) // heap: one a number of features tested
	s.dst.Fraction[n-1], s.dst.Attempts[n-1] = float64(yes)/float64(done), int64(done)
	return s.dst.Fraction[n-1]
}

// limits returns the least and the largest number of attempts.
func (s *search) limits() (least, most int) {
	if s.dichotomies > 0 {
		return s.dichotomies, s.dichotomies
	}
	least = int(math.Ceil(1 / s.Tolerance))
	most = int(math.Ceil(min(0.25/(s.Tolerance*s.Tolerance), math.MaxInt32)))
	return least, max(least, most)
}

func (s *search) enough(yes, done, least, most int) bool {
	if done < least || done == most {
		return done == most
	}
	p, n := float64(yes)/float64(done), float64(done)
	return math.Sqrt(p*(1-p)/n) <= s.Tolerance
}

// attempt draws labels and features and sees whether they are separable. It
// belongs to one worker.
type attempt struct {
	*Direct
	x                 blas64.General
	triangular        bool
	labels            []float64
	order             []int // of objects, and of features
	coefficients, buf []float64
	points            *optimize.Points
	separator         *separator
}

func newAttempt(arena *cmem.Arena, d *Direct, x blas64.General, triangular bool, n int) *attempt {
	a := &attempt{
		Direct:     d,
		x:          x,
		triangular: triangular,
		labels:     arena.Float64s(x.Rows),
		order:      cmem.Slice[int](arena, max(len(d.Sizes), x.Cols)),
		points:     optimize.NewPoints(arena, x.Rows, max(n, x.Cols)),
		separator:  newSeparator(arena, x.Rows),
	}
	if d.Features != First {
		a.buf = arena.Float64s(x.Rows * min(n, x.Cols))
	}
	if d.Features == Projected {
		a.coefficients = arena.Float64s(x.Cols * min(n, x.Cols))
	}
	return a
}

func (a *attempt) run(n, i int) bool {
	rng := a.rng(n, i)
	if bothSigns := a.draw(a.labels, a.order, rng, i); !bothSigns && a.Bias {
		return true
	}
	a.points.Set(a.features(rng, n))
	return a.separator.separable(a.points, a.labels, a.Bias)
}

// features returns the points in n features.
func (a *attempt) features(rng *rand.Rand, n int) blas64.General {
	x := a.x
	switch {
	case a.Features == First:
		x.Cols = n
	case n >= x.Cols: // projections on as many dimensions keep separability
	case a.Features == Sampled:
		x = blas64.General{Rows: x.Rows, Cols: n, Stride: n, Data: a.buf[:x.Rows*n]}
		a.sample(x, rng)
	default:
		x = blas64.General{Rows: x.Rows, Cols: n, Stride: n, Data: a.buf[:x.Rows*n]}
		a.project(x, rng)
	}
	return x
}

func (a *attempt) sample(dst blas64.General, rng *rand.Rand) {
	core.Shuffle(a.order[:a.x.Cols], rng)
	chosen := a.order[:dst.Cols]
	for i := range dst.Rows {
		from, to := linalg.Row(a.x, i), linalg.Row(dst, i)
		for k, j := range chosen {
			to[k] = from[j]
		}
	}
}

// projectionRows is the number of rows of a product with a triangular matrix.
const projectionRows = 256

func (a *attempt) project(dst blas64.General, rng *rand.Rand) {
	n := dst.Cols
	coefficients := a.coefficients[:a.x.Cols*n]
	for i := range coefficients {
		coefficients[i] = rng.NormFloat64()
	}
	for from := 0; from < dst.Rows; from += projectionRows {
		to, inner := min(from+projectionRows, dst.Rows), a.x.Cols
		if a.triangular {
			inner = to
		}
		linalg.Gemm(blas.NoTrans, blas.NoTrans, to-from, n, inner,
			1, a.x.Data[from*a.x.Stride:], a.x.Stride, coefficients, n, 0, dst.Data[from*n:], n)
	}
}
