package rsa

import (
	"iter"
	"slices"
	"sync/atomic"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Design says what the rows of a matrix of responses are.
type Design struct {
	Conditions int
	// Condition is that of each row, from 0; nil if row i is condition i. Rows
	// of a condition are averaged.
	Condition []int64
	// Folds is the number of folds, and Fold that of each row; for Crossnobis.
	Folds int
	Fold  []int64
	// Covariances are those of the noise of each fold, of which the upper triangle
	// counts; for Crossnobis. Nil if responses are white.
	Covariances []*mat.Dense
}

// builder computes RDMs one after the other in the same scratch memory. It
// belongs to one worker. Features are taken in blocks, so that the memory does
// not grow with their number.
type builder struct {
	d       Dissimilarity
	measure measure
	design  Design
	workers int // that share the products of an RDM; 0 is one

	n        int       // conditions
	side     int       // conditions that workers take at a time
	features float64   // of the data
	width    int       // features of a block
	a, b     []float64 // cells x width, what is multiplied
	columns  []float64 // two numbers a column
	center   []float64 // parts x features, sums, of which the first become what is subtracted
	ones     []float64 // one a column, or a condition
	// step is that of the responses to each condition (see grid.go), mean what is
	// subtracted from them, near their mean over features, and sum what then is
	// left of their sum.
	step, mean, sum []float64
	count           []float64 // observations of each cell
	even            bool      // it is the same for all
	rows, only      []int32   // the observation of each cell; only is nil unless each has one
	// unit is what means of observations are multiplied by or, if there are folds,
	// means of products: they then are as exact as sums.
	unit  float64
	gram  []float64 // n x n, sums of products
	sizes []float64 // of each condition, if no responses are missing
	roots []float64 // of the sizes
	// parts x n, of the sums of a condition and others
	first, second, lengths []float64
	near                   []cmem.List[[3]int] // of each part, pairs {i, j, position} to refine
	scanned                bool                // responses are, before they are multiplied
	lacks                  atomic.Bool         // a scanned row does
	missing                bool                // responses are, and mask says where
	mask                   mask
}

const (
	// blockSize is the number of float64 of a block that is multiplied while it is in the
	// second-level cache, and leastWidth that of features with which products run near full
	// speed: OpenBLAS takes as many at a time.
	blockSize  = 1 << 15
	leastWidth = 256
	// mostInPart is how many conditions workers take at a time at most: enough for products
	// to run near full speed. Most RDMs are one part.
	mostInPart = 256
)

// newBuilder returns a builder of RDMs of n conditions, from data with no more
// than so many folds and features.
func newBuilder(arena *cmem.Arena, d Dissimilarity, n, folds, features int) *builder {
	b := &builder{d: d, measure: measures[d.Measure], n: n, side: sideOf(n)}
	cells := n
	if b.measure.folds {
		cells *= max(1, folds)
	}
	b.width = min(features, max(leastWidth, blockSize/cells/leastWidth*leastWidth))
	b.a, b.b = arena.Float64s(cells*b.width), arena.Float64s(n*b.width)
	b.columns, b.ones = arena.Float64s(2*b.width), arena.Float64s(max(b.width, b.side))
	b.step, b.mean, b.sum = arena.Float64s(n), arena.Float64s(n), arena.Float64s(n)
	b.gram, b.sizes, b.roots = arena.Float64s(n*n), arena.Float64s(n), arena.Float64s(n)
	b.first, b.second = arena.Float64s(b.parts()*n), arena.Float64s(b.parts()*n)
	b.lengths = arena.Float64s(b.parts() * n)
	b.near = make([]cmem.List[[3]int], b.parts()) // heap: one a part
	b.count, b.rows = arena.Float64s(cells), arena.Int32s(cells)
	if b.measure.differences {
		b.center = arena.Float64s(b.parts(), features)
	}
	for j := range b.ones {
		b.ones[j] = 1
	}
	return b
}

// sideOf returns the number of conditions of a part: about the same for all of them.
func sideOf(n int) int {
	parts := (n + mostInPart - 1) / mostInPart
	return ((n+parts-1)/parts + 7) / 8 * 8 // whole vectors
}

// start checks the design of m rows of p responses and counts observations.
func (b *builder) start(m, p int, design Design) error {
	if design.Condition == nil && m != design.Conditions {
		return core.Invalidf("expected responses to %d conditions, got %d", design.Conditions, m)
	}
	if b.measure.folds && (design.Folds < 2 || design.Fold == nil) {
		return core.Invalidf("cross-validation needs at least 2 folds, got %d", design.Folds)
	}
	if !b.measure.folds {
		design.Folds, design.Fold, design.Covariances = 0, nil, nil
	}
	b.design, b.features = design, float64(p)
	b.count = b.count[:b.n*max(1, design.Folds)]
	clear(b.count)
	for o := range m {
		b.count[b.cell(o)]++
	}
	b.even = slices.Min(b.count) == slices.Max(b.count)
	if err := b.checkCounts(); err != nil {
		return err
	}
	b.setUnit()
	b.setOnly(m)
	b.missing, b.scanned = false, false
	return nil
}

// setOnly finds the row of each cell, if each has one of m.
func (b *builder) setOnly(m int) {
	b.only = nil
	if !b.even || b.count[0] != 1 {
		return
	}
	b.only = b.rows[:len(b.count)]
	for o := range m {
		b.only[b.cell(o)] = int32(o)
	}
}

// setUnit finds the unit, for responses of which none is missing.
func (b *builder) setUnit() {
	switch {
	case b.measure.factors != nil: // of the means
		b.unit = 1
	case b.measure.folds && b.even:
		b.unit = unitOf(slices.Values([]float64{b.products(0, 0)}))
	case b.measure.folds:
		b.unit = unitOf(b.allProducts())
	default:
		b.unit = unitOf(slices.Values(b.count))
	}
}

// differencesAlone says whether what all responses have in common does not count.
func (b *builder) differencesAlone() bool {
	return b.measure.differences && (!b.measure.folds || b.even)
}

// cell returns that of an observation: there is one for the sum of each condition
// or, of measures with folds, of each condition in a fold.
func (b *builder) cell(o int) int {
	if b.design.Fold == nil {
		return b.condition(o)
	}
	return int(b.design.Fold[o])*b.n + b.condition(o)
}

func (b *builder) condition(o int) int {
	if b.design.Condition == nil {
		return o
	}
	return int(b.design.Condition[o])
}

// checkCounts makes sure that every condition was observed, and every pair in
// different folds if there are any.
func (b *builder) checkCounts() error {
	if b.measure.folds {
		return b.checkFolds()
	}
	for c, count := range b.count {
		if count == 0 {
			return core.Invalidf("%v has no observations", core.Condition(c))
		}
	}
	return nil
}

func (b *builder) checkFolds() error {
	if b.even && b.count[0] > 0 {
		return nil
	}
	for i := range b.n {
		for j := i; j < b.n; j++ {
			switch {
			case b.products(i, j) > 0:
			case i == j:
				return core.Invalidf(
					"%v was not observed in two folds, which cross-validation needs",
					core.Condition(i))
			default:
				return core.Invalidf(
					"%v and %v were not observed in different folds, which cross-validation needs",
					core.Condition(i), core.Condition(j))
			}
		}
	}
	return nil
}

// products returns the number of pairs of observations of conditions i and j
// from different folds.
func (b *builder) products(i, j int) float64 {
	if b.even {
		folds := float64(b.design.Folds)
		return folds * (folds - 1) * b.count[0] * b.count[0]
	}
	var ni, nj, same float64
	for f := range b.design.Folds {
		ci, cj := b.count[f*b.n+i], b.count[f*b.n+j]
		ni, nj, same = ni+ci, nj+cj, same+ci*cj
	}
	return ni*nj - same
}

// allProducts yields products(i, j) of all i <= j.
func (b *builder) allProducts() iter.Seq[float64] {
	return func(yield func(float64) bool) {
		for i := range b.n {
			for j := i; j < b.n; j++ {
				if !yield(b.products(i, j)) {
					return
				}
			}
		}
	}
}

// blocks yields the first and the number of features of each block of p.
func (b *builder) blocks(p int) iter.Seq2[int, int] {
	return func(yield func(from, w int) bool) {
		for from := 0; from < p && yield(from, min(b.width, p-from)); from += b.width {
		}
	}
}

// load stores features [from, from+w) of each cell in rows of b.a: means in units,
// or sums if there are folds.
func (b *builder) load(x *mat.Dense, from, w int) {
	m, _ := x.Dims()
	switch {
	case b.missing:
		b.loadMasked(x, from, w)
		return
	case b.only != nil:
		for c, o := range b.only {
			copy(b.a[c*w:(c+1)*w], x.RawRowView(int(o))[from:])
		}
		return
	}
	clear(b.a[:len(b.count)*w])
	for o := range m {
		floats.Add(b.a[b.cell(o)*w:][:w], x.RawRowView(o)[from:from+w])
	}
	if b.measure.folds {
		return
	}
	for c, count := range b.count {
		if count == b.unit {
			continue
		}
		row := b.a[c*w : (c+1)*w]
		for j := range row {
			row[j] = row[j] * b.unit / count
		}
	}
}
