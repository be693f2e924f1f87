package rsa

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// multiply stores the sums of products over all features in b.gram, or returns early if
// responses that were not scanned turn out not to be finite.
func (b *builder) multiply(ctx context.Context, x *mat.Dense) (finite bool, err error) {
	_, p := x.Dims()
	if b.centersAtOnce() {
		if err := b.averageColumns(ctx, x); err != nil {
			return false, err
		}
		if sum := floats.Sum(b.center[:p]); !b.scanned && sum-sum != 0 {
			return false, nil
		}
	}
	for from, w := range b.blocks(p) {
		if err := b.gather(ctx, x, from, w); err != nil {
			return false, err
		}
		if err := b.transform(w); err != nil {
			return false, err
		}
		before := 1.0 // what of the sums so far counts
		if from == 0 {
			before = 0
		}
		if err := b.accumulate(ctx, w, before); err != nil {
			return false, err
		}
		if b.missing {
			b.accumulateMasked(w)
		}
		if !b.scanned && !b.finiteSquares() {
			return false, nil
		}
	}
	return true, nil
}

// averageColumns stores about the mean of each feature over conditions, in the first fold
// if there are any, in b.center, before anything is loaded: it reads whole rows.
func (b *builder) averageColumns(ctx context.Context, x *mat.Dense) error {
	_, p := x.Dims()
	row := func(c int) []float64 { return x.RawRowView(int(b.only[c])) }
	err := b.share(ctx, b.parts(), func(t int) error {
		b.sumRows(b.center[t*p:(t+1)*p], x, t*b.side, min((t+1)*b.side, b.n))
		return nil
	})
	for t := 1; t < b.parts(); t++ {
		floats.Add(b.center[:p], b.center[t*p:(t+1)*p])
	}
	floats.Scale(1/float64(b.n), b.center[:p])
	shiftToGrid(b.center[:p], len(b.only), row)
	return err
}

// sumRows stores the sum of the rows of cells [first, last): a product, which reads several
// rows at a time, if they follow each other in the data.
func (b *builder) sumRows(dst []float64, x *mat.Dense, first, last int) {
	raw, rows := x.RawMatrix(), b.only[first:last]
	at, count := int(rows[0]), len(rows)
	if slices.IsSorted(rows) && int(rows[count-1]) == at+count-1 {
		blas64.Implementation().Dgemv(blas.Trans, count, raw.Cols, 1,
			raw.Data[at*raw.Stride:], raw.Stride, b.ones, 1, 0, dst, 1)
		return
	}
	clear(dst)
	for _, o := range rows {
		floats.Add(dst, x.RawRowView(int(o)))
	}
}

// gather loads w features, from which it subtracts means if the measure does. Where each
// cell is a row of the data, workers share them.
func (b *builder) gather(ctx context.Context, x *mat.Dense, at, w int) error {
	if b.missing || b.only == nil {
		b.load(x, at, w)
		b.centerPatterns(w)
		return nil
	}
	return b.share(ctx, b.parts(), func(t int) error {
		for first := 0; first < len(b.only); first += b.n { // of a fold
			from, to := first+t*b.side, first+min((t+1)*b.side, b.n)
			b.gatherRows(x, from, to, at, w)
		}
		return nil
	})
}

// gatherRows is load for cells [first, last) of one row each, less the means that the
// measure subtracts, and adds them to the sums over folds if there are any.
func (b *builder) gatherRows(x *mat.Dense, first, last, at, w int) {
	for c := first; c < last; c++ {
		dst, row := b.a[c*w:(c+1)*w], x.RawRowView(int(b.only[c]))[at:at+w]
		switch {
		case b.measure.centered:
			floats.AddScaledTo(dst, row, -b.mean[c], b.ones[:w])
		case b.centersAtOnce():
			floats.SubTo(dst, row, b.center[at:at+w])
		default:
			copy(dst, row)
		}
		switch {
		case c < b.n && b.measure.folds:
			copy(b.b[c*w:], dst)
		case b.measure.folds:
			floats.Add(b.b[c%b.n*w:][:w], dst)
		}
	}
}

