package optimize

import (
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// LBFGS is what a limited-memory BFGS iteration remembers (Nocedal & Wright, Numerical
// Optimization, 2nd edition, algorithm 7.4): its last steps, and by how much each of them
// changed the negative gradient, and the residual, which is what a preconditioner makes of
// that. It is not safe for concurrent use.
type LBFGS struct {
	pairs      []Pair    // a ring
	curvatures []float64 // inner products of steps and changes of gradients
	weights    []float64
	scale      float64 // of the residual
	taken      int     // pairs that were kept since Forget
}

// Pair is a step, and by how much it made the negative gradient and the residual smaller.
// Without a preconditioner these are the same slice.
type Pair struct{ Step, Gradient, Residual []float64 }

// minCurvature is the smallest cosine of a step and its change that is kept.
const minCurvature = 1e-12

// shortest is the least length of a step along its change, in units of the change, that is
// kept: along the negative gradients that are used here a step never overshoots near a
// minimum, and what says that it did by more than this comes from far away.
const shortest = 0.5

// NewLBFGS returns room in the arena for depth steps in n dimensions. The caller checks
// arena.Err.
func NewLBFGS(arena *cmem.Arena, n, depth int, preconditioned bool) *LBFGS {
	l := &LBFGS{curvatures: arena.Float64s(depth), weights: arena.Float64s(depth)}
	l.pairs = make([]Pair, depth) // heap: a few
	for k := range l.pairs {
		pair := Pair{Step: arena.Float64s(n), Gradient: arena.Float64s(n)}
		pair.Residual = pair.Gradient
		if preconditioned {
			pair.Residual = arena.Float64s(n)
		}
		l.pairs[k] = pair
	}
	return l
}

// Forget empties the memory.
func (l *LBFGS) Forget() { l.taken = 0 }

// Resize empties the memory and makes it one of n dimensions, no more than it has room for.
func (l *LBFGS) Resize(n int) {
	l.Forget()
	for k, pair := range l.pairs {
		l.pairs[k] = Pair{Step: pair.Step[:n], Gradient: pair.Gradient[:n], Residual: pair.Residual[:n]}
	}
}

// Room returns where the next pair goes. Keep takes it in.
func (l *LBFGS) Room() Pair { return l.pairs[l.taken%len(l.pairs)] }

// Keep takes in what was stored in Room, unless that is not of a convex function. Only
// ratios of a step and its changes matter; they are kept in units of the residual's, so
// that no product leaves the range of float64.
func (l *LBFGS) Keep() {
	pair := l.Room()
	size := floats.Norm(pair.Residual, 2)
	if size == 0 {
		return
	}
	parts := [][]float64{pair.Step, pair.Residual, pair.Gradient}
	if &pair.Residual[0] == &pair.Gradient[0] {
		parts = parts[:2]
	}
	for _, v := range parts {
		for i := range v {
			v[i] /= size
		}
	}
	curvature, square := dot(pair.Step, pair.Gradient), dot(pair.Gradient, pair.Residual)
	least := minCurvature * floats.Norm(pair.Step, 2) * floats.Norm(pair.Gradient, 2)
	if !(curvature > max(least, shortest*square)) || !(square > 0) {
		return
	}
	l.curvatures[l.taken%len(l.pairs)] = curvature
	l.scale = curvature / square
	l.taken++
}

// Direction replaces a residual by the step that the memory makes of it. gradient, which
// it came from, is overwritten; it may be the same slice. It returns false if there is no
// memory.
func (l *LBFGS) Direction(residual, gradient []float64) bool {
	if l.taken == 0 {
		return false
	}
	same := &residual[0] == &gradient[0]
	depth := len(l.pairs)
	oldest := max(0, l.taken-depth)
	for at := l.taken - 1; at >= oldest; at-- {
		k := at % depth
		l.weights[k] = dot(l.pairs[k].Step, gradient) / l.curvatures[k]
		floats.AddScaled(residual, -l.weights[k], l.pairs[k].Residual)
		if !same {
			floats.AddScaled(gradient, -l.weights[k], l.pairs[k].Gradient)
		}
	}
	floats.Scale(l.scale, residual)
	for at := oldest; at < l.taken; at++ {
		k := at % depth
		back := dot(l.pairs[k].Gradient, residual) / l.curvatures[k]
		floats.AddScaled(residual, l.weights[k]-back, l.pairs[k].Step)
	}
	return true
}

func dot(a, b []float64) float64 {
	return blas64.Implementation().Ddot(len(a), a, 1, b, 1)
}
