package capacity

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// drawBlock is the number of draws whose products with the points are formed at a
// time.
const drawBlock = 128

// draws projects the draws of one manifold at a time. It belongs to one worker.
type draws struct {
	MeanField
	*frame
	nnls       *optimize.NNLS
	generation *generation // if a manifold has many points

	t       []float64 // draws x (D + 1), the center's coordinate last
	c       []float64 // t's_j, block x M, unless points are many
	nearest []int     // the point of largest t'x_j
	anchors []float64 // draws x D
	mean    []float64
	spread  float64   // variance of the mean anchor point
	given   bool      // draws are those of a reference, whose moments are plain
	values  []float64 // of one quantity for each draw
	counts  []float64 // active points
	inverse []float64 // summands of 1/capacity
}

func newDraws(arena *cmem.Arena, f MeanField, m, n int, directions *mat.Dense) *draws {
	d, few := min(m, n), mostFew(m, n)
	w := &draws{
		MeanField: f,
		frame:     newFrame(arena, m, n, directions),
		nnls:      optimize.NewNNLS(arena, few),
		t:         arena.Float64s(f.Draws * (d + 1)),
		c:         arena.Float64s(max(drawBlock*few, m)),
		nearest:   cmem.Slice[int](arena, f.Draws),
		anchors:   arena.Float64s(f.Draws * d),
		mean:      arena.Float64s(d),
		values:    arena.Float64s(f.Draws),
		counts:    arena.Float64s(f.Draws),
		inverse:   arena.Float64s(f.Draws),
	}
	if few < m {
		w.generation = newGeneration(arena, w.frame, m, d)
	}
	return w
}

// begin takes a manifold and its draws: those given, or new ones.
func (w *draws) begin(x *mat.Dense, origin []float64, given *mat.Dense, rng *rand.Rand) error {
	if err := w.set(x, origin, w.Frame, given != nil); err != nil {
		return err
	}
	if w.many {
		w.generation.begin()
	} else {
		w.nnls.SetCone(w.gram, w.m, w.m)
	}
	w.given = given != nil
	width := w.d + 1
	if given != nil {
		if rows, cols := given.Dims(); rows != w.Draws || cols != width {
			return core.Invalidf("expected %d vectors of %d coordinates, got shape (%d, %d)",
				w.Draws, width, rows, cols)
		}
		for i := range w.Draws {
			copy(w.draw(i), given.RawRowView(i))
		}
		return nil
	}
	g := w.c[:w.m]
	for i := range w.Draws {
		t := w.draw(i)
		if w.Antithetic && i%2 == 1 {
			floats.ScaleTo(t, -1, w.draw(i-1))
			continue
		}
		for j := range g {
			g[j] = rng.NormFloat64()
		}
		w.coordinates(t[:w.d], g)
		t[w.d] = rng.NormFloat64()
	}
	return nil
}

func (w *draws) draw(i int) []float64   { return w.t[i*(w.d+1) : (i+1)*(w.d+1)] }
func (w *draws) anchor(i int) []float64 { return w.anchors[i*w.d : (i+1)*w.d] }

// measure fills a row of quantities for the margin kappa, and the weights of the
// points in the anchor points unless that is nil.
func (w *draws) measure(ctx context.Context, row, weights []float64, kappa float64) error {
	clear(weights)
	if err := w.project(ctx, weights, kappa); err != nil {
		return err
	}
	w.store(row, Active, w.counts)
	w.cosine(row)
	w.center()
	w.radius(row, Radius)
	w.dimension(row, Dimension, HalfWidth)
	w.dimensionMatlab(row)
	if w.Estimator == Width {
		w.widths(kappa)
	}
	w.store(row, InverseCapacity, w.inverse)
	for i, j := range w.nearest {
		copy(w.anchor(i), w.point(j))
	}
	w.center()
	w.radius(row, GaussianRadius)
	w.dimension(row, GaussianDimension, GaussianHalfWidth)
	w.gaussianDimensionMatlab(row)
	return nil
}