// centersAtOnce reports whether columns are centered as they are loaded.
func (b *builder) centersAtOnce() bool {
	return b.differencesAlone() && b.measure.factors == nil && b.only != nil && !b.missing
}

// centerPatterns subtracts the means of patterns if the measure does.
func (b *builder) centerPatterns(w int) {
	for c := 0; c < b.n && b.measure.centered; c++ {
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
	if b.differencesAlone() && !b.centersAtOnce() {
		b.centerColumns(b.a[:len(b.count)*w], w)
		if b.measure.factors != nil {
			b.centerColumns(b.b[:b.n*w], w)
		}
	}
	if b.missing {
		b.dropMissing(w)
	}
	if b.measure.folds && (b.only == nil || b.missing) {
		b.total(w)
	}
	return nil
}

// centerColumns subtracts about the mean over the conditions that have a feature, in
// the first fold if there are any, from the rows of a.
func (b *builder) centerColumns(a []float64, w int) {
	center := b.columns[:w]
	row := func(c int) []float64 { return a[c*w : (c+1)*w] }
	clear(center)
	for c := range b.n {
		floats.Add(center, row(c))
	}
	if b.missing {
		b.averageValid(center)
	} else {
		floats.Scale(1/float64(b.n), center)
	}
	shiftToGrid(center, len(a)/w, row)
	for c := range len(a) / w {
		floats.Sub(row(c), center)
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

// parts returns the number of parts of the conditions.
func (b *builder) parts() int { return (b.n + b.side - 1) / b.side }

// share runs tasks on the workers of an RDM. They do not depend on how many these are,
// nor do sums.
func (b *builder) share(ctx context.Context, tasks int, task func(t int) error) error {
	if tasks == 1 {
		return task(0)
	}
	par.Expect(ctx, tasks)
	return par.For(ctx, tasks, b.workers, func(_, t int) error { return task(t) })
}

// accumulate adds the products of w features to b.gram, times what is to be kept of it.
// The upper triangle counts unless there are two factors. Blocks on the diagonal are half
// the work of others, and come last, so that workers end at about the same time.
func (b *builder) accumulate(ctx context.Context, w int, before float64) error {
	parts := b.parts()
	return b.share(ctx, parts*parts, func(t int) error {
		i, j := t%parts, t%parts+parts-1-t/parts
		if j < parts || b.measure.factors != nil {
			b.addBlock(i*b.side, j%parts*b.side, w, before)
		}
		return nil
	})
}

// addBlock is accumulate for the block that begins at conditions i and j.
func (b *builder) addBlock(i, j, w int, before float64) {
	first, second := b.multiplied(w)
	if b.measure.factors != nil {
		b.addProduct(i, j, 1, first, second, w, before)
		return
	}
	b.addSquare(i, j, 1, first, w, before)
	for f := range b.design.Folds {
		b.addSquare(i, j, -1, b.a[f*b.n*w:], w, 1)
	}
}

// addSquare adds a block of alpha x x', on the diagonal its upper triangle alone.
func (b *builder) addSquare(i, j int, alpha float64, x []float64, w int, before float64) {
	if i != j {
		b.addProduct(i, j, alpha, x, x, w, before)
		return
	}
	blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, min(b.side, b.n-i), w,
		alpha, x[i*w:], w, before, b.gram[i*b.n+i:], b.n)
}

// addProduct adds a block of alpha x y'.
func (b *builder) addProduct(i, j int, alpha float64, x, y []float64, w int, before float64) {
	linalg.Gemm(blas.NoTrans, blas.Trans, min(b.side, b.n-i), min(b.side, b.n-j), w,
		alpha, x[i*w:], w, y[j*w:], w, before, b.gram[i*b.n+j:], b.n)
}
