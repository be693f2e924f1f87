package rsa

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Noise is what the responses of every neighborhood are whitened by: the
// covariance of its features, given or estimated from residuals.
type Noise struct {
	// Covariance is that of all features; nil if there are residuals.
	Covariance *mat.Dense
	// Residuals are of observations, in rows, to the features of the responses.
	// The mean of each of so many groups of rows is subtracted first; all are one
	// group if Group is nil.
	Residuals *Responses
	Group     []int64
	Groups    int
	// Samples is how many rows there are for each observation, and element of Group,
	// one after the other: their means are apart. 0 is 1.
	Samples int
	// Freedom is the degrees of freedom that are left.
	Freedom   float64
	Shrinkage Shrinkage
}

// Cut returns the noise of each fold, whose residuals are a group each, one after the
// other: a fold has as many degrees of freedom, or those of its rows less 1 if they are 0.
func (n *Noise) Cut(folds int) ([]*Noise, error) {
	r, each := n.Residuals, []*Noise{}
	if len(n.Group) != r.Rows {
		return nil, core.Invalidf(
			"expected the folds of %d rows of residuals, got %d", r.Rows, len(n.Group))
	}
	for from := 0; from < r.Rows; {
		to := from + 1
		for to < r.Rows && n.Group[to] == n.Group[from] {
			to++
		}
		if int(n.Group[from]) != len(each) || to-from < 2 {
			return nil, core.Invalidf(
				"residuals must be sorted by folds, at least 2 of each, got %d of fold %d",
				to-from, n.Group[from])
		}
		freedom := n.Freedom
		if freedom == 0 {
			freedom = float64(to - from - 1)
		}
		each = append(each, // heap: one a fold
			&Noise{Residuals: r.rows(from, to), Freedom: freedom, Shrinkage: n.Shrinkage})
		from = to
	}
	if len(each) != folds {
		return nil, core.Invalidf("expected residuals of %d folds, got %d", folds, len(each))
	}
	return each, nil
}

// Shrinkage is how a covariance S is estimated: as t T + (1 - t) S.
type Shrinkage int

const (
	// ShrinkDiagonal takes the diagonal of S as T and t from Schäfer and Strimmer,
	// Stat. Appl. Genet. Mol. Biol. 4 (2005) 32.
	ShrinkDiagonal Shrinkage = iota
	// ShrinkIdentity takes the mean variance times the identity and t from Ledoit
	// and Wolf, J. Multivar. Anal. 88 (2004) 365-411.
	ShrinkIdentity
	// Diagonal is the diagonal of S alone.
	Diagonal
	// Full is S alone.
	Full
)

// shrinkages is the table of all of them: a name, what each residual adds to the sum
// of fourth powers, if that counts, and the intensity t.
var shrinkages = [...]shrinkage{
	ShrinkDiagonal: {"shrinkage_diag", crossedSquares, (*moments).schaeferStrimmer},
	ShrinkIdentity: {"shrinkage_eye", squaredSquares, (*moments).ledoitWolf},
	Diagonal:       {"diag", nil, func(*moments) float64 { return 1 }},
	Full:           {"full", nil, func(*moments) float64 { return 0 }},
}

type shrinkage struct {
	name      string
	fourth    func(m *moments, row []float64) float64
	intensity func(m *moments) float64
}

// Shrinkages returns the names of the estimates, in their order.
func Shrinkages() []string {
	return names(shrinkages[:], func(s shrinkage) string { return s.name })
}

// normalizer whitens the responses of one neighborhood after the other. It belongs
// to one worker.
type normalizer struct {
	noise      *Noise
	residuals  []float64 // observations x features
	means      []float64 // groups x features
	counts     []float64 // of the groups
	covariance []float64 // features x features
	variances  []float64 // of the features
	intensity  float64   // of the last shrinkage
	samples    int       // rows of residuals for each observation
}

// newNormalizer returns one of no more than so many features.
func newNormalizer(arena *cmem.Arena, noise *Noise, features int) *normalizer {
	w := &normalizer{noise: noise, covariance: arena.Float64s(features * features),
		variances: arena.Float64s(features), samples: max(1, noise.Samples)}
	if r := noise.Residuals; r != nil {
		groups := max(1, noise.Groups) * w.samples
		w.residuals, w.means = arena.Float64s(r.Rows*features), arena.Float64s(groups*features)
		w.counts = arena.Float64s(groups)
	}
	return w
}

