package rsa

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
	if err := b.scan(x); err != nil {
		return err
	}
	if b.measure.classify != nil {
		return b.decode(dst, x)
	}
	if b.design.Covariances != nil {
		if err := b.multiplyByFold(x); err != nil {
			return err
		}
		return b.finish(dst, x)
	}
	if b.missing {
		var arena cmem.Arena
		defer arena.Free()
		if err := b.startMasked(&arena, x); err != nil {
			return err
		}
	}
	if err := b.multiply(ctx, x); err != nil {
		return err
	}
	if err := b.finish(dst, x); err != nil {
		return err
	}
	if total := floats.Sum(dst); math.IsNaN(total) || math.IsInf(total, 0) {
		return errRange
	}
	return nil
}

// scan finds out whether responses are missing, and stores the means over
// features that are subtracted if none are.
func (b *builder) scan(x *mat.Dense) error {
	m, p := x.Dims()
	b.missing = false
	clear(b.step)
	clear(b.sum)
	for o := range m {
		row := x.RawRowView(o)
		sum := floats.Sum(row)
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			for _, v := range row {
				if math.IsInf(v, 0) {
					return core.Invalidf("the responses contain infinity, in row %d", o)
				}
				b.missing = b.missing || math.IsNaN(v)
			}
		}
		if c := b.condition(o); b.measure.centered {
			b.sum[c] += sum
			if b.step[c] == 0 {
				b.step[c] = step(row)
			}
		}
	}
	if b.measure.centered && !b.missing {
		for c, count := range b.count {
			b.subtractMean(c, b.sum[c]*b.unit/count, float64(p))
		}
	}
	return nil
}

// subtractMean sets what is subtracted from the responses to a condition, whose sum
// over so many features is given.
func (b *builder) subtractMean(c int, sum, features float64) {
	b.mean[c] = onGrid(sum/max(1, features), b.step[c])
	b.sum[c] = sum - features*b.mean[c]
}

// multiply stores the sums of products over all features in b.gram.
func (b *builder) multiply(ctx context.Context, x *mat.Dense) error {
	_, p := x.Dims()
	clear(b.gram)
	for from, w := range b.blocks(p) {
		if err := b.gather(ctx, x, from, w); err != nil {
			return err
		}
		if err := b.transform(w); err != nil {
			return err
		}
		if err := b.accumulate(ctx, w); err != nil {
			return err
		}
		if b.missing {
			b.accumulateMasked(w)
		}
	}
	return nil
}

// gather loads w features, and centers patterns if the measure does.
func (b *builder) gather(ctx context.Context, x *mat.Dense, from, w int) error {
	if b.missing || !b.single() {
		b.load(x, from, w)
		b.center(0, b.n, w)
		return nil
	}
	return b.share(ctx, b.parts(), func(t int) {
		first, last := t*side, min((t+1)*side, b.n)
		b.loadRows(x, first, last, from, w)
		b.center(first, last, w)
	})
}

// center subtracts the means of patterns [first, last) if the measure does.
func (b *builder) center(first, last, w int) {
	for c := first; c < last && b.measure.centered; c++ {
		floats.AddConst(-b.mean[c], b.a[c*w:(c+1)*w])
	}
}

// transform turns the w gathered features of each condition into what is
// multiplied.
func (b *builder) transform(w int) error {
	if b.measure.factors != nil {
		if err := b.factor(w); err != nil {
			return err
		}
	}
	if b.differencesAlone() {
		b.centerColumns(b.a[:len(b.count)*w], w)
		if b.measure.factors != nil {
			b.centerColumns(b.b[:b.n*w], w)
		}
	}
	if b.missing {
		b.dropMissing(w)
	}
	if b.measure.folds {
		b.total(w)
	}
	return nil
}

// centerColumns subtracts about the mean over the conditions that have a feature, in
// the first fold if there are any, from the rows of a.
func (b *builder) centerColumns(a []float64, w int) {
	center := b.columns[:w]
	clear(center)
	for c := range b.n {
		floats.Add(center, a[c*w:(c+1)*w])
	}
	if b.missing {
		b.averageValid(center)
	} else {
		floats.Scale(1/float64(b.n), center)
	}
	for j, mean := range center {
		by := lowestBit(a[w+j] - a[j])
		if by == 0 {
			by = columnStep(a[j:], w)
		}
		center[j] = onGrid(mean, by)
	}
	for from := 0; from < len(a); from += w {
		floats.Sub(a[from:from+w], center)
	}
}

// factor stores first factors in b.a and second ones in b.b.
func (b *builder) factor(w int) (err error) {
	first, second, factors := b.a[:b.n*w], b.b[:b.n*w], b.measure.factors
	for k, v := range first {
		if b.missing && b.mask.valid[k] == 0 {
			second[k] = 0
			continue
		}
		if first[k], second[k], err = factors(b.d, v); err != nil {
			return err
		}
	}
	return nil
}

// total stores the sums of the w loaded features over folds in b.b.
func (b *builder) total(w int) {
	size := b.n * w
	copy(b.b, b.a[:size])
	for f := 1; f < b.design.Folds; f++ {
		floats.Add(b.b[:size], b.a[f*size:(f+1)*size])
	}
}

// multiplied returns the first and the second factors of products.
func (b *builder) multiplied(w int) (first, second []float64) {
	size := b.n * w
	switch {
	case b.measure.folds:
		return b.b[:size], b.b[:size]
	case b.measure.factors != nil:
		return b.a[:size], b.b[:size]
	}
	return b.a[:size], b.a[:size]
}

