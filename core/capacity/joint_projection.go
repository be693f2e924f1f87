package capacity

import (
	"context"
	"sort"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// joint holds what all draws share, and what they found.
type joint struct {
	*Direct
	JointOptions
	x         blas64.General
	gram      *optimize.Gram
	starts    []int     // of objects among the samples, and the end
	margins   []float64 // of each sample
	fields    []float64 // x_j't: a row for each pair of draws
	shares    *mat.Dense
	separable []int64
	anchors   []anchors
	present   []int // draws that are not left out
	mean      []float64

	mu    sync.Mutex
	arena *cmem.Arena // of the anchors, for the worker that holds mu
}

// anchors holds the anchors of all objects in one draw, as weights of samples: those
// of object o are at ends[o-1] to ends[o].
type anchors struct {
	points []weighted
	ends   []int32
}

// weighted is a sample with its weight.
type weighted struct {
	weight float64
	sample int32
}

func newJoint(arena *cmem.Arena, d *Direct, dst Joint, opts JointOptions) (*joint, error) {
	x, _, err := d.coordinates(arena)
	if err != nil {
		return nil, err
	}
	gram, err := optimize.NewGram(arena, x)
	if err != nil {
		return nil, err
	}
	j := &joint{
		Direct:       d,
		JointOptions: opts,
		x:            x,
		gram:         gram,
		starts:       cmem.Slice[int](arena, len(d.Sizes)+1),
		margins:      arena.Float64s(x.Rows),
		fields:       arena.Float64s(len(dst.Separable), x.Rows),
		shares:       dst.Shares,
		separable:    dst.Separable,
		anchors:      cmem.Records[anchors](arena, 2, len(dst.Separable)),
		present:      cmem.Slice[int](arena, 2, len(dst.Separable))[:0],
		mean:         arena.Float64s(x.Cols),
		arena:        arena,
	}
	if err := arena.Err(); err != nil {
		return nil, err
	}
	for i, size := range d.Sizes {
		j.starts[i+1] = j.starts[i] + int(size)
	}
	j.setMargins()
	return j, nil
}

// setMargins stores kappa times the length of the mean of each object's samples.
func (j *joint) setMargins() {
	mean := j.mean
	for o, size := range j.Sizes {
		clear(mean)
		for i := j.starts[o]; i < j.starts[o+1]; i++ {
			floats.AddScaled(mean, 1/float64(size), linalg.Row(j.x, i))
		}
		for i := j.starts[o]; i < j.starts[o+1]; i++ {
			j.margins[i] = j.Kappa * floats.Norm(mean, 2)
		}
	}
}

// jointBlock is the number of pairs of draws of a task.
const jointBlock = 8

// draw projects all draws.
func (j *joint) draw(ctx context.Context) error {
	pairs := len(j.separable)
	newWorker := func(arena *cmem.Arena) *jointProjector { return newJointProjector(arena, j) }
	tasks := (pairs + jointBlock - 1) / jointBlock
	err := par.Each(ctx, tasks, newWorker, func(p *jointProjector, task int) error {
		from := task * jointBlock
		return p.run(from, min(pairs, from+jointBlock))
	})
	for draw, a := range j.anchors {
		if a.ends != nil {
			j.present = append(j.present, draw)
		}
	}
	return err
}

// storeAnchors stores the weights of all samples in each draw's anchors.
func (j *joint) storeAnchors(dst []float64) {
	if len(dst) == 0 {
		return
	}
	clear(dst)
	for draw, a := range j.anchors {
		for _, point := range a.points {
			dst[draw*j.x.Rows+int(point.sample)] = point.weight
		}
	}
}

// jointProjector belongs to one worker.
type jointProjector struct {
	*joint
	labeled   *optimize.Labeled
	nnls      *optimize.NNLS
	separator *separator
	t, c      []float64
	weights   []float64 // of all samples
	order     []int     // of objects
}

func newJointProjector(arena *cmem.Arena, j *joint) *jointProjector {
	m := j.x.Rows
	p := &jointProjector{
		joint:     j,
		labeled:   optimize.NewLabeled(arena, m),
		nnls:      optimize.NewNNLS(arena, m),
		separator: newSeparator(arena, m),
		t:         arena.Float64s(jointBlock * j.x.Cols),
		c:         arena.Float64s(m),
		weights:   arena.Float64s(m),
		order:     cmem.Slice[int](arena, len(j.Sizes)),
	}
	p.labeled.Generators, p.labeled.Labels = j.gram, arena.Float64s(m)
	return p
}

// run projects the pairs from up to to.
func (p *jointProjector) run(from, to int) error {
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
		p.Direct.draw(p.labeled.Labels, p.order, p.rng(1, pair), pair)
		p.nnls.SetGenerators(p.labeled)
		p.separable[pair] = 0
		sure := false
		if p.Kappa != 0 {
			sure = p.separator.separable(p.gram, p.labeled.Labels, false)
		}
		for k := range 2 {
			clear(p.shares.RawRowView(2*pair + k))
			if p.Kappa <= 0 || sure {
				proved, err := p.project(2*pair + k)
				if err != nil {
					return err
				}
				sure = proved || sure
			}
		}
		if sure || (p.Kappa == 0 && p.separator.separable(p.gram, p.labeled.Labels, false)) {
			p.separable[pair] = 1
		}
	}
	return nil
}

