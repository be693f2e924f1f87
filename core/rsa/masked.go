package rsa

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// mask is what responses with NaN take beside a builder's memory. For
// conditions i and j and the features that both have, count_ij is their number,
// sum_ij the sum of the centered responses to i, and self_ij that of the products
// of i with itself.
type mask struct {
	valid            []float64 // n x width, 1 or 0
	seen             []float64 // cells x width, observations that are not NaN; then products
	count, sum, self []float64 // n x n
	counts           []float64 // parts x n, of a condition and others
}

// startMasked makes a mask, and finds the unit and the means to be subtracted.
func (b *builder) startMasked(arena *cmem.Arena, x *mat.Dense) error {
	n := b.n
	b.mask = mask{
		valid: arena.Float64s(n * b.width), seen: arena.Float64s(len(b.count) * b.width),
		count: arena.Float64s(n * n), sum: arena.Float64s(n * n), self: arena.Float64s(n * n),
		counts: arena.Float64s(b.parts() * n),
	}
	if err := arena.Err(); err != nil {
		return err
	}
	if b.measure.factors == nil && !b.measure.folds {
		b.unit = unitOf(upTo(slices.Max(b.count)))
	}
	if b.measure.centered {
		b.averageMasked(x)
	}
	return nil
}

// averageMasked finds the means of the conditions over the features they have.
func (b *builder) averageMasked(x *mat.Dense) {
	_, p := x.Dims()
	number := b.sizes
	clear(b.sum)
	clear(number)
	for from, w := range b.blocks(p) {
		b.loadMasked(x, from, w)
		for k, v := range b.a[:b.n*w] {
			b.sum[k/w] += v
			number[k/w] += b.mask.valid[k]
		}
	}
	for c := range b.sum {
		b.subtractMean(c, b.sum[c], number[c])
	}
}

// loadMasked is load with the observations that are not NaN. A condition lacks
// a feature if it was never observed or, if there are folds, not in every
// observation.
func (b *builder) loadMasked(x *mat.Dense, from, w int) {
	m, _ := x.Dims()
	cells, seen := len(b.count), b.mask.seen
	clear(b.a[:cells*w])
	clear(seen[:cells*w])
	for o := range m {
		at := b.cell(o) * w
		for j, v := range x.RawRowView(o)[from : from+w] {
			if !math.IsNaN(v) {
				b.a[at+j] += v
				seen[at+j]++
			}
		}
	}
	if b.measure.folds {
		b.validInAll(w)
	} else {
		b.averageSeen(w)
	}
}

// averageSeen turns sums into means, in units.
func (b *builder) averageSeen(w int) {
	for k, seen := range b.mask.seen[:b.n*w] {
		b.mask.valid[k] = min(1, seen)
		b.a[k] = b.a[k] * b.unit / max(1, seen)
	}
}

// validInAll finds what was seen in every observation, and drops the rest.
func (b *builder) validInAll(w int) {
	valid := b.mask.valid[:b.n*w]
	for k := range valid {
		valid[k] = 1
	}
	for k, seen := range b.mask.seen[:len(b.count)*w] {
		if seen < b.count[k/w] {
			valid[k%len(valid)] = 0
		}
	}
	b.dropMissing(w)
}

// averageValid divides the sums of columns by how many conditions have them.
func (b *builder) averageValid(sum []float64) {
	w := len(sum)
	for j := range sum {
		var number float64
		for c := range b.n {
			number += b.mask.valid[c*w+j]
		}
		sum[j] /= max(1, number)
	}
}

// dropMissing sets what is multiplied to 0 where a condition lacks the feature.
func (b *builder) dropMissing(w int) {
	valid := b.mask.valid[:b.n*w]
	for from := 0; from < len(b.count)*w; from += len(valid) {
		floats.Mul(b.a[from:from+len(valid)], valid)
	}
	if b.measure.factors != nil {
		floats.Mul(b.b[:len(valid)], valid)
	}
}

// accumulateMasked adds to what is summed over the features that pairs have.
func (b *builder) accumulateMasked(w int) {
	n, m := b.n, &b.mask
	first, second := b.multiplied(w)
	self := m.seen[:n*w]
	floats.MulTo(self, first, second)
	for f := range b.design.Folds {
		for k, v := range b.a[f*n*w : (f+1)*n*w] {
			self[k] -= v * v
		}
	}
	overValid := func(dst, x []float64) {
		linalg.Gemm(blas.NoTrans, blas.Trans, n, n, w, 1, x, w, m.valid, w, 1, dst, n)
	}
	blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, n, w, 1, m.valid, w, 1, m.count, n)
	overValid(m.self, self)
	if b.measure.centered {
		overValid(m.sum, first)
	}
}

// pairMasked completes the sums of condition i and those after it, each two over
// the features that both have.
func (b *builder) pairMasked(s sums, i int) error {
	m := &b.mask
	for k := range s.cross {
		j := i + 1 + k
		ij, ji := i*b.n+j, j*b.n+i
		count := m.count[ij]
		if count == 0 {
			return core.Invalidf("%v and %v have no feature without NaN in common",
				core.Condition(i), core.Condition(j))
		}
		s.count[k] = count
		s.first[k] = b.size(i, count, m.sum[ij], m.self[ij])
		s.second[k] = b.size(j, count, m.sum[ji], m.self[ji])
		s.lengths[k] = math.Sqrt(s.first[k]) * math.Sqrt(s.second[k])
		if b.measure.centered {
			s.cross[k] = count*s.cross[k] - m.sum[ij]*m.sum[ji]
		}
		switch {
		case !(s.first[k] <= math.MaxFloat64 && s.second[k] <= math.MaxFloat64):
			return errRange
		case b.measure.flat == "":
		case s.first[k] == 0:
			return b.flatOver(count, i, j, i)
		case s.second[k] == 0:
			return b.flatOver(count, i, j, j)
		}
	}
	return nil
}

// flatOver is the error of condition c, which is i or j, having no length.
func (b *builder) flatOver(count float64, i, j, c int) error {
	return core.Invalidf("over the %v features without NaN that %v and %v have in common, the "+
		"responses to %v are %s, so that their %s is undefined", count,
		core.Condition(i), core.Condition(j), core.Condition(c), b.measure.flat, b.measure.name)
}
