package rsa

import (
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Builder computes RDMs one after the other in the same scratch memory. It
// belongs to one worker. Features are taken in blocks, so that the memory does
// not grow with their number.
type Builder struct {
	d      Dissimilarity
	design Design

	most    int       // features of the widest data, 0 if unknown
	n       int       // conditions
	width   int       // features of a block
	a, b    []float64 // cells x width, what is multiplied
	columns []float64 // one number a column or a condition
	cross   []float64 // n x n, sums of products
	mean    []float64 // of each condition over features
	count   []float64 // observations of each cell
	mask    maskScratch

	arena cmem.Arena
	held  [2]int // conditions and cells that there is memory for
}

// NewBuilder returns a Builder, which must be freed.
func NewBuilder(d Dissimilarity) *Builder { return &Builder{d: d} }

// Free releases the memory.
func (b *Builder) Free() { b.arena.Free() }

// start checks the design and sees to the memory.
func (b *Builder) start(x *mat.Dense, design Design) error {
	m, _ := x.Dims()
	if design.Conditions < 3 {
		return core.Invalidf("an RDM needs at least 3 conditions, got %d", design.Conditions)
	}
	if design.Condition == nil && m != design.Conditions {
		return core.Invalidf("expected responses to %d conditions, got %d", design.Conditions, m)
	}
	if b.d.Measure == Crossnobis && (design.Folds < 2 || design.Fold == nil) {
		return core.Invalidf("cross-validation needs at least 2 folds, got %d", design.Folds)
	}
	b.design, b.n = design, design.Conditions
	cells := b.cells()
	if held := [2]int{b.n, cells}; b.held != held {
		b.reserve(cells)
		b.held = held
	}
	if err := b.arena.Err(); err != nil {
		return err
	}
	clear(b.count)
	for o := range m {
		b.count[b.cell(o)]++
	}
	return b.checkCounts()
}

// cells returns the number of sums of observations: one a condition or, for
// Crossnobis, one a condition and fold.
func (b *Builder) cells() int {
	if b.d.Measure == Crossnobis {
		return b.n * b.design.Folds
	}
	return b.n
}

// cell returns that of an observation.
func (b *Builder) cell(o int) int {
	switch {
	case b.d.Measure == Crossnobis:
		return int(b.design.Fold[o])*b.n + b.condition(o)
	default:
		return b.condition(o)
	}
}

func (b *Builder) condition(o int) int {
	if b.design.Condition == nil {
		return o
	}
	return int(b.design.Condition[o])
}

// blockSize is the number of float64 in a block that a second-level cache holds,
// and leastWidth that of features with which products run near full speed.
const (
	blockSize  = 1 << 16
	leastWidth = 256
)

func (b *Builder) reserve(cells int) {
	b.arena.Free()
	n := b.n
	b.width = max(leastWidth, blockSize/cells)
	if b.most > 0 {
		b.width = min(b.width, b.most)
	}
	b.a, b.b = b.arena.Float64s(cells*b.width), b.arena.Float64s(n*b.width)
	b.columns = b.arena.Float64s(max(b.width, n))
	b.cross, b.mean, b.count = b.arena.Float64s(n*n), b.arena.Float64s(n), b.arena.Float64s(cells)
	b.mask = maskScratch{}
}

// checkCounts makes sure that every condition was observed, and for Crossnobis
// every pair in different folds.
func (b *Builder) checkCounts() error {
	if b.d.Measure != Crossnobis {
		for c, count := range b.count {
			if count == 0 {
				return core.Invalidf("condition %d has no observations", c)
			}
		}
		return nil
	}
	for i := range b.n {
		for j := i; j < b.n; j++ {
			if b.products(i, j) > 0 {
				continue
			}
			if i == j {
				return core.Invalidf("condition %d was not observed in two folds, which cross-validation needs", i)
			}
			return core.Invalidf("conditions %d and %d were not observed in different folds, which cross-validation needs", i, j)
		}
	}
	return nil
}

// products returns the number of pairs of observations of conditions i and j
// from different folds.
func (b *Builder) products(i, j int) float64 {
	var ni, nj, same float64
	for f := range b.design.Folds {
		ci, cj := b.count[f*b.n+i], b.count[f*b.n+j]
		ni, nj, same = ni+ci, nj+cj, same+ci*cj
	}
	return ni*nj - same
}

// load stores features [from, from+w) of each cell in rows of b.a: means, or
// sums for Crossnobis.
func (b *Builder) load(x *mat.Dense, from, w int) {
	m, _ := x.Dims()
	if b.design.Condition == nil && b.d.Measure != Crossnobis {
		for o := range m {
			copy(b.a[o*w:(o+1)*w], x.RawRowView(o)[from:])
		}
		return
	}
	clear(b.a[:len(b.count)*w])
	for o := range m {
		row := b.a[b.cell(o)*w:][:w]
		for j, v := range x.RawRowView(o)[from : from+w] {
			row[j] += v
		}
	}
	if b.d.Measure == Crossnobis {
		return
	}
	for c, count := range b.count {
		if count == 1 {
			continue
		}
		row := b.a[c*w : (c+1)*w]
		for j := range row {
			row[j] /= count
		}
	}
}
