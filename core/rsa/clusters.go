package rsa

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Extremity is what the largest value of a map is taken of.
type Extremity int

const (
	Masses   Extremity = iota // sums of t over clusters of points beyond a threshold
	Enhanced                  // t after threshold-free cluster enhancement
	Points                    // t
)

// Alternative is the sign of effects.
type Alternative int

const (
	TwoSided Alternative = iota
	Greater
	Less
)

// MapTest is a test over subjects of maps, whose points have neighbors.
type MapTest struct {
	// Neighbors of each point; each is a neighbor of its neighbors.
	Neighbors Lists
	// DF is the number of degrees of freedom of t.
	DF float64
	// First is the number of subjects of the first of two groups, if each has a variance of
	// its own; 0 if they share one.
	First int
	Extremity
	Alternative
	// Threshold of Masses, greater than 0.
	Threshold float64
	// Powers of the extent and of the height in the integral of Enhanced.
	Extent, Height float64
}

// drawsOfTask is the number of draws of a task, whose t share a product.
const drawsOfTask = 4

// MapDraws stores in largest the extremity of each draw, a row of weights: of the map of
//
//	t = u sqrt(DF) / sqrt(s - u^2),  u = w'x,
//
// where x are the deviations of the subjects at a point and s is the sum of their
// squares. With w = signs / sqrt(n), that is t of one sample; with deviations from the
// mean of two groups and w = sqrt(n / (n_1 n_2)) for the members of the first, 0 for the
// others, that of two samples with a pooled variance. With First it is Welch's t of these,
//
//	t = (n / (n_1 n_2)) a / sqrt(v_1 + v_2),
//
// where a is the sum of x over the first group and v_1, v_2 are the variances of the means
// of the groups, as the normal deviate of the same tail [Wallace 1959]: its degrees of
// freedom differ from point to point and from draw to draw,
//
//	z = (8 f + 1) / (8 f + 3) sqrt(f log(1 + t^2 / f)),
//	f = (v_1 + v_2)^2 / (v_1^2 / (n_1 - 1) + v_2^2 / (n_2 - 1)),
//
// with the sign of t. The largest mass is 0 where no point is beyond the threshold, as is
// the largest enhanced value where no t has the sign that is looked for.
//
// The values of t are stored in the rows of t, and those after enhancement in enhanced,
// with the sign of t, where these are not nil.
//
// The enhanced value of a point p is the integral [Smith & Nichols 2009]
//
//	\int_0^t(p) e(h)^Extent h^Height dh,
//
// where e(h) is the number of points that are joined to p by points above h. It is exact:
// e changes at values of t only, in the order in which a tree of components is built.
func MapDraws(
	ctx context.Context, largest []float64, t, enhanced, x, weights *mat.Dense, test MapTest,
) error {
	draws, _ := weights.Dims()
	_, points := x.Dims()
	var arena cmem.Arena
	defer arena.Free()
	m := &mapDraws{
		MapTest: test, largest: largest, t: t, enhanced: enhanced, x: x, weights: weights,
		sums: arena.Float64s(points), extents: arena.Float64s(points + 1),
	}
	if test.First > 0 {
		subjects, _ := x.Dims()
		m.squares = arena.Float64s(subjects, points)
	}
	if err := arena.Err(); err != nil {
		return err
	}
	m.prepare()
	newWorker := func(arena *cmem.Arena) *mapWorker { return newMapWorker(arena, m, points) }
	tasks := (draws + drawsOfTask - 1) / drawsOfTask
	return par.Each(ctx, tasks, newWorker, func(w *mapWorker, k int) error {
		w.task(k*drawsOfTask, min((k+1)*drawsOfTask, draws))
		return nil
	})
}

// mapDraws is what the workers of MapDraws share.
type mapDraws struct {
	MapTest
	largest                 []float64
	t, enhanced, x, weights *mat.Dense
	squares                 []float64 // of x, if First
	sums                    []float64 // of squares over subjects, of each point
	extents                 []float64 // k to the power of Extent
}

