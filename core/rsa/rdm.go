package rsa

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/par"
)

// Measure is a dissimilarity of the response patterns of two conditions, over p
// features.
type Measure int

// The measures of an RDM. Features in which either pattern is NaN are left out
// of a pair.
const (
	// Correlation is 1 - r, r being Pearson's correlation over features.
	Correlation Measure = iota
	// Cosine is 1 - x'y / (|x| |y|).
	Cosine
	// Euclidean is |x - y|, after division of its square by the share of
	// features that are used.
	Euclidean
	// SquaredEuclidean is its square.
	SquaredEuclidean
	// Poisson is the mean over features of (r - s) (log r - log s), the
	// symmetrised Kullback-Leibler divergence of Poisson distributions with rates
	// r = (x + Prior Weight) / (1 + Weight), s likewise.
	Poisson
	// Crossnobis is the mean over features of K_ii + K_jj - 2 K_ij, where K_ij is
	// the mean of the products of observations of i and j from different folds:
	// an unbiased estimate of a squared distance, which may be negative
	// (Walther et al., NeuroImage 137 (2016) 188-200). Responses should be
	// whitened by the noise before.
	Crossnobis
)

// Dissimilarity is a measure with its parameters.
type Dissimilarity struct {
	Measure Measure
	// Prior and Weight are the rate that Poisson expects, and how many
	// observations that counts for.
	Prior, Weight float64
}

// Design says what the rows of a matrix of responses are.
type Design struct {
	Conditions int
	// Condition is that of each row, from 0; nil if row i is condition i. Rows
	// of a condition are averaged.
	Condition []int64
	// Folds is the number of folds, and Fold that of each row; for Crossnobis.
	Folds int
	Fold  []int64
}

// Pairs returns the length of a condensed RDM of n conditions.
func Pairs(n int) int { return n * (n - 1) / 2 }

// RDMs stores in row k of dst the condensed RDM of responses xs[k] with design
// designs[k], all of them of the same number of conditions.
func RDMs(ctx context.Context, dst *mat.Dense, xs []*mat.Dense, d Dissimilarity, designs []Design) error {
	workers := par.Workers(ctx, len(xs))
	builders := make([]*Builder, workers)
	defer func() {
		for _, b := range builders {
			b.Free()
		}
	}()
	for w := range builders {
		builders[w] = NewBuilder(d)
	}
	par.Expect(ctx, len(xs))
	return par.For(ctx, len(xs), workers, func(w, k int) error {
		err := builders[w].Condensed(dst.RawRowView(k), xs[k], designs[k])
		if err != nil && len(xs) > 1 {
			return fmt.Errorf("data[%d]: %w", k, err)
		}
		return err
	})
}

// Condensed stores the condensed RDM of x in dst. It fails if a dissimilarity
// is undefined.
func (b *Builder) Condensed(dst []float64, x *mat.Dense, design Design) error {
	if err := b.start(x, design); err != nil {
		return err
	}
	build := b.condensed
	if missing, err := b.scan(x); err != nil {
		return err
	} else if missing {
		build = b.condensedMasked
	}
	if err := build(dst, x); err != nil {
		return err
	}
	if total := floats.Sum(dst); math.IsNaN(total) || math.IsInf(total, 0) {
		return errRange
	}
	return nil
}

// errRange is the error of squares that overflow.
var errRange = core.Invalidf("numbers this large leave the range of float64 when they are squared: scale the data")

// condensed is Condensed for responses without NaN.
func (b *Builder) condensed(dst []float64, x *mat.Dense) error {
	_, p := x.Dims()
	clear(b.cross)
	for from := 0; from < p; from += b.width {
		w := min(b.width, p-from)
		b.load(x, from, w)
		if err := b.transform(w); err != nil {
			return err
		}
		b.accumulate(w)
	}
	return b.finish(dst, x)
}

// scan reports whether responses are missing, and stores the means over features
// of conditions without.
func (b *Builder) scan(x *mat.Dense) (missing bool, err error) {
	m, p := x.Dims()
	clear(b.mean)
	for o := range m {
		row := x.RawRowView(o)
		sum := floats.Sum(row)
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			for _, v := range row {
				if math.IsInf(v, 0) {
					return false, core.Invalidf("the responses contain infinity, in row %d", o)
				}
				missing = missing || math.IsNaN(v)
			}
		}
		c := b.condition(o)
		b.mean[c] += sum / (float64(p) * b.count[b.cell(o)])
	}
	return missing, nil
}

// transform turns the w loaded features of each condition into what is
// multiplied.
func (b *Builder) transform(w int) error {
	switch b.d.Measure {
	case Correlation:
		for c, mean := range b.mean[:b.n] {
			floats.AddConst(-mean, b.a[c*w:(c+1)*w])
		}
	case Euclidean, SquaredEuclidean:
		b.centerColumns(w)
	case Poisson:
		for k, v := range b.a[:b.n*w] {
			rate, err := b.d.rate(v)
			if err != nil {
				return err
			}
			b.a[k], b.b[k] = rate, math.Log(rate)
		}
	}
	return nil
}

// rate is that of a Poisson distribution.
func (d Dissimilarity) rate(response float64) (float64, error) {
	rate := (response + d.Prior*d.Weight) / (1 + d.Weight)
	switch {
	case response < 0:
		return 0, core.Invalidf("responses must not be negative for Poisson dissimilarities, got %v", response)
	case !(rate > 0):
		return 0, core.Invalidf("a response of 0 has no Poisson dissimilarity without a prior: prior_lambda and prior_weight must be positive")
	}
	return rate, nil
}

