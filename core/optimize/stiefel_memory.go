package optimize

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// StiefelMemory minimizes as Stiefel does, by a limited-memory BFGS method (see LBFGS) with
// a preconditioner. Its steps are dearer than those of Barzilai & Borwein and it takes a
// half to a third of them, which pays where values cost most. It never increases the value.
type StiefelMemory struct {
	*Stiefel
	memory *LBFGS
	// Rows and Columns have positive factors for those of a gradient, the preconditioner.
	Rows, Columns []float64
	pull          []float64 // minus the gradient
	residual      []float64 // what the preconditioner makes of it
}

const (
	stiefelMemory = 10   // steps that are remembered
	longestStep   = 1.0  // |step| at most
	backtrack     = 0.3  // of a step that gains too little
	faintest      = 1e-6 // of the value that the preconditioner's step would gain: far below any step
)

// NewStiefelMemory returns a workspace as NewStiefel does.
func NewStiefelMemory(arena *cmem.Arena, n, k int) *StiefelMemory {
	return &StiefelMemory{
		Stiefel:  NewStiefel(arena, n, k),
		memory:   NewLBFGS(arena, n*k, stiefelMemory, true),
		Rows:     arena.Float64s(n),
		Columns:  arena.Float64s(k),
		pull:     arena.Float64s(n * k),
		residual: arena.Float64s(n * k),
	}
}

// Minimize is that of Stiefel.
func (s *StiefelMemory) Minimize(
	ctx context.Context, v []float64, k int, f Objective, settings StiefelSettings,
) StiefelResult {
	size := s.n * k
	gradient, next, nextGrad := s.gradient[:size], s.next[:size], s.nextGrad[:size]
	value := f(gradient, v, k)
	result := StiefelResult{Value: value}
	if math.IsInf(value, 1) {
		return result
	}
	s.memory.Resize(size)
	s.project(gradient, v, k)
	s.precondition(s.residual, gradient, k, 1)
	unit := faintest * value / floats.Dot(gradient, s.residual[:size])
	oldest := value
	for known := false; ctx.Err() == nil && result.Iterations < settings.MaxIter; {
		if floats.Norm(gradient, 2) <= settings.Tol*math.Abs(value) {
			result.Converged = true
			break
		}
		if result.Iterations%stagnation == stagnation-1 && known {
			if oldest-value <= 10*settings.Tol*math.Abs(value) {
				result.Converged = true
				break
			}
			oldest = value
		}
		known = s.direct(v, gradient, k, unit)
		nextValue, ok := s.shorten(next, nextGrad, v, gradient, k, f, value)
		if !ok && known {
			s.memory.Forget()
			continue
		}
		if !ok { // rounding hides what could be gained
			result.Converged = true
			break
		}
		s.remember(v, gradient, next, nextGrad, k, unit)
		copy(v, next)
		copy(gradient, nextGrad)
		value = nextValue
		result.Iterations++
		result.Value = value
	}
	return result
}

// precondition stores what the preconditioner makes of a gradient.
func (s *StiefelMemory) precondition(dst, gradient []float64, k int, unit float64) {
	for i, scale := range s.Rows {
		row := dst[i*k : (i+1)*k]
		floats.ScaleTo(row, unit*scale, gradient[i*k:(i+1)*k])
		floats.Mul(row, s.Columns[:k])
	}
}

// direct stores in s.move a step that decreases the value, and reports whether the memory
// made it.
func (s *StiefelMemory) direct(v, gradient []float64, k int, unit float64) (known bool) {
	size := len(v)
	pull, residual, move := s.pull[:size], s.residual[:size], s.move[:size]
	floats.ScaleTo(pull, -1, gradient)
	s.precondition(residual, pull, k, unit)
	s.project(residual, v, k)
	copy(move, residual)
	if known = s.memory.Direction(move, pull); known {
		s.project(move, v, k)
		known = floats.Dot(move, gradient) < 0
	}
	if !known {
		s.memory.Forget()
		floats.ScaleTo(move, firstStep/faintest, residual)
	}
	if length := floats.Norm(move, 2); length > longestStep {
		floats.Scale(longestStep/length, move)
	}
	return known
}

// shorten takes the step or the part of it that decreases the value by enough, and leaves
// the new point and its gradient.
func (s *StiefelMemory) shorten(
	next, nextGrad, v, gradient []float64, k int, f Objective, value float64,
) (nextValue float64, ok bool) {
	move := s.move[:len(v)]
	slope := floats.Dot(move, gradient)
	for range halvings {
		floats.AddTo(next, v, move)
		if s.Orthonormalize(next, k) {
			nextValue = f(nextGrad, next, k)
			if nextValue <= value+sufficient*slope {
				s.project(nextGrad, next, k)
				return nextValue, true
			}
		}
		floats.Scale(backtrack, move)
		slope *= backtrack
	}
	return value, false
}

// remember takes in the step from v to next.
func (s *StiefelMemory) remember(v, gradient, next, nextGrad []float64, k int, unit float64) {
	pair := s.memory.Room()
	floats.SubTo(pair.Step, next, v)
	s.project(pair.Step, next, k)
	floats.SubTo(pair.Gradient, nextGrad, gradient)
	s.project(pair.Gradient, next, k)
	s.precondition(pair.Residual, pair.Gradient, k, unit)
	s.project(pair.Residual, next, k)
	s.memory.Keep()
}