// project projects a draw, and reports whether that proves that its dichotomy is
// separable.
func (p *jointProjector) project(draw int) (bool, error) {
	m := p.x.Rows
	sign := float64(1 - 2*(draw%2))
	for i, z := range p.fields[draw/2*m : (draw/2+1)*m] {
		p.c[i] = sign*p.labeled.Labels[i]*z + p.margins[i]
	}
	projection := p.nnls.Project(p.c)
	p.share(p.shares.RawRowView(draw), projection)
	a, err := p.anchorsOf(projection)
	p.anchors[draw] = a
	return p.Kappa == 0 && provesSeparable(projection, p.c), err
}

// share adds what each object has of the inverse capacity.
func (p *jointProjector) share(dst []float64, projection optimize.Projection) {
	for i, j := range projection.Active {
		o := sort.SearchInts(p.starts, int(j)+1) - 1
		if p.Kappa < 0 {
			dst[o] += projection.Weights[i] * p.c[j]
		} else {
			dst[o] += 1 + projection.Weights[i]*p.margins[j]
		}
	}
}

func (p *jointProjector) anchorsOf(projection optimize.Projection) (anchors, error) {
	clear(p.weights)
	for i, j := range projection.Active {
		p.weights[j] = projection.Weights[i]
	}
	count := 0
	for o := range p.Sizes {
		from, to := p.starts[o], p.starts[o+1]
		weights := p.weights[from:to]
		if floats.Sum(weights) == 0 {
			weights[floats.MaxIdx(projection.Gradient[from:to])] = 1
		}
		count += floats.Count(positive, weights)
	}
	a, err := p.newAnchors(count)
	if err != nil {
		return a, err
	}
	at := 0
	for o := range p.Sizes {
		weights := p.weights[p.starts[o]:p.starts[o+1]]
		total := floats.Sum(weights)
		for i, w := range weights {
			if positive(w) {
				a.points[at] = weighted{w / total, int32(p.starts[o] + i)}
				at++
			}
		}
		a.ends[o] = int32(at)
	}
	return a, nil
}

func positive(w float64) bool { return w > 0 }

// newAnchors returns memory for the anchors of a draw, for any worker.
func (j *joint) newAnchors(points int) (anchors, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	a := anchors{cmem.Slice[weighted](j.arena, points), j.arena.Int32s(len(j.Sizes))}
	return a, j.arena.Err()
}