// centerColumns subtracts the mean over conditions, which changes no distance
// but keeps their computation from products accurate.
func (b *Builder) centerColumns(w int) {
	sum := b.columns[:w]
	clear(sum)
	for c := range b.n {
		floats.Add(sum, b.a[c*w:(c+1)*w])
	}
	for c := range b.n {
		floats.AddScaled(b.a[c*w:(c+1)*w], -1/float64(b.n), sum)
	}
}

// accumulate adds the products of w features to b.cross, whose upper triangle
// counts.
func (b *Builder) accumulate(w int) {
	n := b.n
	syrk := func(alpha float64, a []float64) {
		blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, n, w, alpha, a, w, 1, b.cross, n)
	}
	switch b.d.Measure {
	case Poisson:
		blas64.Implementation().Dgemm(blas.NoTrans, blas.Trans, n, n, w, 1, b.a, w, b.b, w, 1, b.cross, n)
	case Crossnobis:
		syrk(1, b.total(w))
		for f := range b.design.Folds {
			syrk(-1, b.a[f*n*w:])
		}
	default:
		syrk(1, b.a)
	}
}

// total returns the sums of the w loaded features over folds.
func (b *Builder) total(w int) []float64 {
	size := b.n * w
	total := b.b[:size]
	copy(total, b.a[:size])
	for f := 1; f < b.design.Folds; f++ {
		for k, v := range b.a[f*size : (f+1)*size] {
			total[k] += v
		}
	}
	return total
}

// finish turns b.cross into dissimilarities.
func (b *Builder) finish(dst []float64, x *mat.Dense) error {
	_, p := x.Dims()
	n, at := b.n, func(i, j int) float64 { return b.cross[i*b.n+j] }
	switch b.d.Measure {
	case Correlation, Cosine:
		return b.finishCosine(dst, p)
	case Euclidean, SquaredEuclidean:
		b.finishEuclidean(dst, x)
	case Poisson:
		for i, k := 0, 0; i < n; i++ {
			for j := i + 1; j < n; j, k = j+1, k+1 {
				dst[k] = max(0, at(i, i)+at(j, j)-at(i, j)-at(j, i)) / float64(p)
			}
		}
	case Crossnobis:
		for i, k := 0, 0; i < n; i++ {
			for j := i + 1; j < n; j, k = j+1, k+1 {
				sum := at(i, i)/b.products(i, i) + at(j, j)/b.products(j, j) - 2*at(i, j)/b.products(i, j)
				dst[k] = sum / float64(p)
			}
		}
	}
	return nil
}

// unvaried is the part of the mean below which a standard deviation is rounding.
const unvaried = 64 * 0x1p-52

func (b *Builder) finishCosine(dst []float64, p int) error {
	n := b.n
	norms := b.columns[:n]
	for c := range n {
		norms[c] = math.Sqrt(b.cross[c*n+c])
		var floor float64
		if b.d.Measure == Correlation {
			floor = unvaried * math.Abs(b.mean[c]) * math.Sqrt(float64(p))
		}
		if !(norms[c] > floor) {
			return b.d.undefined(c)
		}
	}
	for i, k := 0, 0; i < n; i++ {
		for j := i + 1; j < n; j, k = j+1, k+1 {
			dst[k] = 1 - max(-1, min(1, b.cross[i*n+j]/(norms[i]*norms[j])))
		}
	}
	return nil
}

// undefined is the error of condition c having no correlation or cosine.
func (d Dissimilarity) undefined(c int) error {
	if d.Measure == Correlation {
		return core.Invalidf("the responses to condition %d are constant over features, so that their correlation with others is undefined", c)
	}
	return core.Invalidf("the responses to condition %d are all 0, so that their cosine with others is undefined", c)
}

// nearby is the part of the squared norms below which a squared distance is
// summed from differences, because products no longer resolve it.
const nearby = 1e-5

func (b *Builder) finishEuclidean(dst []float64, x *mat.Dense) {
	n := b.n
	var near [][3]int
	for i, k := 0, 0; i < n; i++ {
		for j := i + 1; j < n; j, k = j+1, k+1 {
			size := b.cross[i*n+i] + b.cross[j*n+j]
			dst[k] = size - 2*b.cross[i*n+j]
			if dst[k] < nearby*size {
				near = append(near, [3]int{i, j, k})
			}
		}
	}
	if len(near) > 0 {
		b.sumDifferences(dst, x, near)
	}
	if b.d.Measure == Euclidean {
		for k, v := range dst {
			dst[k] = math.Sqrt(v)
		}
	}
}

// sumDifferences stores the squared distances of pairs {i, j, position}.
func (b *Builder) sumDifferences(dst []float64, x *mat.Dense, pairs [][3]int) {
	for _, pair := range pairs {
		dst[pair[2]] = 0
	}
	_, p := x.Dims()
	for from := 0; from < p; from += b.width {
		w := min(b.width, p-from)
		b.load(x, from, w)
		for _, pair := range pairs {
			d := floats.Distance(b.a[pair[0]*w:(pair[0]+1)*w], b.a[pair[1]*w:(pair[1]+1)*w], 2)
			dst[pair[2]] += d * d
		}
	}
}
