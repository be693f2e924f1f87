package capacity

import (
	"context"
	"math"

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

// jointGeometry measures runs of draws.
type jointGeometry struct {
	*joint
	objects int
	weights []float64 // s0 as weights of samples
	centers []float64 // s0'x_j: a row for each object
	g0      []float64
	norms   []float64 // |s0|
	results []float64 // of each draw
	workers []jointWorker
}

func newJointGeometry(ctx context.Context, arena *cmem.Arena, j *joint) *jointGeometry {
	p, m := len(j.Sizes), j.x.Rows
	g := &jointGeometry{
		joint:   j,
		objects: p,
		weights: arena.Float64s(m),
		centers: arena.Float64s(p * m),
		g0:      arena.Float64s(p * p),
		norms:   make([]float64, p),
		results: make([]float64, len(j.anchors)*GeometryColumns),
		workers: make([]jointWorker, par.Workers(ctx, len(j.anchors))),
	}
	for w := range g.workers {
		g.workers[w] = jointWorker{
			jointGeometry: g,
			s:             arena.Float64s(p * m),
			g1:            arena.Float64s(p * p),
			cross:         arena.Float64s(p * p),
			factor:        arena.Float64s(p * p),
			u:             make([]float64, p),
			size:          make([]float64, p),
			z:             make([]float64, p),
			kept:          make([]int, p),
		}
	}
	return g
}

// measure stores the mean over the draws [from, to), with their own centres.
func (g *jointGeometry) measure(ctx context.Context, dst []float64, from, to int) error {
	g.center(from, to)
	err := par.For(ctx, to-from, len(g.workers), func(worker, i int) error {
		draw := from + i
		g.workers[worker].measure(g.results[draw*GeometryColumns:][:GeometryColumns], draw)
		return nil
	})
	clear(dst)
	for draw := from; draw < to; draw++ {
		floats.AddScaled(dst, 1/float64(to-from), g.results[draw*GeometryColumns:][:GeometryColumns])
	}
	dst[centerAlignment] = g.alignment(func(o, q int) (float64, float64) {
		return g.g0[o*g.objects+q], g.norms[o] * g.norms[q]
	})
	return err
}

// center computes the centres of the draws [from, to).
func (g *jointGeometry) center(from, to int) {
	p, m := g.objects, g.x.Rows
	clear(g.weights)
	for _, a := range g.anchors[from:to] {
		for i, j := range a.samples {
			g.weights[j] += a.weights[i] / float64(to-from)
		}
	}
	clear(g.centers)
	for o := range p {
		for j := g.starts[o]; j < g.starts[o+1]; j++ {
			if w := g.weights[j]; w > 0 {
				floats.AddScaled(g.centers[o*m:(o+1)*m], w, g.gram.Data[j*g.gram.Stride:][:m])
			}
		}
	}
	for o := range p {
		for q := range p {
			g.g0[o*p+q] = floats.Dot(g.weights[g.starts[q]:g.starts[q+1]], g.centers[o*m+g.starts[q]:o*m+g.starts[q+1]])
		}
		g.norms[o] = math.Sqrt(max(0, g.g0[o*p+o]))
	}
}

// alignment returns the mean of the absolute cosines that product returns,
// inner products and products of lengths, over pairs of different objects; those
// without length are left out.
func (g *jointGeometry) alignment(product func(o, q int) (inner, lengths float64)) float64 {
	var sum, count float64
	for o := range g.objects {
		for q := range g.objects {
			if inner, lengths := product(o, q); o != q && lengths > 0 {
				sum += min(1, math.Abs(inner)/lengths)
				count++
			}
		}
	}
	return sum / max(1, count)
}

// jointWorker measures one draw at a time.
type jointWorker struct {
	*jointGeometry
	s      []float64 // S x_j: a row for each object
	g1     []float64 // of the axes, then G0 + G1
	cross  []float64 // s0 of the column's object times s1 of the row's
	factor []float64
	u      []float64 // S1 t
	size   []float64 // |s|² + |s0|², of which rounding in G1 is a part
	z      []float64
	kept   []int
}

// leastAxis is the squared length of an axis, in units of the anchor's, that
// rounding could make.
const leastAxis = 1e-13

func (w *jointWorker) measure(dst []float64, draw int) {
	p := w.objects
	w.products(draw)
	for o := range p {
		if w.g1[o*p+o] <= leastAxis*w.size[o] {
			for q := range p {
				w.g1[o*p+q], w.g1[q*p+o], w.cross[o*p+q] = 0, 0, 0
			}
			w.u[o] = 0
		}
	}
	length := func(o int) float64 { return math.Sqrt(w.g1[o*p+o]) }
	dst[axisAlignment] = w.alignment(func(o, q int) (float64, float64) { return w.g1[o*p+q], length(o) * length(q) })
	dst[centerAxisAlignment] = w.alignment(func(o, q int) (float64, float64) { return w.cross[o*p+q], length(o) * w.norms[q] })
	dst[axisForm] = w.inverseForm() / float64(p)
	floats.Add(w.g1, w.g0)
	dst[jointForm] = w.inverseForm() / float64(p)
}

// products computes G1, the products of axes and centres, and S1 t.
func (w *jointWorker) products(draw int) {
	p, m := w.objects, w.x.Rows
	a := w.anchors[draw]
	field := w.fields[draw/2*m : (draw/2+1)*m]
	sign := float64(1 - 2*(draw%2))
	begin := 0
	for o, end := range a.ends {
		row := w.s[o*m : (o+1)*m]
		clear(row)
		w.u[o] = -floats.Dot(w.weights[w.starts[o]:w.starts[o+1]], field[w.starts[o]:w.starts[o+1]])
		for i := begin; i < end; i++ {
			j := int(a.samples[i])
			floats.AddScaled(row, a.weights[i], w.gram.Data[j*w.gram.Stride:][:m])
			w.u[o] += a.weights[i] * field[j]
		}
		w.u[o] *= sign
		begin = end
	}
	for o := range p {
		begin = 0
		for q, end := range a.ends {
			var inner, cross float64 // s_o's_q and s_q's0_o
			for i := begin; i < end; i++ {
				inner += a.weights[i] * w.s[o*m+int(a.samples[i])]
				cross += a.weights[i] * w.centers[o*m+int(a.samples[i])]
			}
			w.g1[o*p+q], w.cross[q*p+o] = inner, cross
			begin = end
		}
		w.size[o] = w.g1[o*p+o] + w.g0[o*p+o]
	}
	for o := range p {
		for q := range p {
			w.g1[o*p+q] += w.g0[o*p+q] - w.cross[o*p+q] - w.cross[q*p+o]
		}
	}
	floats.Sub(w.cross, w.g0)
}

// inverseForm returns u' G^+ u for the G in g1, given that u is in its range: then
// rows that depend on others may be left out, and a Cholesky factor of the rest
// does.
func (w *jointWorker) inverseForm() float64 {
	p, kept := w.objects, w.kept[:0]
	var form float64
	for o := range p {
		k := len(kept)
		row := w.factor[k*p : k*p+k]
		pivot := w.g1[o*p+o]
		for i, q := range kept {
			above := w.factor[i*p : i*p+i+1]
			row[i] = (w.g1[o*p+q] - floats.Dot(above[:i], row[:i])) / above[i]
			pivot -= row[i] * row[i]
		}
		if pivot <= leastAxis*w.size[o] {
			continue
		}
		root := math.Sqrt(pivot)
		w.factor[k*p+k] = root
		w.z[k] = (w.u[o] - floats.Dot(row, w.z[:k])) / root
		form += w.z[k] * w.z[k]
		kept = append(kept, o)
	}
	return form
}
