package capacity

import (
	"context"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// Joint receives the geometry of all manifolds together.
type Joint struct {
	// Active counts, for each draw, the generators of positive weight.
	Active []int64
	// Separable is 1 for each pair of draws whose dichotomy is separable, else 0.
	Separable []int64
	// Geometry has a row of GeometryColumns numbers for all draws, and one for
	// each batch of draws.
	Geometry *mat.Dense
}

// Columns of Joint.Geometry; u stands for the products S1 t of a draw.
const (
	axisForm            = iota // u' G1^+ u, divided by the number of manifolds
	jointForm                  // u' (G0 + G1)^+ u, likewise
	centerAlignment            // mean |cos| between the centres of two manifolds
	axisAlignment              // between their axes
	centerAxisAlignment        // between the centre of one and the axis of another
	GeometryColumns
)

// Joint projects Gaussian vectors t on the cones
//
//	C = { sum_j mu_j y_j x_j : mu >= 0 }
//
// of all manifolds together, with labels y. The projection is a combination of one
// anchor point of each manifold, s = sum_j mu_j x_j / sum_j mu_j over its samples;
// a manifold without weight has the sample for its anchor that would be next to
// get some, with the largest y_j x_j'(t - Pi(t)). The mean of its anchors over
// draws is a manifold's centre s0, and s1 = s - s0 its axis; S0 and S1 hold these
// of all manifolds in rows, and G0 and G1 are S0 S0' and S1 S1'. Geometry follows Chou
// et al., Geometry linked to untangling efficiency (2025). Draws come in pairs
// t, -t. Bias must not be set, and Features be Projected.
func (d *Direct) Joint(ctx context.Context, dst Joint) error {
	if d.Bias || d.Features != Projected {
		return core.Invalidf("joint capacity is that of hyperplanes through the origin")
	}
	rows, columns := dst.Geometry.Dims()
	if batches := rows - 1; columns != GeometryColumns || batches < 1 || len(dst.Active) == 0 || len(dst.Active)%(2*batches) != 0 {
		return core.Invalidf("%d draws are not pairs in %d batches", len(dst.Active), rows-1)
	}
	if len(dst.Separable) != len(dst.Active)/2 {
		panic("capacity: length of Separable")
	}
	var arena cmem.Arena
	defer arena.Free()
	j, err := newJoint(&arena, d, len(dst.Active))
	if err != nil {
		return err
	}
	if err := j.draw(ctx, &arena, dst); err != nil {
		return err
	}
	return j.measure(ctx, &arena, dst.Geometry)
}

// joint holds what all draws share, and what they found.
type joint struct {
	*Direct
	x       blas64.General
	gram    *optimize.Gram
	starts  []int     // of objects among the samples, and the end
	fields  []float64 // x_j't: a row for each pair of draws
	anchors []anchors
}

// anchors holds the anchors of all objects in one draw, as weights of samples: those
// of object o are at ends[o-1] to ends[o].
type anchors struct {
	samples []int32
	weights []float64
	ends    []int
}

func newJoint(arena *cmem.Arena, d *Direct, draws int) (*joint, error) {
	x, _, err := d.coordinates(arena)
	if err != nil {
		return nil, err
	}
	gram, err := gramOf(arena, x)
	if err != nil {
		return nil, err
	}
	j := &joint{
		Direct:  d,
		x:       x,
		gram:    gram,
		starts:  []int{0},
		fields:  arena.Float64s(draws / 2 * x.Rows),
		anchors: make([]anchors, draws),
	}
	for i, size := range d.Sizes {
		j.starts = append(j.starts, j.starts[i]+int(size))
	}
	return j, arena.Err()
}

// jointBlock is the number of pairs of draws of a task.
const jointBlock = 8

// draw projects all draws.
func (j *joint) draw(ctx context.Context, arena *cmem.Arena, dst Joint) error {
	pairs := len(dst.Separable)
	tasks := (pairs + jointBlock - 1) / jointBlock
	workers := make([]*jointProjector, par.Workers(ctx, tasks))
	for w := range workers {
		workers[w] = newJointProjector(arena, j)
	}
	if err := arena.Err(); err != nil {
		return err
	}
	par.Expect(ctx, tasks)
	return par.For(ctx, tasks, len(workers), func(worker, task int) error {
		from := task * jointBlock
		workers[worker].run(dst, from, min(pairs, from+jointBlock))
		return nil
	})
}

// jointProjector belongs to one worker.
type jointProjector struct {
	*joint
	labelled  *optimize.Labelled
	nnls      *optimize.NNLS
	separator *Separator
	t, c      []float64
	weights   []float64 // of all samples
}

func newJointProjector(arena *cmem.Arena, j *joint) *jointProjector {
	m := j.x.Rows
	p := &jointProjector{
		joint:     j,
		labelled:  optimize.NewLabelled(arena, m),
		nnls:      optimize.NewNNLS(arena, m),
		separator: NewSeparator(arena, m),
		t:         arena.Float64s(jointBlock * j.x.Cols),
		c:         arena.Float64s(m),
		weights:   arena.Float64s(m),
	}
	p.labelled.Generators, p.labelled.Labels = j.gram, arena.Float64s(m)
	return p
}

// run projects the pairs from up to to.
func (p *jointProjector) run(dst Joint, from, to int) {
	m, cols := p.x.Rows, p.x.Cols
	for pair := from; pair < to; pair++ {
		rng := p.rng(0, pair)
		for k := range cols {
			p.t[(pair-from)*cols+k] = rng.NormFloat64()
		}
	}
	linalg.Gemm(blas.NoTrans, blas.Trans, to-from, m, cols, 1, p.t, cols, p.x.Data, p.x.Stride, 0, p.fields[from*m:], m)
	for pair := from; pair < to; pair++ {
		p.Direct.draw(p.labelled.Labels, p.rng(1, pair), pair)
		p.nnls.SetGenerators(p.labelled)
		sure := false
		for k := range 2 {
			sign := float64(1 - 2*k)
			for i, z := range p.fields[pair*m : (pair+1)*m] {
				p.c[i] = sign * p.labelled.Labels[i] * z
			}
			projection := p.nnls.Project(p.c)
			dst.Active[2*pair+k] = int64(len(projection.Active))
			p.anchors[2*pair+k] = p.anchorsOf(projection)
			sure = sure || provesSeparable(projection, p.c)
		}
		dst.Separable[pair] = 0
		if sure || p.separator.Separable(p.gram, p.labelled.Labels, false) {
			dst.Separable[pair] = 1
		}
	}
}

func (p *jointProjector) anchorsOf(projection optimize.Projection) anchors {
	var a anchors
	clear(p.weights)
	for i, j := range projection.Active {
		p.weights[j] = projection.Weights[i]
	}
	for o := range p.Sizes {
		from, to := p.starts[o], p.starts[o+1]
		weights := p.weights[from:to]
		total := floats.Sum(weights)
		if total == 0 {
			total = 1
			weights[floats.MaxIdx(projection.Gradient[from:to])] = 1
		}
		for i, w := range weights {
			if w > 0 {
				a.samples = append(a.samples, int32(from+i))
				a.weights = append(a.weights, w/total)
			}
		}
		a.ends = append(a.ends, len(a.samples))
	}
	return a
}

// measure stores the geometry of all draws and of each batch.
func (j *joint) measure(ctx context.Context, arena *cmem.Arena, dst *mat.Dense) error {
	rows, _ := dst.Dims()
	draws := len(j.anchors)
	g := newJointGeometry(ctx, arena, j)
	if err := arena.Err(); err != nil {
		return err
	}
	par.Expect(ctx, 2*draws)
	if err := g.measure(ctx, dst.RawRowView(0), 0, draws); err != nil {
		return err
	}
	for b, size := 1, draws/(rows-1); b < rows; b++ {
		if err := g.measure(ctx, dst.RawRowView(b), (b-1)*size, b*size); err != nil {
			return err
		}
	}
	return nil
}
