package rsa

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/linalg"
)

// maskScratch is what responses with NaN take beside a Builder's memory. For
// conditions i and j and the features that both have, count_ij is their number,
// sum_ij the sum of the responses to i, and self_ij that of their products with
// themselves.
type maskScratch struct {
	valid            []float64 // n x width, 1 or 0
	seen             []float64 // cells x width, observations that are not NaN
	count, sum, self []float64 // n x n
}

func (b *Builder) reserveMask() error {
	n, m := b.n, &b.mask
	if m.count == nil {
		m.valid, m.seen = b.arena.Float64s(n*b.width), b.arena.Float64s(len(b.count)*b.width)
		m.count, m.sum, m.self = b.arena.Float64s(n*n), b.arena.Float64s(n*n), b.arena.Float64s(n*n)
	}
	clear(m.count)
	clear(m.sum)
	clear(m.self)
	clear(b.cross)
	return b.arena.Err()
}

// condensedMasked is Condensed for responses with NaN.
func (b *Builder) condensedMasked(dst []float64, x *mat.Dense) error {
	if err := b.reserveMask(); err != nil {
		return err
	}
	if b.d.Measure == Correlation {
		b.averageMasked(x)
	}
	_, p := x.Dims()
	for from := 0; from < p; from += b.width {
		w := min(b.width, p-from)
		b.loadMasked(x, from, w)
		if err := b.transformMasked(w); err != nil {
			return err
		}
		b.accumulateMasked(w)
	}
	return b.finishMasked(dst, x)
}

// loadMasked is load with the observations that are not NaN. A condition lacks
// a feature if it was never observed or, for Crossnobis, not in every
// observation.
func (b *Builder) loadMasked(x *mat.Dense, from, w int) {
	m, _ := x.Dims()
	cells, seen, valid := len(b.count), b.mask.seen, b.mask.valid
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
	for k := range b.n * w {
		valid[k] = 1
		if b.d.Measure != Crossnobis && seen[k] == 0 {
			valid[k] = 0
		} else if b.d.Measure != Crossnobis {
			b.a[k] /= seen[k]
		}
	}
	if b.d.Measure == Crossnobis {
		for k := range cells * w {
			if seen[k] < b.count[k/w] {
				valid[k%(b.n*w)] = 0
			}
		}
	}
}

// averageMasked stores the means of the conditions over the features they have.
func (b *Builder) averageMasked(x *mat.Dense) {
	_, p := x.Dims()
	number := b.columns[:b.n]
	clear(b.mean)
	clear(number)
	for from := 0; from < p; from += b.width {
		w := min(b.width, p-from)
		b.loadMasked(x, from, w)
		for k, v := range b.a[:b.n*w] {
			b.mean[k/w] += v
			number[k/w] += b.mask.valid[k]
		}
	}
	for c := range b.mean {
		b.mean[c] /= max(1, number[c])
	}
}

// transformMasked stores in b.a and b.b what is multiplied, 0 where a condition
// lacks the feature, and in the first rows of b.mask.seen the products of a
// condition with itself.
func (b *Builder) transformMasked(w int) error {
	n, valid, self := b.n, b.mask.valid, b.mask.seen
	switch b.d.Measure {
	case Crossnobis:
		b.transformFolds(w)
		return nil
	case Euclidean, SquaredEuclidean:
		b.centerMasked(w)
	}
	for k := range n * w {
		if valid[k] == 0 {
			b.a[k], b.b[k], self[k] = 0, 0, 0
			continue
		}
		v := b.a[k]
		second := v
		switch b.d.Measure {
		case Correlation:
			v -= b.mean[k/w]
			second = v
		case Poisson:
			rate, err := b.d.rate(v)
			if err != nil {
				return err
			}
			v, second = rate, math.Log(rate)
		}
		b.a[k], b.b[k], self[k] = v, second, v*second
	}
	return nil
}

// centerMasked is centerColumns, over the conditions that have a feature.
func (b *Builder) centerMasked(w int) {
	for j := range w {
		var sum, number float64
		for k := j; k < b.n*w; k += w {
			sum, number = sum+b.a[k], number+b.mask.valid[k]
		}
		for k := j; k < b.n*w; k += w {
			b.a[k] -= sum / max(1, number)
		}
	}
}

