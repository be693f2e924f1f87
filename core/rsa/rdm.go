package rsa

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// RDMs stores in row k of dst the condensed RDM of responses xs[k] with design
// designs[k], all of them of the same number of conditions. It fails if a
// dissimilarity is undefined.
func RDMs(
	ctx context.Context, dst *mat.Dense, xs []*mat.Dense, d Dissimilarity, designs []Design,
) error {
	var n, folds, features int
	for k, x := range xs {
		_, p := x.Dims()
		n, folds, features = designs[k].Conditions, max(folds, designs[k].Folds), max(features, p)
		if n < 3 {
			return core.Invalidf("an RDM needs at least 3 conditions, got %d", n)
		}
	}
	newWorker := func(arena *cmem.Arena) *builder {
		return newBuilder(arena, d, n, folds, features)
	}
	workers := par.Workers(ctx, math.MaxInt)
	return par.Each(ctx, len(xs), newWorker, func(b *builder, k int) error {
		b.workers = max(1, workers/len(xs))
		err := b.condensed(ctx, dst.RawRowView(k), xs[k], designs[k])
		if err != nil && len(xs) > 1 {
			return core.Errorf("%v: %w", core.DataSet(k), err)
		}
		return err
	})
}

// condensed stores the condensed RDM of x in dst. It fails if a dissimilarity
// is undefined.
func (b *builder) condensed(
	ctx context.Context, dst []float64, x *mat.Dense, design Design,
) error {
	m, p := x.Dims()
	if err := b.start(m, p, design); err != nil {
		return err
	}
	if b.scansFirst() {
		if err := b.scan(ctx, x); err != nil {
			return err
		}
	}
	if b.measure.classify != nil {
		return b.decode(dst, x)
	}
	var arena cmem.Arena // of the mask, if there is one
	defer arena.Free()
	if err := b.sumProducts(ctx, &arena, x); err != nil {
		return err
	}
	if err := b.finish(ctx, dst, x); err != nil || b.design.Covariances != nil {
		return err
	}
	if total := floats.Sum(dst); math.IsNaN(total) || math.IsInf(total, 0) {
		return errRange
	}
	return nil
}

// scansFirst reports whether responses are looked at before they are multiplied. Otherwise
// means of features and products show what is not finite.
func (b *builder) scansFirst() bool {
	return !b.measure.differences || b.measure.factors != nil || b.measure.classify != nil ||
		b.design.Covariances != nil
}

// sumProducts stores the sums of products over the responses that there are.
func (b *builder) sumProducts(ctx context.Context, arena *cmem.Arena, x *mat.Dense) error {
	if b.design.Covariances != nil {
		return b.multiplyByFold(x)
	}
	if !b.missing {
		if finite, err := b.multiply(ctx, x); finite || err != nil {
			return err
		}
		if err := b.scan(ctx, x); err != nil {
			return err
		}
	}
	if b.missing {
		if err := b.startMasked(arena, x); err != nil {
			return err
		}
	}
	_, err := b.multiply(ctx, x)
	return err
}

// finiteSquares reports whether the products of conditions with themselves are finite: they
// are not where a response is not.
func (b *builder) finiteSquares() bool {
	for c := range b.n {
		if v := b.gram[c*b.n+c]; v-v != 0 {
			return false
		}
	}
	return true
}

// scan finds out whether responses are missing, and stores the means over
// features that are subtracted if none are.
func (b *builder) scan(ctx context.Context, x *mat.Dense) error {
	m, p := x.Dims()
	b.scanned = true
	clear(b.step)
	clear(b.sum)
	tasks, size := 1, m
	if b.only != nil && !b.measure.folds { // no two rows are of a condition
		tasks, size = b.parts(), b.side
	}
	b.lacks.Store(false)
	err := b.share(ctx, tasks, func(t int) error {
		for o := t * size; o < min((t+1)*size, m); o++ {
			lacks, err := b.scanRow(o, x.RawRowView(o))
			if err != nil {
				return err
			}
			if lacks {
				b.lacks.Store(true)
			}
		}
		return nil
	})
	if b.missing = b.lacks.Load(); err != nil || b.missing || !b.measure.centered {
		return err
	}
	for c, count := range b.count {
		b.subtractMean(c, b.sum[c]*b.unit/count, float64(p))
	}
	return nil
}

