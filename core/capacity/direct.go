package capacity

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// Labels says how objects are divided in two.
type Labels int

const (
	// Balanced dichotomies have half of the objects on either side; an odd one
	// is negative.
	Balanced Labels = iota
	// Independent labels are 1 or -1 with probability 1/2 each.
	Independent
	// Sparse dichotomies have one negative object.
	Sparse
	// Given dichotomies are used in order, each once.
	Given
)

// Features says what becomes of N features in an attempt with n of them.
type Features int

const (
	// Projected features are n random linear combinations, with independent
	// Gaussian coefficients.
	Projected Features = iota
	// Sampled features are n of the N, drawn without replacement.
	Sampled
	// First features are the first n.
	First
)

// Direct measures how often a hyperplane separates manifolds that are divided in
// two at random, by counting.
type Direct struct {
	// Points holds samples in rows, those of an object together.
	Points *mat.Dense
	// Sizes holds the number of samples of each object.
	Sizes    []int64
	Labels   Labels
	Given    *mat.Dense // dichotomies in rows, if Labels is Given
	Features Features
	// Bias lets hyperplanes miss the origin.
	Bias bool
	Seed uint64
}

// Check returns an error if the fields do not fit together.
func (d *Direct) Check() error {
	rows, _ := d.Points.Dims()
	left := int64(rows)
	for i, size := range d.Sizes {
		if size < 1 || size > left {
			return core.Invalidf("object %d has %d samples of the last %d", i, size, left)
		}
		left -= size
	}
	switch {
	case left > 0:
		return core.Invalidf("the last %d samples belong to no object", left)
	case d.Labels < Balanced || d.Labels > Given || d.Features < Projected || d.Features > First:
		return core.Invalidf("there are no labels %d or features %d", d.Labels, d.Features)
	case (d.Labels == Given) != (d.Given != nil):
		return core.Invalidf("dichotomies are given if and only if they are used")
	}
	if d.Given != nil {
		if _, objects := d.Given.Dims(); objects != len(d.Sizes) {
			return core.Invalidf("dichotomies of %d objects, but there are %d", objects, len(d.Sizes))
		}
	}
	return nil
}

// coordinates returns points in as few dimensions as attempts need: less their
// mean if there is a bias, which then changes nothing but rounding; for Projected
// features in the coordinates of an orthonormal basis of the samples' span, if
// that has fewer dimensions; and in units of the greatest length. The second
// result tells whether row i is 0 beyond column i.
func (d *Direct) coordinates(arena *cmem.Arena) (blas64.General, bool, error) {
	m, n := d.Points.Dims()
	mean := arena.Float64s(n)
	if err := arena.Err(); err != nil {
		return blas64.General{}, false, err
	}
	if d.Bias {
		linalg.ColumnMeans(mean, d.Points)
	}
	reduce := d.Features == Projected && n > m
	wide := &linalg.WideFactor{}
	x := blas64.General{Rows: m, Cols: n, Stride: n}
	if reduce {
		wide = linalg.NewWideFactor(arena, m, n)
		x.Cols, x.Stride = m, m
	}
	x.Data = arena.Float64s(m * x.Cols)
	if err := arena.Err(); err != nil {
		return x, false, err
	}
	if reduce {
		wide.Reduce(x.Data, d.Points, mean)
		echelon(x)
	} else {
		linalg.SubtractRow(x.Data, d.Points, mean)
	}
	size := 0.0
	for i := range m {
		size = max(size, floats.Norm(linalg.Row(x, i), 2))
	}
	if math.IsInf(size, 0) || math.IsNaN(size) || size < 0 {
		return x, false, core.Invalidf("samples are too large: their squared norm overflows")
	}
	if size > 0 {
		for i := range x.Data {
			x.Data[i] /= size
		}
	}
	return x, reduce, nil
}

// leastHeight is the distance of a sample from the span of those before it, in
// units of the largest, below which it lies in there: rounding then decides on the
// direction of the rest.
const leastHeight = 1e-9

// echelon makes the axes of a lower triangular factor those that the samples
// define one after the other, positive in the first that needs them. The factor
// itself has axes and signs that rounding chose, and where a sample depends on
// those before it an axis in an arbitrary direction.
func echelon(x blas64.General) {
	size := 0.0
	for i := range x.Rows {
		size = max(size, floats.Norm(linalg.Row(x, i), 2))
	}
	column := 0
	for i := range x.Rows {
		tail := linalg.Row(x, i)[column:]
		length := floats.Norm(tail, 2)
		if length <= leastHeight*size {
			clear(tail)
			continue
		}
		alongAxis(x, i, column, length)
		column++
	}
}

// alongAxis reflects the rows from i on, in the columns from the given one on, so
// that row i has its length in the first and nothing in the others.
func alongAxis(x blas64.General, i, column int, length float64) {
	tail := linalg.Row(x, i)[column:]
	if floats.Norm(tail[1:], math.Inf(1)) == 0 {
		if tail[0] < 0 {
			for j := i; j < x.Rows; j++ {
				linalg.Row(x, j)[column] *= -1
			}
		}
		return
	}
	// The row itself holds the vector of the reflection.
	sign := math.Copysign(1, tail[0])
	tail[0] += sign * length // to -sign, which cancels nothing
	square := floats.Dot(tail, tail)
	for j := i + 1; j < x.Rows; j++ {
		row := linalg.Row(x, j)[column:]
		floats.AddScaled(row, -2*floats.Dot(tail, row)/square, tail)
		row[0] *= -sign
	}
	clear(tail)
	tail[0] = length
}

// rng returns the source of randomness of attempt i with n features.
func (d *Direct) rng(n, i int) *rand.Rand {
	return rand.New(rand.NewPCG(d.Seed, uint64(n)<<32|uint64(i)))
}

// draw stores the labels of the samples in dichotomy i, and returns whether there
// are both signs among them. order is scratch of a number for each object.
func (d *Direct) draw(labels []float64, order []int, rng *rand.Rand, i int) bool {
	objects, order := labels[:len(d.Sizes)], order[:len(d.Sizes)]
	negative := 0
	switch d.Labels {
	case Given:
		dichotomies, _ := d.Given.Dims()
		copy(objects, d.Given.RawRowView(i%dichotomies))
	case Independent:
		for o := range objects {
			objects[o] = float64(1 - 2*rng.IntN(2))
		}
	case Balanced:
		negative = (len(objects) + 1) / 2
	case Sparse:
		negative = 1
	}
	if negative > 0 {
		core.Shuffle(order, rng)
		for place, o := range order {
			objects[o] = 1
			if place < negative {
				objects[o] = -1
			}
		}
	}
	bothSigns := floats.Min(objects) < floats.Max(objects)
	// From the last on, so that no object is overwritten before its turn.
	at := len(labels)
	for o := len(objects) - 1; o >= 0; o-- {
		y := objects[o]
		for range d.Sizes[o] {
			at--
			labels[at] = y
		}
	}
	return bothSigns
}
