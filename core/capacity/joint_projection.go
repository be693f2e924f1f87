package capacity

import (
	"context"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// joint holds what all draws share, and what they found.
type joint struct {
	*Direct
	x                 blas64.General
	gram              *optimize.Gram
	starts            []int     // of objects among the samples, and the end
	fields            []float64 // x_j't: a row for each pair of draws
	active, separable []int64   // as in Joint
	anchors           []anchors
}

// anchors holds the anchors of all objects in one draw, as weights of samples: those
// of object o are at ends[o-1] to ends[o].
type anchors struct {
	samples []int32
	weights []float64
	ends    []int
}

func newJoint(arena *cmem.Arena, d *Direct, active, separable []int64) (*joint, error) {
	x, _, err := d.coordinates(arena)
	if err != nil {
		return nil, err
	}
	gram, err := optimize.NewGram(arena, x)
	if err != nil {
		return nil, err
	}
	j := &joint{
		Direct:    d,
		x:         x,
		gram:      gram,
		starts:    []int{0},
		fields:    arena.Float64s(len(separable) * x.Rows),
		active:    active,
		separable: separable,
		anchors:   make([]anchors, len(active)),
	}
	for i, size := range d.Sizes {
		j.starts = append(j.starts, j.starts[i]+int(size))
	}
	return j, arena.Err()
}

// jointBlock is the number of pairs of draws of a task.
const jointBlock = 8

// draw projects all draws.
func (j *joint) draw(ctx context.Context) error {
	pairs := len(j.separable)
	newWorker := func(arena *cmem.Arena) *jointProjector { return newJointProjector(arena, j) }
	tasks := (pairs + jointBlock - 1) / jointBlock
	return par.Each(ctx, tasks, newWorker, func(p *jointProjector, task int) error {
		from := task * jointBlock
		p.run(from, min(pairs, from+jointBlock))
		return nil
	})
}

// jointProjector belongs to one worker.
type jointProjector struct {
	*joint
	labelled  *optimize.Labelled
	nnls      *optimize.NNLS
	separator *separator
	t, c      []float64
	weights   []float64 // of all samples
}

func newJointProjector(arena *cmem.Arena, j *joint) *jointProjector {
	m := j.x.Rows
	p := &jointProjector{
		joint:     j,
		labelled:  optimize.NewLabelled(arena, m),
		nnls:      optimize.NewNNLS(arena, m),
		separator: newSeparator(arena, m),
		t:         arena.Float64s(jointBlock * j.x.Cols),
		c:         arena.Float64s(m),
		weights:   arena.Float64s(m),
	}
	p.labelled.Generators, p.labelled.Labels = j.gram, arena.Float64s(m)
	return p
}

// run projects the pairs from up to to.
func (p *jointProjector) run(from, to int) {
	m, cols := p.x.Rows, p.x.Cols
	for pair := from; pair < to; pair++ {
		rng := p.rng(0, pair)
		for k := range cols {
			p.t[(pair-from)*cols+k] = rng.NormFloat64()
		}
	}
	linalg.Gemm(blas.NoTrans, blas.Trans, to-from, m, cols,
		1, p.t, cols, p.x.Data, p.x.Stride, 0, p.fields[from*m:], m)
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
			p.active[2*pair+k] = int64(len(projection.Active))
			p.anchors[2*pair+k] = p.anchorsOf(projection)
			sure = sure || provesSeparable(projection, p.c)
		}
		p.separable[pair] = 0
		if sure || p.separator.separable(p.gram, p.labelled.Labels, false) {
			p.separable[pair] = 1
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