// side is how many conditions workers take at a time: enough for products to run near
// full speed. Most RDMs are one part.
const side = 256

// parts returns the number of parts of the conditions.
func (b *builder) parts() int { return (b.n + side - 1) / side }

// share runs tasks on the workers of an RDM. They do not depend on how many these are,
// nor do sums.
func (b *builder) share(ctx context.Context, tasks int, task func(t int)) error {
	if tasks == 1 {
		task(0)
		return nil
	}
	par.Expect(ctx, tasks)
	return par.For(ctx, tasks, b.workers, func(_, t int) error {
		task(t)
		return nil
	})
}

// accumulate adds the products of w features to b.gram, of which the upper
// triangle counts unless there are two factors.
func (b *builder) accumulate(ctx context.Context, w int) error {
	parts := b.parts()
	return b.share(ctx, parts*parts, func(t int) {
		if i, j := t/parts, t%parts; i <= j || b.measure.factors != nil {
			b.addBlock(i*side, j*side, w)
		}
	})
}

// addBlock is accumulate for the block that begins at conditions i and j.
func (b *builder) addBlock(i, j, w int) {
	first, second := b.multiplied(w)
	if b.measure.factors != nil {
		b.addProduct(i, j, 1, first, second, w)
		return
	}
	b.addSquare(i, j, 1, first, w)
	for f := range b.design.Folds {
		b.addSquare(i, j, -1, b.a[f*b.n*w:], w)
	}
}

// addSquare adds a block of alpha x x', on the diagonal its upper triangle alone.
func (b *builder) addSquare(i, j int, alpha float64, x []float64, w int) {
	if i != j {
		b.addProduct(i, j, alpha, x, x, w)
		return
	}
	blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, min(side, b.n-i), w,
		alpha, x[i*w:], w, 1, b.gram[i*b.n+i:], b.n)
}

// addProduct adds a block of alpha x y'.
func (b *builder) addProduct(i, j int, alpha float64, x, y []float64, w int) {
	linalg.Gemm(blas.NoTrans, blas.Trans, min(side, b.n-i), min(side, b.n-j), w,
		alpha, x[i*w:], w, y[j*w:], w, 1, b.gram[i*b.n+j:], b.n)
}

// finish turns products into dissimilarities, row by row.
func (b *builder) finish(dst []float64, x *mat.Dense) error {
	if !b.missing {
		if err := b.setSizes(); err != nil {
			return err
		}
	}
	var near cmem.List[[3]int]
	defer near.Free()
	for i, k := 0, 0; i < b.n-1; i++ {
		s, err := b.row(i)
		if err != nil {
			return err
		}
		if b.measure.differences && !b.measure.folds {
			addNear(&near, s, i, k)
		}
		b.measure.formula(dst[k:k+len(s.cross)], s)
		k += len(s.cross)
	}
	if err := near.Err(); err != nil || len(near.Items()) == 0 {
		return err
	}
	return b.refine(dst, x, near.Items())
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

// row returns the sums of condition i and those after it.
func (b *builder) row(i int) (sums, error) {
	n, first := b.n, i+1
	s := b.sums(n - first)
	copy(s.cross, b.gram[i*n+first:(i+1)*n])
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
	floats.ScaleTo(s.lengths, b.roots[i], b.roots[first:])
	if b.measure.centered {
		floats.Scale(b.features, s.cross)
		floats.AddScaled(s.cross, -b.sum[i], b.sum[first:])
	}
	return s, nil
}

// sums returns memory for those of a condition with so many others.
func (b *builder) sums(others int) sums {
	s := sums{features: b.features, unit: b.unit * b.unit,
		first: b.first[:others], second: b.second[:others],
		lengths: b.lengths[:others], cross: b.cross[:others]}
	if b.measure.folds {
		s.unit = b.unit
	}
	if b.missing {
		s.count = b.mask.counts[:others]
	}
	return s
}

// nearby is the part of the squared norms below which a squared distance is
// summed from differences, because products no longer resolve it.
const nearby = 1e-5

// addNear adds {i, j, position} of the pairs of condition i that are nearby, the first
// of which is at position k.
func addNear(near *cmem.List[[3]int], s sums, i, k int) {
	for t, cross := range s.cross {
		if self := s.first[t] + s.second[t]; self-2*cross < nearby*self {
			near.Add([3]int{i, i + 1 + t, k + t})
		}
	}
}

// refine stores the dissimilarities of pairs {i, j, position} from differences:
// there is nothing but the product of the difference with itself.
func (b *builder) refine(dst []float64, x *mat.Dense, pairs [][3]int) error {
	for _, pair := range pairs {
		dst[pair[2]] = 0
	}
	_, p := x.Dims()
	for from, w := range b.blocks(p) {
		b.load(x, from, w)
		if b.measure.factors != nil {
			if err := b.factor(w); err != nil {
				return err
			}
		}
		for _, pair := range pairs {
			dst[pair[2]] += b.squaredDifference(pair[0], pair[1], w)
		}
	}
	s := b.sums(1)
	s.second[0], s.cross[0] = 0, 0
	for _, pair := range pairs {
		square := dst[pair[2] : pair[2]+1]
		s.first[0] = square[0]
		if b.missing {
			s.count[0] = b.mask.count[pair[0]*b.n+pair[1]]
		}
		b.measure.formula(square, s)
	}
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