// transformFolds is transformMasked for Crossnobis: totals go to b.b.
func (b *Builder) transformFolds(w int) {
	size, valid := b.n*w, b.mask.valid
	for f := range b.design.Folds {
		for k, v := range valid[:size] {
			b.a[f*size+k] *= v
		}
	}
	self := b.mask.seen
	for k, v := range b.total(w) {
		self[k] = v * v
	}
	for f := range b.design.Folds {
		for k, v := range b.a[f*size : (f+1)*size] {
			self[k] -= v * v
		}
	}
}

func (b *Builder) accumulateMasked(w int) {
	n, m := b.n, &b.mask
	add := func(dst []float64, alpha float64, x, y []float64) {
		linalg.Gemm(blas.NoTrans, blas.Trans, n, n, w, alpha, x, w, y, w, 1, dst, n)
	}
	add(m.count, 1, m.valid, m.valid)
	add(m.self, 1, m.seen, m.valid)
	if b.d.Measure != Crossnobis {
		add(m.sum, 1, b.a, m.valid)
		add(b.cross, 1, b.a, b.b)
		return
	}
	add(b.cross, 1, b.b, b.b)
	for f := range b.design.Folds {
		fold := b.a[f*n*w:]
		add(b.cross, -1, fold, fold)
	}
}

func (b *Builder) finishMasked(dst []float64, x *mat.Dense) error {
	for i, k := 0, 0; i < b.n; i++ {
		for j := i + 1; j < b.n; j, k = j+1, k+1 {
			d, err := b.maskedPair(i, j, x)
			if err != nil {
				return err
			}
			dst[k] = d
		}
	}
	return nil
}

// maskedPair returns the dissimilarity of conditions i and j.
func (b *Builder) maskedPair(i, j int, x *mat.Dense) (float64, error) {
	ij, ji := i*b.n+j, j*b.n+i
	m := &b.mask
	count := m.count[ij]
	if count == 0 {
		return 0, core.Invalidf("conditions %d and %d have no feature without NaN in common", i, j)
	}
	self := m.self[ij] + m.self[ji]
	switch b.d.Measure {
	case Correlation:
		return b.maskedCorrelation(i, j)
	case Cosine:
		if m.self[ij] == 0 || m.self[ji] == 0 {
			return 0, core.Invalidf("over the %v features without NaN that conditions %d and %d have in common, responses are all 0, so that their cosine is undefined", count, i, j)
		}
		return 1 - max(-1, min(1, b.cross[ij]/math.Sqrt(m.self[ij]*m.self[ji]))), nil
	case Poisson:
		return max(0, self-b.cross[ij]-b.cross[ji]) / count, nil
	case Crossnobis:
		sum := m.self[ij]/b.products(i, i) + m.self[ji]/b.products(j, j) - 2*b.cross[ij]/b.products(i, j)
		return sum / count, nil
	}
	square := self - 2*b.cross[ij]
	if square < nearby*self {
		square = b.sumMasked(i, j, x)
	}
	_, p := x.Dims()
	square *= float64(p) / count
	if b.d.Measure == Euclidean {
		return math.Sqrt(square), nil
	}
	return square, nil
}

func (b *Builder) maskedCorrelation(i, j int) (float64, error) {
	ij, ji := i*b.n+j, j*b.n+i
	m := &b.mask
	count := m.count[ij]
	variance := func(c, at int) (float64, error) {
		v := m.self[at] - m.sum[at]*m.sum[at]/count
		floor := unvaried * (math.Abs(b.mean[c]) + math.Sqrt(m.self[at]/count))
		if !(v > floor*floor*count) {
			return 0, core.Invalidf("over the %v features without NaN that conditions %d and %d have in common, the responses to condition %d are constant, so that their correlation is undefined", count, i, j, c)
		}
		return v, nil
	}
	vi, err := variance(i, ij)
	if err != nil {
		return 0, err
	}
	vj, err := variance(j, ji)
	if err != nil {
		return 0, err
	}
	cov := b.cross[ij] - m.sum[ij]*m.sum[ji]/count
	return 1 - max(-1, min(1, cov/math.Sqrt(vi*vj))), nil
}

// sumMasked returns the squared distance of conditions i and j, summed from
// differences.
func (b *Builder) sumMasked(i, j int, x *mat.Dense) (sum float64) {
	_, p := x.Dims()
	for from := 0; from < p; from += b.width {
		w := min(b.width, p-from)
		b.loadMasked(x, from, w)
		for k := range w {
			d := b.a[i*w+k] - b.a[j*w+k]
			sum += d * d * b.mask.valid[i*w+k] * b.mask.valid[j*w+k]
		}
	}
	return sum
}
