package optimize

import (
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// LBFGS is what a limited-memory BFGS iteration remembers (Nocedal & Wright, Numerical
// Optimization, 2nd edition, algorithm 7.4): its last steps, and by how much each of them
// changed the negative gradient. It is not safe for concurrent use.
type LBFGS struct {
	steps, changes [][]float64 // a ring
	curvatures     []float64   // their inner products
	weights        []float64
	taken          int // steps that were kept since Forget
}

// minCurvature is the smallest cosine of a step and its change that is kept.
const minCurvature = 1e-12

// shortest is the least length of a step along its change, in units of the change, that is
// kept: along the negative gradients that are used here a step never overshoots near a
// minimum, and what says that it did by more than this comes from far away.
const shortest = 0.5

// NewLBFGS returns room in the arena for depth steps in n dimensions. The caller checks
// arena.Err.
func NewLBFGS(arena *cmem.Arena, n, depth int) *LBFGS {
	l := &LBFGS{curvatures: arena.Float64s(depth), weights: arena.Float64s(depth)}
	l.steps, l.changes = make([][]float64, depth), make([][]float64, depth) // heap: a few
	for k := range depth {
		l.steps[k], l.changes[k] = arena.Float64s(n), arena.Float64s(n)
	}
	return l
}

// Forget empties the memory.
func (l *LBFGS) Forget() { l.taken = 0 }

// Room returns where the next step goes, and by how much it made the negative gradient
// smaller. Keep takes them in.
func (l *LBFGS) Room() (step, change []float64) {
	k := l.taken % len(l.steps)
	return l.steps[k], l.changes[k]
}

// Keep takes in what was stored in Room, unless that is not of a convex function. Only
// the ratio of a step and its change matters; it is kept in units of the change, so that
// no product leaves the range of float64.
func (l *LBFGS) Keep() {
	step, change := l.Room()
	size := floats.Norm(change, 2)
	if size == 0 {
		return
	}
	for i := range step {
		step[i] /= size
		change[i] /= size
	}
	curvature := dot(step, change)
	if !(curvature > max(minCurvature*floats.Norm(step, 2), shortest)) {
		return
	}
	l.curvatures[l.taken%len(l.steps)] = curvature
	l.taken++
}

// Direction replaces a negative gradient by the step that the memory makes of it. It
// returns false if there is no memory.
func (l *LBFGS) Direction(r []float64) bool {
	depth := len(l.steps)
	oldest := max(0, l.taken-depth)
	for at := l.taken - 1; at >= oldest; at-- {
		k := at % depth
		l.weights[k] = dot(l.steps[k], r) / l.curvatures[k]
		floats.AddScaled(r, -l.weights[k], l.changes[k])
	}
	if l.taken == 0 {
		return false
	}
	floats.Scale(l.curvatures[(l.taken-1)%depth], r) // changes have norm 1
	for at := oldest; at < l.taken; at++ {
		k := at % depth
		floats.AddScaled(r, l.weights[k]-dot(l.changes[k], r)/l.curvatures[k], l.steps[k])
	}
	return true
}

func dot(a, b []float64) float64 {
	return blas64.Implementation().Ddot(len(a), a, 1, b, 1)
}