// project finds the anchor points of all draws.
func (w *draws) project(ctx context.Context, weights []float64, kappa float64) error {
	for first := 0; first < w.Draws; first += drawBlock {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(drawBlock, w.Draws-first)
		if !w.many {
			w.projectOnFew(first, n, weights, kappa)
		} else if err := w.projectOnMany(ctx, first, n, weights, kappa); err != nil {
			return err
		}
	}
	return nil
}

// projectOnFew finds the anchor points of n draws from the products t'x_j with all points.
func (w *draws) projectOnFew(first, n int, weights []float64, kappa float64) {
	if w.d > 0 {
		linalg.Gemm(blas.NoTrans, blas.Trans, n, w.m, w.d,
			1, w.t[first*(w.d+1):], w.d+1, w.points, w.d, 0, w.c, w.m)
	} else {
		clear(w.c)
	}
	for i := range n {
		products := w.c[i*w.m : (i+1)*w.m]
		w.nearest[first+i] = floats.MaxIdx(products)
		floats.AddConst(w.draw(first + i)[w.d]+kappa, products)
		p := w.nnls.Project(products)
		w.keep(first+i, p.Active, p.Weights, p.Squared, weights, kappa)
	}
}

// projectOnMany finds them by column generation.
func (w *draws) projectOnMany(
	ctx context.Context, first, n int, weights []float64, kappa float64,
) error {
	t := blas64.General{Rows: n, Cols: w.d + 1, Stride: w.d + 1, Data: w.t[first*(w.d+1):]}
	found, err := w.generation.project(ctx, t, kappa)
	for i := range found {
		s := &found[i]
		w.nearest[first+i] = s.nearest
		w.keep(first+i, s.columns, s.weights, s.squared, weights, kappa)
	}
	return err
}

// keep stores the anchor point of a draw, given the active points of its projection and
// their weights: in the interior, where the projection is 0, it is the point of largest
// t'x_j.
func (w *draws) keep(
	i int, active []int32, shares []float64, squared float64, weights []float64, kappa float64,
) {
	anchor := w.anchor(i)
	if weights != nil {
		weights = weights[i*w.m : (i+1)*w.m]
	}
	lambda := floats.Sum(shares)
	w.counts[i] = float64(len(active))
	w.inverse[i] = squared
	if w.Estimator == Count && kappa >= 0 {
		w.inverse[i] = w.counts[i] + kappa*lambda
	}
	if lambda == 0 {
		copy(anchor, w.point(w.nearest[i]))
		if weights != nil {
			weights[w.nearest[i]] = 1
		}
		return
	}
	clear(anchor)
	for k, j := range active {
		share := shares[k] / lambda
		floats.AddScaled(anchor, share, w.point(int(j)))
		if weights != nil {
			weights[j] = share
		}
	}
}

// cosine computes DimensionCos.
func (w *draws) cosine(row []float64) {
	for i := range w.Draws {
		t, s := w.draw(i)[:w.d], w.anchor(i)
		w.values[i] = cosine(floats.Dot(t, s), floats.Norm(t, 2)*floats.Norm(s, 2))
	}
	w.storeSquare(row, DimensionCos, float64(w.d))
}

// cosine is product / norms, and 0 if they are.
func cosine(product, norms float64) float64 {
	if norms == 0 {
		return 0
	}
	return product / norms
}

// center subtracts the mean from the anchor points.
func (w *draws) center() {
	mean := w.mean[:w.d]
	clear(mean)
	for i := range w.Draws {
		floats.AddScaled(mean, 1/float64(w.Draws), w.anchor(i))
	}
	for i := range w.Draws {
		floats.Sub(w.anchor(i), mean)
	}
	w.spread = w.meanSpread()
}

// meanSpread returns the variance of the mean anchor point, which deviations from
// it lack.
func (w *draws) meanSpread() (spread float64) {
	size := w.group()
	n := w.Draws / size
	if n < 2 {
		return 0
	}
	for i := range n {
		sum := w.mean[:w.d]
		clear(sum)
		for k := range size {
			floats.Add(sum, w.anchor(i*size+k))
		}
		spread += floats.Dot(sum, sum) / float64(size*size*n*(n-1))
	}
	return spread
}