// load readies the noise of features and returns those that have some: others have
// residuals that are not finite, or do not vary.
func (w *normalizer) load(features []int64) []int64 {
	if w.noise.Residuals == nil {
		return features
	}
	kept := w.noise.Residuals.finite(w.residuals, features)
	w.subtractMeans(len(kept))
	noisy := kept[:0]
	for j, f := range kept {
		if w.variances[j] > 0 {
			noisy = append(noisy, f)
		}
	}
	if len(noisy) < len(kept) {
		w.noise.Residuals.gather(w.residuals, noisy)
		w.subtractMeans(len(noisy))
	}
	return noisy
}

// silent is the part of the largest mean below which a standard deviation is
// that of rounding.
const silent = 64 * 0x1p-52

// subtractMeans subtracts those of groups from the residuals of p features, and
// stores variances: 0 if there is no noise.
func (w *normalizer) subtractMeans(p int) {
	largest := w.covariance[:p]
	clear(largest)
	clear(w.variances[:p])
	w.center(w.residuals[:w.noise.Residuals.Rows*p], largest, w.variances[:p])
	settle(w.variances[:p], largest, w.noise.Freedom)
}

// center subtracts the means of groups from residuals in rows. It raises largest to
// the largest mean of each feature, and adds the squares of what is left.
func (w *normalizer) center(r, largest, squares []float64) {
	p := len(largest)
	clear(w.means[:len(w.counts)*p])
	clear(w.counts)
	for from := 0; from < len(r); from += p {
		row, g := r[from:from+p], w.group(from/p)
		w.counts[g]++
		floats.Add(w.means[g*p:(g+1)*p], row)
	}
	for g, count := range w.counts {
		means := w.means[g*p : (g+1)*p]
		floats.Scale(1/max(1, count), means)
		for j, v := range means {
			largest[j] = max(largest[j], math.Abs(v))
		}
	}
	for from := 0; from < len(r); from += p {
		row, g := r[from:from+p], w.group(from/p)
		floats.Sub(row, w.means[g*p:(g+1)*p])
		for j, v := range row {
			squares[j] += v * v
		}
	}
}

// settle turns sums of squares into variances: 0 if there is no noise.
func settle(squares, largest []float64, freedom float64) {
	for j, square := range squares {
		if squares[j] = square / freedom; !(math.Sqrt(squares[j]) > silent*largest[j]) {
			squares[j] = 0
		}
	}
}

// group returns that of a row of residuals. Samples of an observation are next to each
// other and have means apart.
func (w *normalizer) group(row int) int {
	observation, sample := row/w.samples, row%w.samples
	if w.noise.Group == nil {
		return sample
	}
	return int(w.noise.Group[observation])*w.samples + sample
}

// fill stores the upper triangle of the covariance of the loaded features, and their
// variances.
func (w *normalizer) fill(features []int64) []float64 {
	p := len(features)
	s := w.covariance[:p*p]
	if w.noise.Residuals != nil {
		w.estimate(p)
		return s
	}
	for j, f := range features {
		for k, g := range features {
			s[j*p+k] = w.noise.Covariance.At(int(f), int(g))
		}
		w.variances[j] = s[j*p+j]
	}
	return s
}

// whiten multiplies responses to features by the inverse of the Cholesky factor of
// their covariance s, which it overwrites. It fails if the covariance has no inverse.
func whiten(x, s, variances []float64) error {
	if !factor(s, variances) {
		return errSingular
	}
	solve(x, s, len(variances))
	return nil
}

// factor replaces the upper triangle of a covariance, of which the diagonal is given,
// by its Cholesky factor. It fails if there is no inverse.
func factor(s, variances []float64) bool {
	p := len(variances)
	_, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: p, Stride: p, Data: s})
	for j, variance := range variances {
		// What the features before it leave of the variance of one.
		if pivot := s[j*p+j]; !(pivot*pivot > singular*float64(p)*variance) {
			ok = false
		}
	}
	return ok
}

// solve multiplies responses to p features by the inverse of a factor.
func solve(x, factor []float64, p int) {
	blas64.Implementation().Dtrsm(blas.Right, blas.Upper, blas.NoTrans, blas.NonUnit,
		len(x)/p, p, 1, factor, p, x, p)
}

