package optimize

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// Descent finds alignments T of least loss by alternations T <- image(T), none of which
// increases the loss. In the orthogonal group they are the preconditioner of a
// limited-memory BFGS method (see LBFGS) in the Lie algebra at T,
//
//	T <- polar(T (I + W + W^2/2)),  W from the skew parts of T'C and T' image(T).
//
// Its steps go far beyond an alternation; one that increases the loss is taken back, an
// alternation follows, and the next steps are shorter. It is not safe for concurrent use.
type Descent struct {
	group   Group
	n       int
	aligner *Aligner
	memory  *LBFGS // nil for groups that are not continuous
	// Best is the alignment with the least loss, and Image what alternation makes of it.
	Best, Image []float64
	trial, next []float64 // the alignment at hand and its image
	cross       []float64 // of the trial
	unit        float64   // of the first cross
	residual    []float64 // the turn from Best to Image
	gradient    []float64 // at Best, negative and in units
	pull        []float64
	move        []float64
	angle       float64 // of the last step that the memory led to
	reach       float64 // the longest that is tried
	known       bool    // whether there is a residual
}

// Alternation stores in cross the matrix C of the alignment t, minus a gradient of the
// loss up to a positive factor, and in image what follows t. It returns the loss, which
// depends on t alone.
type Alternation func(image, cross, t []float64) (loss float64, err error)

// DescentSettings ends a descent.
type DescentSettings struct {
	// MinIter and MaxIter bound the number of alternations.
	MinIter, MaxIter int
	// Tol is the decrease of the loss by an alternation at which it has converged.
	Tol float64
	// Before is the loss before the first alternation, or +Inf.
	Before float64
}

// descentMemory is the number of steps that a descent remembers: fewer take more
// alternations where these are slow, and more do not save any.
const descentMemory = 10

// longestTurn is the largest angle, of one turn or of several together, of a step: what is
// known of the loss says nothing about alignments that are farther.
const longestTurn = 1.0

// A step that increased the loss was too long: the next ones are no longer than shorter of
// it, and may become longer again by each that did not.
const (
	shorter = 0.25
	longer  = 2
)

// faithful is the weight of the last alignment against C in its image: alternations have
// the same ends with it, and without it those of a C of low rank jump where C says nothing.
const faithful = 1e-7

// NewDescent returns a workspace in the arena for n x n alignments. The caller checks
// arena.Err.
func NewDescent(arena *cmem.Arena, group Group, n int) *Descent {
	d := &Descent{group: group, n: n, aligner: NewAligner(arena, group, n)}
	if group == Orthogonal {
		d.memory = NewLBFGS(arena, n*n, descentMemory, true)
	}
	for _, room := range []*[]float64{
		&d.Best, &d.Image, &d.trial, &d.next, &d.cross, &d.residual, &d.gradient, &d.pull, &d.move,
	} {
		*room = arena.Float64s(n * n)
	}
	return d
}

// Align is that of the group.
func (d *Descent) Align(t, c []float64) (float64, error) { return d.aligner.Align(t, c) }

// Follow writes to image the element of the group that maximizes <image, C>, and where C
// leaves it open is near t, and returns the maximum. c is overwritten.
func (d *Descent) Follow(image, c, t []float64) (float64, error) {
	if d.group != Orthogonal {
		return d.aligner.Align(image, c)
	}
	stay := faithful * floats.Norm(c, 2) / math.Sqrt(float64(d.n))
	floats.AddScaled(c, stay, t)
	inner, err := d.aligner.Align(image, c)
	return inner - stay*floats.Dot(image, t), err
}

// Run descends from t. It returns the least loss after each alternation, those counted
// that were taken back, and whether it has converged: the last step decreased the loss by
// less than the tolerance, and was an alternation or left less than half of the turn that
// one makes.
func (d *Descent) Run(
	t []float64, settings DescentSettings, alternate Alternation,
) (losses []float64, converged bool, err error) {
	copy(d.trial, t)
	d.known = false
	d.reach = longestTurn
	if d.memory != nil {
		d.memory.Forget()
	}
	least, plain := settings.Before, true
	for k := 1; k <= settings.MaxIter && !converged; k++ {
		loss, err := alternate(d.next, d.cross, d.trial)
		if err != nil {
			return losses, false, err
		}
		if !plain && !(loss <= least) {
			losses = append(losses, least) // heap: one an iteration
			copy(d.trial, d.Image)
			d.reach, plain = d.angle*shorter, true
			continue
		}
		if !plain {
			d.reach = min(longestTurn, longer*d.reach)
		}
		gain := least - loss
		least = loss
		losses = append(losses, loss) // heap: one an iteration
		settled := gain < settings.Tol && (k > 1 || gain >= 0)
		plain = d.accept() || plain
		converged = d.group == Identity || (settled && plain && k >= settings.MinIter)
		plain = settled || k == settings.MaxIter-1 || !d.extrapolate()
		if plain {
			copy(d.trial, d.Image)
		}
	}
	return losses, converged, nil
}

// accept makes the trial the best alignment, and learns from the step that led there. It
// reports whether alternation turns it by less than half of what it turned the last one.
func (d *Descent) accept() (nearer bool) {
	if d.memory != nil {
		if !d.known {
			d.unit = floats.Norm(d.cross, 2) / math.Sqrt(float64(d.n))
		}
		d.turn(d.move, d.trial, d.next)
		d.turn(d.pull, d.trial, d.cross)
		if d.unit > 0 {
			floats.Scale(1/d.unit, d.pull)
		}
		if d.known {
			pair := d.memory.Room()
			d.turn(pair.Step, d.Best, d.trial)
			floats.SubTo(pair.Residual, d.residual, d.move)
			floats.SubTo(pair.Gradient, d.gradient, d.pull)
			d.memory.Keep()
			nearer = floats.Norm(d.move, 2) < floats.Norm(d.residual, 2)/2
		}
		copy(d.residual, d.move)
		copy(d.gradient, d.pull)
		d.known = true
	}
	copy(d.Best, d.trial)
	copy(d.Image, d.next)
	return nearer
}

// turn stores the skew part of from'to, the turn from one alignment to another if it is
// small.
func (d *Descent) turn(dst, from, to []float64) {
	n := d.n
	linalg.Gemm(blas.Trans, blas.NoTrans, n, n, n, 1, from, n, to, n, 0, dst, n)
	for i := range n {
		dst[i*n+i] = 0
		for j := i + 1; j < n; j++ {
			v := (dst[i*n+j] - dst[j*n+i]) / 2
			dst[i*n+j], dst[j*n+i] = v, -v
		}
	}
}

// extrapolate stores in d.trial where the memory leads from d.Best, if anywhere.
func (d *Descent) extrapolate() bool {
	if d.memory == nil || !d.memory.Direction(d.move, d.pull) {
		return false
	}
	n, factor := d.n, d.next
	d.angle = floats.Norm(d.move, 2) / math.Sqrt2
	if d.angle > d.reach {
		floats.Scale(d.reach/d.angle, d.move)
		d.angle = d.reach
	}
	copy(factor, d.move)
	linalg.Gemm(blas.NoTrans, blas.NoTrans, n, n, n, 0.5, d.move, n, d.move, n, 1, factor, n)
	for i := range n {
		factor[i*n+i]++
	}
	linalg.Gemm(blas.NoTrans, blas.NoTrans, n, n, n, 1, d.Best, n, factor, n, 0, d.move, n)
	if sum := floats.Sum(d.move); math.IsNaN(sum) || math.IsInf(sum, 0) {
		return false
	}
	_, err := d.aligner.Align(d.trial, d.move)
	return err == nil
}
