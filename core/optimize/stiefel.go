package optimize

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// Objective returns the value of a function of an n x k matrix v in row-major
// order, +Inf where it is not defined, and stores its gradient there.
type Objective func(gradient, v []float64, k int) float64

// Stiefel minimizes functions of the subspace that the columns of an n x k matrix
// V with V'V = I span, on one workspace: of V, they depend on VV' only. It is not
// safe for concurrent use.
//
// The steps follow the negative gradient for a length of Barzilai & Borwein and
// return to orthonormal columns by a QR factorization; the line search is the
// nonmonotone one of Zhang & Hager (SIAM J. Optim. 14 (2004) 1043-1056). Wen &
// Yin, Math. Program. 142 (2013) 397-434, doi:10.1007/s10107-012-0584-1, combine
// them, with the constants used here.
type Stiefel struct {
	n                         int
	gradient, next, nextGrad  []float64
	product, move, difference []float64
	best                      []float64
}

// StiefelSettings ends a minimization.
type StiefelSettings struct {
	MaxIter int
	// Tol is the length of the gradient, relative to the value, at which the
	// search is done. It is also done where stagnation iterations together
	// gain less than 10 Tol relative to the value.
	Tol float64
}

// StiefelResult tells how a minimization ended.
type StiefelResult struct {
	Value      float64
	Iterations int
	Converged  bool
}

const (
	sufficient   = 1e-4  // part of the slope that a step must gain
	shrink       = 0.2   // of a step that gains too little
	memory       = 0.85  // weight of old values in the line search
	firstStep    = 1e-3  // in units of value / gradient²
	halvings     = 30    // steps tried
	stagnation   = 20    // iterations
	longestMove  = 10.0  // |step * gradient| at most
	shortestMove = 1e-14 // and at least
)

// NewStiefel returns a workspace in the arena for matrices of n rows and up to k
// columns. The caller checks arena.Err.
func NewStiefel(arena *cmem.Arena, n, k int) *Stiefel {
	return &Stiefel{
		n:          n,
		gradient:   arena.Float64s(n * k),
		next:       arena.Float64s(n * k),
		nextGrad:   arena.Float64s(n * k),
		move:       arena.Float64s(n * k),
		difference: arena.Float64s(n * k),
		best:       arena.Float64s(n * k),
		product:    arena.Float64s(k * k),
	}
}

// Minimize improves v, n x k with orthonormal columns, until the context is
// cancelled. It leaves v where f is infinite at the start.
func (s *Stiefel) Minimize(
	ctx context.Context, v []float64, k int, f Objective, settings StiefelSettings,
) StiefelResult {
	size := s.n * k
	gradient, next, nextGrad := s.gradient[:size], s.next[:size], s.nextGrad[:size]
	move, difference := s.move[:size], s.difference[:size]
	value := f(gradient, v, k)
	s.project(gradient, v, k)
	slope := floats.Dot(gradient, gradient)
	step := firstStep * value / slope
	reference, weight := value, 1.0
	oldest := value
	result := StiefelResult{Value: value}
	if math.IsInf(value, 1) {
		return result
	}
	for ctx.Err() == nil {
		if math.Sqrt(slope) <= settings.Tol*math.Abs(value) || slope == 0 {
			result.Converged = true
			return result
		}
		if result.Iterations%stagnation == stagnation-1 {
			if oldest-value <= 10*settings.Tol*math.Abs(value) {
				result.Converged = true
				return result
			}
			oldest = value
		}
		if result.Iterations == settings.MaxIter {
			return result
		}
		length := math.Sqrt(slope)
		step = min(max(step, shortestMove/length), longestMove/length)
		nextValue, ok := s.search(next, nextGrad, v, gradient, k, f, &step, reference, slope)
		if !ok { // rounding hides what could be gained
			result.Converged = true
			return result
		}
		s.project(nextGrad, next, k)
		floats.SubTo(move, next, v)
		floats.SubTo(difference, nextGrad, gradient)
		step = barzilaiBorwein(move, difference, result.Iterations%2 == 0)
		copy(v, next)
		copy(gradient, nextGrad)
		value, slope = nextValue, floats.Dot(gradient, gradient)
		reference = (memory*weight*reference + value) / (memory*weight + 1)
		weight = memory*weight + 1
		result.Iterations++
		result.Value = value
	}
	return result
}