func (m *mapDraws) prepare() {
	subjects, points := m.x.Dims()
	for i := range subjects {
		for p, v := range m.x.RawRowView(i) {
			m.sums[p] += v * v
			if m.squares != nil {
				m.squares[i*points+p] = v * v
			}
		}
	}
	for k := range m.extents {
		m.extents[k] = math.Pow(float64(k), m.Extent)
	}
}

// area returns the integral of h^Height from 0 on.
func (m *mapDraws) area(h float64) float64 {
	if m.Height == 2 {
		return h * h * h / 3
	}
	return math.Pow(h, m.Height+1) / (m.Height + 1)
}

// mapWorker is a worker of MapDraws.
type mapWorker struct {
	*mapDraws
	maps   []float64 // of the draws of a task
	firsts []float64 // sums of squares of the first group, if there is one
	peaks  []peak
	// Of each point: what is below it in the tree, a point on the way to the newest of its
	// component, or -1 if it is in none, and how many points are above it.
	parent, root, size []int32
	value              []float64
}

// peak is a point that is above 0.
type peak struct {
	height float64
	point  int32
}

func newMapWorker(arena *cmem.Arena, m *mapDraws, points int) *mapWorker {
	var firsts []float64
	if m.squares != nil {
		firsts = arena.Float64s(drawsOfTask, points)
	}
	return &mapWorker{
		mapDraws: m,
		maps:     arena.Float64s(drawsOfTask, points),
		firsts:   firsts,
		peaks:    cmem.Slice[peak](arena, points),
		parent:   arena.Int32s(points),
		root:     arena.Int32s(points),
		size:     arena.Int32s(points),
		value:    arena.Float64s(points),
	}
}

// task does the draws [from, to).
func (w *mapWorker) task(from, to int) {
	subjects, points := w.x.Dims()
	weights := w.weights.Slice(from, to, 0, subjects).(*mat.Dense).RawMatrix()
	maps := blas64.General{Rows: to - from, Cols: points, Stride: points, Data: w.maps}
	blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, weights, w.x.RawMatrix(), 0, maps)
	if w.squares != nil {
		squares := blas64.General{Rows: subjects, Cols: points, Stride: points, Data: w.squares}
		firsts := blas64.General{Rows: to - from, Cols: points, Stride: points, Data: w.firsts}
		blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, weights, squares, 0, firsts)
	}
	for k := from; k < to; k++ {
		t := w.maps[(k-from)*points:][:points]
		if w.squares != nil {
			w.welch(t, w.firsts[(k-from)*points:][:points])
		} else {
			w.studentize(t)
		}
		if w.t != nil {
			copy(w.t.RawRowView(k), t)
		}
		w.largest[k] = w.extremity(t, k)
	}
}

// studentize replaces u by t. The variance has a least value, which keeps t finite.
func (w *mapWorker) studentize(u []float64) {
	for p, v := range u {
		s := w.sums[p]
		least := 0x1p-1022 + 1e-15*s
		u[p] = v / math.Sqrt(max((s-v*v)/w.DF, least))
	}
}

// welch replaces u by z, given w'x^2 in q. The variance has a least value here, too.
func (w *mapWorker) welch(u, q []float64) {
	subjects, _ := w.x.Dims()
	one, two := float64(w.First), float64(subjects-w.First)
	scale := math.Sqrt(1/one + 1/two) // the weight of a member
	for p, v := range u {
		a, first := v/scale, q[p]/scale
		v1 := max(first-a*a/one, 0) / (one * (one - 1))
		v2 := max(w.sums[p]-first-a*a/two, 0) / (two * (two - 1))
		least := scale * scale * (0x1p-1000 + 1e-15*w.sums[p])
		part := v1 / max(v1+v2, least)
		f := 1 / (part*part/(one-1) + (1-part)*(1-part)/(two-1))
		t := scale * v / math.Sqrt(max(v1+v2, least))
		z := (8*f + 1) / (8*f + 3) * math.Sqrt(f*math.Log1p(t*t/f))
		u[p] = math.Copysign(z, t)
	}
}

