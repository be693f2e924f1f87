package capacity

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Columns of Joint.Geometry; u stands for the products S1 t of a draw.
const (
	axisForm            = iota // u' G1^+ u, divided by the number of manifolds
	jointForm                  // u' (G0 + G1)^+ u, likewise
	centerAlignment            // mean |cos| between the centers of two manifolds
	axisAlignment              // between their axes
	centerAxisAlignment        // between the center of one and the axis of another
	GeometryColumns
)

// measure stores the geometry of all draws and of each batch.
func (j *joint) measure(ctx context.Context, arena *cmem.Arena, dst, pairs *mat.Dense) error {
	rows, _ := dst.Dims()
	draws := len(j.present)
	g := newJointGeometry(ctx, arena, j)
	if err := arena.Err(); err != nil {
		return err
	}
	par.Expect(ctx, 2*draws)
	if err := g.measure(ctx, dst.RawRowView(0), 0, draws, pairs); err != nil {
		return err
	}
	for b := 1; b < rows; b++ {
		from, to := (b-1)*(draws/2)/(rows-1), b*(draws/2)/(rows-1)
		if err := g.measure(ctx, dst.RawRowView(b), 2*from, 2*to, nil); err != nil {
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
	width   int       // GeometryColumns, and two forms of each object
	results []float64 // of each draw
	cosines []float64 // of axes, and of centers with axes, for each draw of a chunk
	counts  []float64 // of those that are defined
	workers par.Team[*jointWorker]
}

func newJointGeometry(ctx context.Context, arena *cmem.Arena, j *joint) *jointGeometry {
	p, m := len(j.Sizes), j.x.Rows
	g := &jointGeometry{
		joint:   j,
		objects: p,
		weights: arena.Float64s(m),
		centers: arena.Float64s(p * m),
		g0:      arena.Float64s(p * p),
		norms:   arena.Float64s(p),
		width:   GeometryColumns + 2*p,
		results: arena.Float64s(len(j.present), GeometryColumns+2*p),
		cosines: arena.Float64s(min(chunk, len(j.present)), 2, p, p),
		counts:  arena.Float64s(2, p, p),
	}
	workers := par.Workers(ctx, len(j.anchors))
	g.workers = par.NewTeam(arena, workers, func(arena *cmem.Arena) *jointWorker {
		return &jointWorker{
			jointGeometry: g,
			s:             arena.Float64s(p * m),
			g1:            arena.Float64s(p * p),
			cross:         arena.Float64s(p * p),
			inner:         arena.Float64s(p * p),
			lengths:       arena.Float64s(p),
			factor:        arena.Float64s(p * p),
			u:             arena.Float64s(p),
			size:          arena.Float64s(p),
			z:             arena.Float64s(p),
			kept:          cmem.Slice[int](arena, p),
		}
	})
	return g
}

// chunk is the number of draws whose cosines are held at a time.
const chunk = 16

// measure stores the mean over the present draws [from, to), with their own centers,
// and the cosines of pairs unless that is nil.
func (g *jointGeometry) measure(
	ctx context.Context, dst []float64, from, to int, pairs *mat.Dense,
) error {
	g.center(from, to)
	sums := newPairSums(g, pairs)
	for first := from; first < to; first += chunk {
		n := min(chunk, to-first)
		err := g.workers.For(ctx, n, func(w *jointWorker, i int) error {
			row := g.results[(first+i)*g.width:][:g.width]
			w.measure(row, g.present[first+i])
			if pairs != nil {
				w.storeCosines(g.cosines[2*i*g.objects*g.objects:])
			}
			return nil
		})
		if err != nil {
			return err
		}
		sums.add(n)
	}
	clear(dst)
	for draw := from; draw < to; draw++ {
		floats.AddScaled(dst, 1/float64(to-from), g.results[draw*g.width:][:g.width])
	}
	dst[centerAlignment] = g.alignment(func(o, q int) (float64, float64) {
		return g.g0[o*g.objects+q], g.norms[o] * g.norms[q]
	})
	sums.store()
	return nil
}

// pairSums adds up the cosines of pairs of objects over draws.
type pairSums struct {
	*jointGeometry
	pairs *mat.Dense // or nil
}

func newPairSums(g *jointGeometry, pairs *mat.Dense) *pairSums {
	s := &pairSums{jointGeometry: g, pairs: pairs}
	if pairs != nil {
		pairs.Zero()
		clear(g.counts)
	}
	return s
}

// add takes the n draws of a chunk; a cosine that is not defined is NaN.
func (s *pairSums) add(n int) {
	if s.pairs == nil {
		return
	}
	size := s.objects * s.objects
	sums := s.pairs.RawMatrix().Data[size:]
	for i, c := range s.cosines[:2*n*size] {
		if !math.IsNaN(c) {
			sums[i%(2*size)] += c
			s.counts[i%(2*size)]++
		}
	}
}

// store divides by the counts, which makes NaN of what is never defined.
func (s *pairSums) store() {
	if s.pairs == nil {
		return
	}
	size := s.objects * s.objects
	data := s.pairs.RawMatrix().Data
	for i := range size {
		o, q := i/s.objects, i%s.objects
		data[i] = s.cosine(s.g0[i], s.norms[o]*s.norms[q])
	}
	for i, count := range s.counts {
		data[size+i] /= count
	}
}

// cosine is absolute unless signed, and NaN where a length is 0.
func (g *jointGeometry) cosine(inner, lengths float64) float64 {
	if lengths == 0 {
		return math.NaN()
	}
	c := max(-1, min(1, inner/lengths))
	if g.Signed {
		return c
	}
	return math.Abs(c)
}

// center computes the centers of the draws [from, to).
func (g *jointGeometry) center(from, to int) {
	p, m := g.objects, g.x.Rows
	clear(g.weights)
	for _, draw := range g.present[from:to] {
		a := g.anchors[draw]
		for _, point := range a.points {
			g.weights[point.sample] += point.weight / float64(to-from)
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
			from, to := g.starts[q], g.starts[q+1]
			g.g0[o*p+q] = floats.Dot(g.weights[from:to], g.centers[o*m+from:o*m+to])
		}
		g.norms[o] = math.Sqrt(max(0, g.g0[o*p+o]))
	}
}

// alignment returns the mean of the cosines that product returns, inner products and
// products of lengths, over pairs of different objects; those without length are left
// out.
func (g *jointGeometry) alignment(product func(o, q int) (inner, lengths float64)) float64 {
	var sum, count float64
	for o := range g.objects {
		for q := range g.objects {
			if inner, lengths := product(o, q); o != q && lengths > 0 {
				sum += g.cosine(inner, lengths)
				count++
			}
		}
	}
	return sum / max(1, count)
}

// jointWorker measures one draw at a time.
type jointWorker struct {
	*jointGeometry
	s       []float64 // S x_j: a row for each object
	g1      []float64 // of the axes, then G0 + G1
	cross   []float64 // s0 of the column's object times s1 of the row's
	factor  []float64
	u       []float64 // S1 t
	size    []float64 // |s|² + |s0|², of which rounding in G1 is a part
	inner   []float64 // of the axes
	lengths []float64 // of the axes
	z       []float64
	kept    []int
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
	dst[axisAlignment] = w.alignment(func(o, q int) (float64, float64) {
		return w.g1[o*p+q], length(o) * length(q)
	})
	dst[centerAxisAlignment] = w.alignment(func(o, q int) (float64, float64) {
		return w.cross[o*p+q], length(o) * w.norms[q]
	})
	for o := range p {
		squared := w.g1[o*p+o]
		dst[GeometryColumns+o], dst[GeometryColumns+p+o] = 0, 0
		if squared > 0 {
			dst[GeometryColumns+o] = w.u[o] * w.u[o] / squared
			dst[GeometryColumns+p+o] = w.u[o] * w.u[o] / (squared + w.g0[o*p+o])
		}
		w.lengths[o] = length(o)
	}
	dst[axisForm] = w.inverseForm() / float64(p)
	copy(w.inner, w.g1)
	floats.Add(w.g1, w.g0)
	dst[jointForm] = w.inverseForm() / float64(p)
}

// storeCosines stores those of the draw just measured.
func (w *jointWorker) storeCosines(dst []float64) {
	p := w.objects
	for o := range p {
		for q := range p {
			dst[o*p+q] = w.cosine(w.inner[o*p+q], w.lengths[o]*w.lengths[q])
			// cross has the axis in the row
			dst[p*p+o*p+q] = w.cosine(w.cross[q*p+o], w.norms[o]*w.lengths[q])
		}
	}
}

// products computes G1, the products of axes and centers, and S1 t.
func (w *jointWorker) products(draw int) {
	p, m := w.objects, w.x.Rows
	a := w.anchors[draw]
	field := w.fields[draw/2*m : (draw/2+1)*m]
	sign := float64(1 - 2*(draw%2))
	begin := int32(0)
	for o, end := range a.ends {
		row := w.s[o*m : (o+1)*m]
		clear(row)
		w.u[o] = -floats.Dot(w.weights[w.starts[o]:w.starts[o+1]], field[w.starts[o]:w.starts[o+1]])
		for _, point := range a.points[begin:end] {
			j := int(point.sample)
			floats.AddScaled(row, point.weight, w.gram.Data[j*w.gram.Stride:][:m])
			w.u[o] += point.weight * field[j]
		}
		w.u[o] *= sign
		begin = end
	}
	for o := range p {
		begin = 0
		for q, end := range a.ends {
			var inner, cross float64 // s_o's_q and s_q's0_o
			for _, point := range a.points[begin:end] {
				inner += point.weight * w.s[o*m+int(point.sample)]
				cross += point.weight * w.centers[o*m+int(point.sample)]
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