// group is the number of draws that count as one: antithetic pairs do.
func (w *draws) group() int {
	if w.Antithetic {
		return 2
	}
	return 1
}

// radius computes Radius, or GaussianRadius, from centered anchor points.
func (w *draws) radius(row []float64, place int) {
	for i := range w.Draws {
		w.values[i] = floats.Dot(w.anchor(i), w.anchor(i))
	}
	squared, deviation := w.average(w.values)
	if !w.given {
		squared += w.spread
	}
	row[place], row[place+1] = math.Sqrt(squared), 0
	if squared > 0 {
		row[place+1] = deviation / (2 * row[place])
	}
}

// width is t'ds for centered anchor points.
func (w *draws) width(i int) float64 { return floats.Dot(w.draw(i)[:w.d], w.anchor(i)) }

// dimension computes Dimension and HalfWidth, or those of Gaussian anchor points.
func (w *draws) dimension(row []float64, place, halfWidth int) {
	for i := range w.Draws {
		w.values[i] = w.width(i)
	}
	w.store(row, halfWidth, w.values)
	for i, width := range w.values {
		w.values[i] = cosine(width, floats.Norm(w.anchor(i), 2))
		w.values[i] *= w.values[i]
	}
	w.store(row, place, w.values)
}

// dimensionMatlab computes DimensionMatlab from centered anchor points.
func (w *draws) dimensionMatlab(row []float64) {
	for i := range w.Draws {
		w.values[i] = cosine(w.width(i), floats.Norm(w.draw(i), 2)*floats.Norm(w.anchor(i), 2))
	}
	w.storeSquare(row, DimensionMatlab, float64(w.d))
}

// gaussianDimensionMatlab computes GaussianDimensionMatlab, h²/r² with the half width
// h and the radius r, and its standard error from that of a linear combination.
func (w *draws) gaussianDimensionMatlab(row []float64) {
	row[GaussianDimensionMatlab], row[GaussianDimensionMatlab+1] = 0, 0
	h, r := row[GaussianHalfWidth], row[GaussianRadius]
	if r == 0 {
		return
	}
	for i := range w.Draws {
		squared := floats.Dot(w.anchor(i), w.anchor(i))
		w.values[i] = h / r * (2*w.width(i)/r - h/r*(squared/r/r))
	}
	w.store(row, GaussianDimensionMatlab, w.values)
	row[GaussianDimensionMatlab] = (h / r) * (h / r)
}

// widths computes the summands of the estimator Width from centered anchor points.
func (w *draws) widths(kappa float64) {
	for i := range w.Draws {
		ds := w.anchor(i)
		w.inverse[i] = inversePointCapacity(w.width(i)+kappa) / (1 + floats.Dot(ds, ds))
	}
}

// inversePointCapacity is E[(t + kappa)²] over t > -kappa, t normal.
func inversePointCapacity(kappa float64) float64 {
	density := math.Exp(-kappa*kappa/2) / math.Sqrt(2*math.Pi)
	return (1+kappa*kappa)*math.Erfc(-kappa/math.Sqrt2)/2 + kappa*density
}

// store writes the mean of the draws' values and its standard error.
func (w *draws) store(row []float64, place int, values []float64) {
	row[place], row[place+1] = w.average(values)
}

// storeSquare writes factor * mean(values)² and its standard error.
func (w *draws) storeSquare(row []float64, place int, factor float64) {
	mean, deviation := w.average(w.values)
	row[place], row[place+1] = factor*mean*mean, 2*factor*math.Abs(mean)*deviation
}

// average returns the mean of the draws' values and its standard error, +Inf if
// there is one independent draw only.
func (w *draws) average(values []float64) (mean, deviation float64) {
	size := w.group()
	n := w.Draws / size
	group := func(i int) float64 { return floats.Sum(values[i*size:(i+1)*size]) / float64(size) }
	for i := range n {
		mean += group(i) / float64(n)
	}
	for i := range n {
		deviation += (group(i) - mean) * (group(i) - mean)
	}
	if n < 2 {
		return mean, math.Inf(1)
	}
	return mean, math.Sqrt(deviation / float64(n*(n-1)))
}
