package rsa

import (
	"iter"
	"slices"

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
	features float64   // of the data
	width    int       // features of a block
	a, b     []float64 // cells x width, what is multiplied
	columns  []float64 // two numbers a column
	// step is that of the responses to each condition (see grid.go), mean what is
	// subtracted from them, near their mean over features, and sum what then is
	// left of their sum.
	step, mean, sum []float64
	count           []float64 // observations of each cell
	even            bool      // it is the same for all
	// unit is what means of observations are multiplied by or, if there are folds,
	// means of products: they then are as exact as sums.
	unit  float64
	gram  []float64 // n x n, sums of products
	sizes []float64 // of each condition, if no responses are missing
	roots []float64 // of the sizes
	// of the sums of a condition and others
	first, second, lengths, cross []float64
	missing                       bool // responses are, and mask says where
	mask                          mask
}

// blockSize is the number of float64 in a block that a second-level cache holds,
// and leastWidth that of features with which products run near full speed.
const (
	blockSize  = 1 << 16
	leastWidth = 256
)

// newBuilder returns a builder of RDMs of n conditions, from data with no more
// than so many folds and features.
func newBuilder(arena *cmem.Arena, d Dissimilarity, n, folds, features int) *builder {
	b := &builder{d: d, measure: measures[d.Measure], n: n}
	cells := n
	if b.measure.folds {
		cells *= max(1, folds)
	}
	b.width = min(features, max(leastWidth, blockSize/cells))
	b.a, b.b = arena.Float64s(cells*b.width), arena.Float64s(n*b.width)
	b.columns = arena.Float64s(2 * b.width)
	b.step, b.mean, b.sum = arena.Float64s(n), arena.Float64s(n), arena.Float64s(n)
	b.gram, b.sizes, b.roots = arena.Float64s(n*n), arena.Float64s(n), arena.Float64s(n)
	b.first, b.second = arena.Float64s(n), arena.Float64s(n)
	b.lengths, b.cross = arena.Float64s(n), arena.Float64s(n)
	b.count = arena.Float64s(cells)
	return b
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
	if err := b.checkCounts(); err != nil {
		return err
	}
	b.even = slices.Min(b.count) == slices.Max(b.count)
	b.setUnit()
	return nil
}

// setUnit finds the unit, for responses of which none is missing.
func (b *builder) setUnit() {
	switch {
	case b.measure.factors != nil: // of the means
		b.unit = 1
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
	case b.single():
		b.loadRows(x, 0, m, from, w)
		return
	}
	clear(b.a[:len(b.count)*w])
	for o := range m {
		row := b.a[b.cell(o)*w:][:w]
		for j, v := range x.RawRowView(o)[from : from+w] {
			row[j] += v
		}
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

// single reports whether rows of data are patterns.
func (b *builder) single() bool { return b.design.Condition == nil && !b.measure.folds }

// loadRows is load for rows [first, last) that are patterns, none of which lacks anything.
func (b *builder) loadRows(x *mat.Dense, first, last, from, w int) {
	for o := first; o < last; o++ {
		copy(b.a[o*w:(o+1)*w], x.RawRowView(o)[from:])
	}
}