// polishing is the number of steps of Polish, and polished the length of the
// gradient, relative to the value, at which it is done.
const (
	polishing = 300
	polished  = 1e-14
	faraway   = 1e6 // part of the shortest gradient that ends it
)

// Polish takes v from near a minimum to where rounding hides it: steps of Barzilai
// & Borwein without a line search, whose values could not tell the last ones
// apart. It leaves v where the gradient was shortest, and returns the value there.
func (s *Stiefel) Polish(ctx context.Context, v []float64, k int, f Objective) float64 {
	size := s.n * k
	gradient, next, nextGrad := s.gradient[:size], s.next[:size], s.nextGrad[:size]
	move, difference := s.move[:size], s.difference[:size]
	best := s.best[:size]
	value := f(gradient, v, k)
	s.project(gradient, v, k)
	slope := floats.Norm(gradient, 2)
	copy(best, v)
	least, reached := slope, value
	step := firstStep * value / (slope * slope)
	for i := 0; i < polishing && ctx.Err() == nil && slope > polished*math.Abs(value); i++ {
		floats.AddScaledTo(next, v, -step, gradient)
		if !s.Orthonormalize(next, k) {
			break
		}
		if value = f(nextGrad, next, k); math.IsInf(value, 1) {
			break
		}
		s.project(nextGrad, next, k)
		floats.SubTo(move, next, v)
		floats.SubTo(difference, nextGrad, gradient)
		step = barzilaiBorwein(move, difference, i%2 == 0)
		copy(v, next)
		copy(gradient, nextGrad)
		if slope = floats.Norm(gradient, 2); slope < least {
			least, reached = slope, value
			copy(best, v)
		}
		if !(slope < faraway*least) { // it is no longer near the minimum
			break
		}
	}
	copy(v, best)
	return reached
}

// search shortens the step until the value is below the reference by enough, and
// leaves the new point and its gradient.
func (s *Stiefel) search(
	next, nextGrad, v, gradient []float64, k int, f Objective, step *float64, reference, slope float64,
) (value float64, ok bool) {
	for range halvings {
		floats.AddScaledTo(next, v, -*step, gradient)
		if s.Orthonormalize(next, k) {
			value = f(nextGrad, next, k)
			if value <= reference-sufficient**step*slope {
				return value, true
			}
		}
		*step *= shrink
	}
	return value, false
}

// barzilaiBorwein returns one of the two lengths of the next step.
func barzilaiBorwein(move, difference []float64, long bool) float64 {
	product := math.Abs(floats.Dot(move, difference))
	if long {
		return floats.Dot(move, move) / max(product, math.SmallestNonzeroFloat64)
	}
	return product / max(floats.Dot(difference, difference), math.SmallestNonzeroFloat64)
}

// project takes the part of the gradient out of it that lies in the span of v.
func (s *Stiefel) project(gradient, v []float64, k int) {
	product := s.product[:k*k]
	linalg.Gemm(blas.Trans, blas.NoTrans, k, k, s.n, 1, v, k, gradient, k, 0, product, k)
	linalg.Gemm(blas.NoTrans, blas.NoTrans, s.n, k, k, -1, v, k, product, k, 1, gradient, k)
}

// Orthonormalize replaces the columns of v, which must not be far from dependent,
// by orthonormal ones with the same span: two Cholesky QR factorizations. It
// returns false if they are dependent.
func (s *Stiefel) Orthonormalize(v []float64, k int) bool {
	product := s.product[:k*k]
	for range 2 {
		linalg.Gemm(blas.Trans, blas.NoTrans, k, k, s.n, 1, v, k, v, k, 0, product, k)
		if !iblas.Cholesky(k, product, k) {
			return false
		}
		blas64.Trsm(blas.Right, blas.NoTrans, 1,
			blas64.Triangular{Uplo: blas.Upper, Diag: blas.NonUnit, N: k, Data: product, Stride: k},
			blas64.General{Rows: s.n, Cols: k, Data: v, Stride: k})
	}
	return true
}