// scanRow adds row o to the sum of its condition, if that counts, and reports whether
// responses are missing.
func (b *builder) scanRow(o int, row []float64) (lacks bool, err error) {
	sum := floats.Sum(row)
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		for _, v := range row {
			if math.IsInf(v, 0) {
				return false, core.Invalidf("the responses contain infinity, in row %d", o)
			}
			lacks = lacks || math.IsNaN(v)
		}
	}
	if b.measure.centered {
		c := b.condition(o)
		b.sum[c] += sum
		if b.step[c] == 0 {
			b.step[c] = step(row)
		}
	}
	return lacks, nil
}

// subtractMean sets what is subtracted from the responses to a condition, whose sum
// over so many features is given.
func (b *builder) subtractMean(c int, sum, features float64) {
	b.mean[c] = onGrid(sum/max(1, features), b.step[c])
	b.sum[c] = sum - features*b.mean[c]
}

// finish turns products into dissimilarities, row by row.
func (b *builder) finish(ctx context.Context, dst []float64, x *mat.Dense) error {
	if !b.missing {
		if err := b.setSizes(); err != nil {
			return err
		}
	}
	near := b.near
	defer func() {
		for t := range near {
			near[t].Free()
		}
	}()
	err := b.share(ctx, len(near), func(t int) error {
		for i := t * b.side; i < min((t+1)*b.side, b.n-1); i++ {
			if err := b.finishRow(dst, i, t, &near[t]); err != nil {
				return err
			}
		}
		return near[t].Err()
	})
	if err != nil {
		return err
	}
	return b.refine(dst, x, near)
}

// finishRow stores the dissimilarities of condition i and those after it, in the memory
// of a part, and notes those that are nearby.
func (b *builder) finishRow(dst []float64, i, part int, near *cmem.List[[3]int]) error {
	s, err := b.row(i, part)
	if err != nil {
		return err
	}
	k := i*b.n - i*(i+1)/2
	if b.measure.differences && !b.measure.folds {
		addNear(near, s, i, k)
	}
	b.measure.formula(dst[k:k+len(s.cross)], s)
	return nil
}

// setSizes stores the size of each condition.
func (b *builder) setSizes() error {
	for c := range b.n {
		b.sizes[c] = b.size(c, b.features, b.sum[c], b.gram[c*b.n+c])
		b.roots[c] = math.Sqrt(b.sizes[c])
		switch {
		case !(b.sizes[c] <= math.MaxFloat64):
			return errRange
		case b.measure.flat != "" && b.sizes[c] == 0:
			return core.Invalidf("the responses to %v are %s over features, so that their %s with "+
				"others is undefined", core.Condition(c), b.measure.flat, b.measure.name)
		}
	}
	return nil
}

// size returns what the sums of a pair take of condition c alone, its product with
// itself.
func (b *builder) size(c int, count, sum, self float64) float64 {
	switch {
	case b.measure.folds:
		return self * b.unit / b.products(c, c)
	case b.measure.centered:
		return centeredSquare(count, b.mean[c], sum, self)
	}
	return self
}

// centeredSquare returns count times the squared length of a pattern from which
// something near the mean was subtracted, and its sum over count features is still
// to be: whole numbers of whole numbers. It is 0 if all is rounding.
func centeredSquare(count, mean, sum, self float64) float64 {
	self *= count
	square := self - sum*sum
	if !(math.Sqrt(square) > unvaried*(math.Abs(mean)*count+math.Sqrt(self))) &&
		self <= math.MaxFloat64 {
		return 0
	}
	return square
}