// singular, times the number of features, is the part of its variance that a
// feature may have apart from the others if that is rounding.
const singular = 4 * 0x1p-52

var errSingular = core.Invalidf("the covariance of the noise has no inverse")

// estimate stores the upper triangle of the covariance of the loaded residuals, and
// how far it was shrunk.
func (w *normalizer) estimate(p int) {
	m := moments{shrinkage: w.noise.Shrinkage, freedom: w.noise.Freedom,
		s: w.covariance[:p*p], variances: w.variances[:p]}
	clear(m.s)
	m.add(w.residuals[:w.noise.Residuals.Rows*p])
	w.intensity = m.shrink()
}

// moments are sums over residuals of p features, whose variances are known, from which
// their covariance is estimated.
type moments struct {
	shrinkage Shrinkage
	freedom   float64
	variances []float64
	s         []float64 // p x p, of which the upper triangle counts
	target    float64   // the mean of the variances
	fourth    float64   // of residuals in units of standard deviations
	n         float64
}

// add adds residuals in rows.
func (m *moments) add(r []float64) {
	p := len(m.variances)
	rows := len(r) / p
	m.n += float64(rows)
	m.target = floats.Sum(m.variances) / float64(p)
	if m.shrinkage != Diagonal {
		blas64.Implementation().Dsyrk(
			blas.Upper, blas.Trans, p, rows, 1/m.freedom, r, p, 1, m.s, p)
	}
	if fourth := shrinkages[m.shrinkage].fourth; fourth != nil {
		for from := 0; from < len(r); from += p {
			m.fourth += fourth(m, r[from:from+p])
		}
	}
}

// merge adds the sums of another.
func (m *moments) merge(other *moments) {
	floats.Add(m.s, other.s)
	m.fourth += other.fourth
	m.n += other.n
}

// shrink turns s into the covariance, and variances into its diagonal, and returns
// the intensity.
func (m *moments) shrink() float64 {
	p := len(m.variances)
	t := shrinkages[m.shrinkage].intensity(m)
	for j, variance := range m.variances {
		if m.shrinkage == ShrinkIdentity {
			m.variances[j] = t*m.target + (1-t)*variance
		}
		floats.Scale(1-t, m.s[j*p+j+1:(j+1)*p])
		m.s[j*p+j] = m.variances[j]
	}
	return t
}

// crossedSquares is the sum of products of squares of different features, each by its
// standard deviation.
func crossedSquares(m *moments, row []float64) float64 {
	var sum, own float64
	for j, v := range row {
		z := v * v / m.variances[j]
		sum += z
		own += z * z
	}
	return sum*sum - own
}

// squaredSquares is the square of the sum of squares, by the mean standard deviation.
func squaredSquares(m *moments, row []float64) float64 {
	sum := floats.Dot(row, row) / m.target
	return sum * sum
}

// schaeferStrimmer returns the sum of the estimated variances of correlations over
// that of their squares, with the factors of rsatoolbox.
func (m *moments) schaeferStrimmer() float64 {
	p, squares := len(m.variances), 0.0
	for j, variance := range m.variances {
		for k := j + 1; k < p; k++ {
			v := m.s[j*p+k]
			squares += 2 * (v / variance) * (v / m.variances[k])
		}
	}
	n, freedom := m.n, m.freedom
	if squares *= freedom * freedom / ((n - 1) * (n - 1)); !(squares > 0) {
		return 1
	}
	return max(0, min(1, n/(freedom*freedom)*(m.fourth/(n-1)-squares)/squares))
}

// ledoitWolf returns their intensity, of covariances of n observations whatever the
// degrees of freedom.
func (m *moments) ledoitWolf() float64 {
	p, n := len(m.variances), m.n
	scale := m.freedom / n / m.target
	var trace, squares float64
	for j := range p {
		own := scale * m.s[j*p+j]
		trace += own
		squares += own * own
		for _, v := range m.s[j*p+j+1 : (j+1)*p] {
			squares += 2 * (scale * v) * (scale * v)
		}
	}
	off := squares - trace*trace/float64(p)
	if noise := min((m.fourth/n-squares)/n, off); noise > 0 {
		return noise / off
	}
	return 0
}