// extremity returns the largest value of map k.
func (w *mapWorker) extremity(t []float64, k int) float64 {
	if w.Extremity == Points {
		return w.highest(t)
	}
	if w.Extremity == Enhanced && w.enhanced != nil {
		clear(w.enhanced.RawRowView(k))
	}
	largest := 0.0
	for _, sign := range [2]float64{1, -1} {
		if sign > 0 && w.Alternative == Less || sign < 0 && w.Alternative == Greater {
			continue
		}
		if w.Extremity == Masses {
			largest = max(largest, w.mass(t, sign))
		} else {
			largest = max(largest, w.enhance(t, sign, k))
		}
	}
	return largest
}

// highest returns the largest t.
func (w *mapWorker) highest(t []float64) float64 {
	switch w.Alternative {
	case Greater:
		return slices.Max(t)
	case Less:
		return -slices.Min(t)
	}
	return max(slices.Max(t), -slices.Min(t))
}

// mass returns the largest mass of a cluster of one sign, 0 for none.
func (w *mapWorker) mass(t []float64, sign float64) float64 {
	for p, v := range t {
		w.root[p] = -1
		if sign*v > w.Threshold {
			w.root[p] = 0 // not seen yet
		}
	}
	largest := 0.0
	for p := range t {
		if w.root[p] == 0 {
			largest = max(largest, w.fill(t, sign, int32(p)))
		}
	}
	return largest
}

// fill returns the mass of the cluster of a point, and strikes it out.
func (w *mapWorker) fill(t []float64, sign float64, start int32) float64 {
	stack, mass := w.parent, 0.0
	stack[0], w.root[start] = start, -1
	for n := 1; n > 0; {
		n--
		p := stack[n]
		mass += sign * t[p]
		for _, q := range w.neighbors(p) {
			if w.root[q] == 0 {
				stack[n], w.root[q] = int32(q), -1
				n++
			}
		}
	}
	return mass
}

func (w *mapWorker) neighbors(p int32) []int64 {
	return w.Neighbors.Features[w.Neighbors.Start[p]:w.Neighbors.Start[p+1]]
}

// enhance returns the largest enhanced value of one sign, 0 for none, and stores all if
// row k of enhanced is asked for.
func (w *mapWorker) enhance(t []float64, sign float64, k int) float64 {
	peaks := w.descending(t, sign)
	w.build(peaks)
	// A point's value is that of the point below it in the tree and, from there up, what
	// its own component adds.
	largest := 0.0
	for i := len(peaks) - 1; i >= 0; i-- {
		p := peaks[i].point
		below, base := 0.0, 0.0
		if q := w.parent[p]; q != p {
			below, base = w.value[q], w.area(sign*t[q])
		}
		w.value[p] = below + w.extents[w.size[p]]*(w.area(peaks[i].height)-base)
		largest = max(largest, w.value[p])
	}
	if w.enhanced != nil {
		row := w.enhanced.RawRowView(k)
		for _, at := range peaks {
			row[at.point] = sign * w.value[at.point]
		}
	}
	return largest
}

// descending returns the points above 0, the highest first.
func (w *mapWorker) descending(t []float64, sign float64) []peak {
	n := 0
	for p, v := range t {
		if h := sign * v; h > 0 {
			w.peaks[n] = peak{h, int32(p)}
			n++
		}
	}
	slices.SortFunc(w.peaks[:n], func(a, b peak) int {
		switch {
		case a.height > b.height:
			return -1
		case a.height < b.height:
			return 1
		}
		return int(a.point) - int(b.point)
	})
	return w.peaks[:n]
}

// build makes the tree of components [Najman & Couprie 2006]: each point is below those
// of all components that it joins. A parent of its own is at the bottom.
func (w *mapWorker) build(peaks []peak) {
	for p := range w.root {
		w.root[p] = -1
	}
	for _, at := range peaks {
		p := at.point
		w.parent[p], w.root[p], w.size[p] = p, p, 1
		for _, q := range w.neighbors(p) {
			if w.root[q] < 0 {
				continue
			}
			if r := w.newest(int32(q)); r != p {
				w.parent[r], w.root[r] = p, p
				w.size[p] += w.size[r]
			}
		}
	}
}

// newest returns the newest point of the component of a point, and halves the way there.
func (w *mapWorker) newest(p int32) int32 {
	for w.root[p] != p {
		w.root[p] = w.root[w.root[p]]
		p = w.root[p]
	}
	return p
}
