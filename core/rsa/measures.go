package rsa

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Measure is a dissimilarity of the response patterns of two conditions, over p
// features: its row in the table of measures.
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
	// Decoding is the accuracy of linear discriminant analysis, with the covariances of
	// both conditions shrunk, on folds that are left out one at a time: the mean of the
	// shares of the observations of either condition that are told from the other.
	Decoding
	// Centroids is that of the classifier that takes the nearest mean. Responses should
	// be whitened by the noise before.
	Centroids
)

// Dissimilarity is a measure with its parameters.
type Dissimilarity struct {
	Measure Measure
	// Prior and Weight are the rate that Poisson expects, and how many
	// observations that counts for.
	Prior, Weight float64
}

// measures is the table of all of them: a new one is a constant and a row.
var measures = [...]measure{
	Correlation:      {name: "correlation", centered: true, flat: "constant", formula: fromCosines},
	Cosine:           {name: "cosine", flat: "all 0", formula: fromCosines},
	Euclidean:        {name: "euclidean", differences: true, formula: distances},
	SquaredEuclidean: {name: "sqeuclidean", differences: true, formula: squares},
	Poisson: {
		name: "poisson", differences: true, factors: rateAndLog, formula: meanDivergences,
	},
	Crossnobis: {name: "crossnobis", differences: true, folds: true, formula: meanSquares},
	Decoding:   {name: "decoding", differences: true, folds: true, classify: discriminant},
	Centroids:  {name: "nearest_centroid", differences: true, folds: true, classify: centroids},
}

// measure says what becomes of responses before they are multiplied, and what of
// the products.
type measure struct {
	name string
	// centered: the mean over features is subtracted from a pattern.
	centered bool
	// differences: nothing but differences of patterns counts, unless folds have
	// unequal numbers of observations. About the mean over conditions is subtracted
	// from what is multiplied, to keep products accurate, and squared distances that
	// they do not resolve are summed from differences.
	differences bool
	// factors returns what a response is multiplied as, if it is the first
	// factor of a product and if it is the second; nil for as it is.
	factors func(d Dissimilarity, response float64) (first, second float64, err error)
	// flat is what responses are that have no length, if products are divided by
	// lengths; else empty.
	flat string
	// folds: only products of observations from different folds count.
	folds bool
	// formula stores the dissimilarities of a condition and several others.
	formula func(dst []float64, s sums)
	// classify tells the observations of a fold apart, in place of a formula.
	classify func(d *decoder, arena *cmem.Arena) (classifier, error)
}

// sums is what a formula is of: sums of products over features, of a condition with
// each of several others. Those of centered patterns are multiplied by the number of
// features that both have, beside the unit.
type sums struct {
	features      float64   // how many there are
	count         []float64 // how many both have; nil if that is all
	unit          float64   // what the products are multiplied by
	first, second []float64 // of one with itself, and of the other
	lengths       []float64 // the root of their product, if flat is not empty
	cross         []float64 // of one with the other, the mean of both orders
}

// differences stores the sums of the products of differences.
func (s sums) differences(dst []float64) {
	floats.AddTo(dst, s.first, s.second)
	floats.AddScaled(dst, -2, s.cross)
}

// squares stores those of differences, scaled up to all features. There is one
// division, so that equal quotients of whole numbers stay equal.
func squares(dst []float64, s sums) {
	s.differences(dst)
	switch {
	case s.count != nil:
		for k, count := range s.count {
			dst[k] = dst[k] * s.features / (s.unit * count)
		}
	case s.unit != 1:
		for k := range dst {
			dst[k] /= s.unit
		}
	}
}

func distances(dst []float64, s sums) {
	squares(dst, s)
	for k, square := range dst {
		dst[k] = math.Sqrt(square)
	}
}

func meanSquares(dst []float64, s sums) {
	squares(dst, s)
	floats.Scale(1/s.features, dst)
}

func meanDivergences(dst []float64, s sums) {
	meanSquares(dst, s)
	for k, mean := range dst {
		dst[k] = max(0, mean)
	}
}

// fromCosines stores what is left to 1 by the cosines.
func fromCosines(dst []float64, s sums) {
	lengths := s.lengths[:len(dst)]
	for k, product := range s.cross[:len(dst)] {
		if length := lengths[k]; math.Abs(product) < apart*length {
			dst[k] = 1 - product/length
		} else {
			dst[k] = fromCosine(s.first[k], s.second[k], length, product)
		}
	}
}

// apart is the cosine up to which 1 less it loses no more than three bits.
const apart = 7. / 8

// tiny is far below the squares of lengths, but its own rounding is a number.
const tiny = 0x1p-900

// fromCosine returns 1 - product / length, where length squared is first second:
// (length^2 - product^2) / (length (length + product)) if that is small, the
// numerator with the rounding of its products, so that it is as good as exact if
// they are of whole numbers.
func fromCosine(first, second, length, product float64) float64 {
	squared := first * second
	if product < 0 || !(squared > tiny && squared < 1/tiny) {
		return 1 - max(-1, min(1, product/length))
	}
	square := product * product
	rounded := math.FMA(first, second, -squared) - math.FMA(product, product, -square)
	return max(0, (squared-square+rounded)/(length*(length+product)))
}

// rateAndLog returns the rate of a Poisson distribution and its logarithm: the
// products of the differences of either are the sum of two divergences.
func rateAndLog(d Dissimilarity, response float64) (rate, log float64, err error) {
	rate = (response + d.Prior*d.Weight) / (1 + d.Weight)
	switch {
	case response < 0:
		err = core.Invalidf(
			"responses must not be negative for Poisson dissimilarities, got %v", response)
	case !(rate > 0):
		err = core.Invalidf("a response of 0 has no Poisson dissimilarity without a prior: " +
			"prior_lambda and prior_weight must be positive")
	}
	return rate, math.Log(rate), err
}

// Measures returns the names of the measures, in their order.
func Measures() []string { return names(measures[:], func(m measure) string { return m.name }) }

func (m Measure) String() string { return measures[m].name }