// row returns the sums of condition i and those after it, in the memory of a part and of
// the products.
func (b *builder) row(i, part int) (sums, error) {
	n, first := b.n, i+1
	s := b.sums(n-first, part)
	s.cross = b.gram[i*n+first : (i+1)*n]
	switch {
	case b.measure.factors != nil:
		for k := range s.cross {
			s.cross[k] = (s.cross[k] + b.gram[(first+k)*n+i]) / 2
		}
	case b.measure.folds:
		for k := range s.cross {
			s.cross[k] = s.cross[k] * b.unit / b.products(i, first+k)
		}
	}
	if b.missing {
		return s, b.pairMasked(s, i)
	}
	for k := range s.first {
		s.first[k] = b.sizes[i]
	}
	copy(s.second, b.sizes[first:])
	if b.measure.flat != "" {
		floats.ScaleTo(s.lengths, b.roots[i], b.roots[first:])
	}
	if b.measure.centered {
		floats.Scale(b.features, s.cross)
		floats.AddScaled(s.cross, -b.sum[i], b.sum[first:])
	}
	return s, nil
}

// sums returns the memory of a part for those of a condition with so many others.
func (b *builder) sums(others, part int) sums {
	from := part * b.n
	to := from + others
	s := sums{features: b.features, unit: b.unit * b.unit, first: b.first[from:to],
		second: b.second[from:to], lengths: b.lengths[from:to]}
	if b.measure.folds {
		s.unit = b.unit
	}
	if b.missing {
		s.count = b.mask.counts[from:to]
	}
	return s
}

// nearby is the part of the squared norms below which a squared distance is
// summed from differences, because products no longer resolve it.
const nearby = 1e-5

// addNear adds {i, j, position} of the pairs of condition i that are nearby, the first
// of which is at position k.
func addNear(near *cmem.List[[3]int], s sums, i, k int) {
	first, second := s.first[:len(s.cross)], s.second[:len(s.cross)]
	for t, cross := range s.cross {
		if self := first[t] + second[t]; self-2*cross < nearby*self {
			near.Add([3]int{i, i + 1 + t, k + t})
		}
	}
}

// refine stores the dissimilarities of pairs {i, j, position} from differences:
// there is nothing but the product of the difference with itself.
func (b *builder) refine(dst []float64, x *mat.Dense, near []cmem.List[[3]int]) error {
	pairs := func(do func(pair [3]int)) (some bool) {
		for t := range near {
			for _, pair := range near[t].Items() {
				do(pair)
				some = true
			}
		}
		return some
	}
	if !pairs(func(pair [3]int) { dst[pair[2]] = 0 }) {
		return nil
	}
	_, p := x.Dims()
	for from, w := range b.blocks(p) {
		b.load(x, from, w)
		if b.measure.factors != nil {
			if err := b.factor(w); err != nil {
				return err
			}
		}
		pairs(func(pair [3]int) { dst[pair[2]] += b.squaredDifference(pair[0], pair[1], w) })
	}
	s := b.sums(1, 0)
	s.cross = b.gram[:1]
	s.second[0], s.cross[0] = 0, 0
	pairs(func(pair [3]int) {
		square := dst[pair[2] : pair[2]+1]
		s.first[0] = square[0]
		if b.missing {
			s.count[0] = b.mask.count[pair[0]*b.n+pair[1]]
		}
		b.measure.formula(square, s)
	})
	return nil
}

// squaredDifference returns the product of the differences of conditions i and j
// over the w loaded features that both have.
func (b *builder) squaredDifference(i, j, w int) float64 {
	first, second := b.multiplied(w)
	d, e := b.columns[:w], b.columns[w:2*w]
	floats.SubTo(d, first[i*w:(i+1)*w], first[j*w:(j+1)*w])
	floats.SubTo(e, second[i*w:(i+1)*w], second[j*w:(j+1)*w])
	if b.missing {
		floats.Mul(d, b.mask.valid[i*w:(i+1)*w])
		floats.Mul(d, b.mask.valid[j*w:(j+1)*w])
	}
	return floats.Dot(d, e)
}
