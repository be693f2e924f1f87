package multiset

import (
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/optimize"
)

// descent leads sweeps to a mean of rotated networks by fewer of them: by steps of a
// limited-memory BFGS method, for which what a sweep moves the mean is the negative
// gradient, in units of the curvature that the objective has at most. A step is taken back
// if the objective under its alignments is larger.
type descent struct {
	memory       *optimize.LBFGS
	best         []float64 // the average with the smallest objective under its alignments
	from         []float64 // the mean that led there
	residual     []float64 // best - from
	size         float64   // |best|^2: the objective is a constant less K times that
	known        bool
	extrapolated bool
}

// descentMemory is the number of steps that are remembered. More save no sweeps.
const descentMemory = 5

// rounding is the part of the objective that does not tell means apart.
const rounding = 1e-14

func newDescent(arena *cmem.Arena, n int) *descent {
	return &descent{
		memory:   optimize.NewLBFGS(arena, n, descentMemory, false),
		best:     arena.Float64s(n),
		from:     arena.Float64s(n),
		residual: arena.Float64s(n),
	}
}

// follow takes the average of the networks aligned to mean, and replaces mean by where to
// align them next. It reports whether the average is the best.
func (d *descent) follow(mean, average []float64) bool {
	size := floats.Dot(average, average)
	if d.extrapolated && !(size >= (1-rounding)*d.size) {
		copy(mean, d.best)
		d.extrapolated = false
		return false
	}
	d.size = size
	copy(d.best, average)
	floats.Sub(average, mean) // the residual at mean
	if d.known {
		pair := d.memory.Room()
		floats.SubTo(pair.Step, mean, d.from)
		floats.SubTo(pair.Gradient, d.residual, average)
		d.memory.Keep()
	}
	copy(d.residual, average)
	copy(d.from, mean)
	d.known, d.extrapolated = true, d.memory.Direction(average, average)
	floats.Add(mean, average)
	return true
}
