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

// Noise is what the responses of every neighbourhood are whitened by: the
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
	// Freedom is the degrees of freedom that are left.
	Freedom   float64
	Shrinkage Shrinkage
}

// Cut returns the noise of each fold, whose residuals are a group each, one after the
// other: a fold has as many degrees of freedom, or those of its rows less 1 if they are 0.
func (n *Noise) Cut(folds int) ([]*Noise, error) {
	r, each := n.Residuals, []*Noise{}
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

// shrinkages is the table of all of them: a name, and the intensity t.
var shrinkages = [...]shrinkage{
	ShrinkDiagonal: {"shrinkage_diag", (*normalizer).schaeferStrimmer},
	ShrinkIdentity: {"shrinkage_eye", (*normalizer).ledoitWolf},
	Diagonal:       {"diag", func(*normalizer, []float64, []float64, int) float64 { return 1 }},
	Full:           {"full", func(*normalizer, []float64, []float64, int) float64 { return 0 }},
}

type shrinkage struct {
	name      string
	intensity func(w *normalizer, s, r []float64, p int) float64
}

// Shrinkages returns the names of the estimates, in their order.
func Shrinkages() []string {
	return names(shrinkages[:], func(s shrinkage) string { return s.name })
}

// normalizer whitens the responses of one neighbourhood after the other. It belongs
// to one worker.
type normalizer struct {
	noise      *Noise
	residuals  []float64 // observations x features
	means      []float64 // groups x features
	counts     []float64 // of the groups
	covariance []float64 // features x features
	variances  []float64 // of the features
}

// newNormalizer returns one of no more than so many features.
func newNormalizer(arena *cmem.Arena, noise *Noise, features int) *normalizer {
	w := &normalizer{noise: noise, covariance: arena.Float64s(features * features),
		variances: arena.Float64s(features)}
	if r := noise.Residuals; r != nil {
		groups := max(1, noise.Groups)
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

// silent is the part of the largest residual below which a standard deviation is
// that of rounding.
const silent = 64 * 0x1p-52

// subtractMeans subtracts those of groups from the residuals of p features, and
// stores variances: 0 if there is no noise.
func (w *normalizer) subtractMeans(p int) {
	rows, largest := w.noise.Residuals.Rows, w.covariance[:p]
	clear(largest)
	clear(w.means[:len(w.counts)*p])
	clear(w.counts)
	clear(w.variances[:p])
	for o := range rows {
		row, g := w.residuals[o*p:(o+1)*p], w.group(o)
		w.counts[g]++
		floats.Add(w.means[g*p:(g+1)*p], row)
		for j, v := range row {
			largest[j] = max(largest[j], math.Abs(v))
		}
	}
	for g, count := range w.counts {
		floats.Scale(1/max(1, count), w.means[g*p:(g+1)*p])
	}
	for o := range rows {
		row, g := w.residuals[o*p:(o+1)*p], w.group(o)
		floats.Sub(row, w.means[g*p:(g+1)*p])
		for j, v := range row {
			w.variances[j] += v * v
		}
	}
	for j, square := range w.variances[:p] {
		if w.variances[j] = square / w.noise.Freedom; !(math.Sqrt(w.variances[j]) > silent*largest[j]) {
			w.variances[j] = 0
		}
	}
}

func (w *normalizer) group(o int) int {
	if w.noise.Group == nil {
		return 0
	}
	return int(w.noise.Group[o])
}

// fill stores the upper triangle of the covariance of the loaded features, and their
// variances.
func (w *normalizer) fill(features []int64) []float64 {
	p := len(features)
	s := w.covariance[:p*p]
	if w.noise.Residuals != nil {
		w.estimate(s, p)
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
	p := len(variances)
	factor, ok := lapack64.Potrf(blas64.Symmetric{Uplo: blas.Upper, N: p, Stride: p, Data: s})
	for j, variance := range variances {
		// What the features before it leave of the variance of one.
		if pivot := s[j*p+j]; !(pivot*pivot > singular*float64(p)*variance) {
			ok = false
		}
	}
	if !ok {
		return errSingular
	}
	blas64.Implementation().Dtrsm(blas.Right, blas.Upper, blas.NoTrans, blas.NonUnit,
		len(x)/p, p, 1, factor.Data, p, x, p)
	return nil
}

// singular, times the number of features, is the part of its variance that a
// feature may have apart from the others if that is rounding.
const singular = 4 * 0x1p-52

var errSingular = core.Invalidf("the covariance of the noise has no inverse")

// estimate stores the upper triangle of the covariance of the loaded residuals.
func (w *normalizer) estimate(s []float64, p int) {
	rows := w.noise.Residuals.Rows
	r := w.residuals[:rows*p]
	clear(s)
	if w.noise.Shrinkage != Diagonal {
		blas64.Implementation().Dsyrk(
			blas.Upper, blas.Trans, p, rows, 1/w.noise.Freedom, r, p, 0, s, p)
	}
	t := shrinkages[w.noise.Shrinkage].intensity(w, s, r, p)
	target := floats.Sum(w.variances[:p]) / float64(p)
	for j, variance := range w.variances[:p] {
		if w.noise.Shrinkage == ShrinkIdentity {
			w.variances[j] = t*target + (1-t)*variance
		}
		floats.Scale(1-t, s[j*p+j+1:(j+1)*p])
		s[j*p+j] = w.variances[j]
	}
}

// schaeferStrimmer returns the sum of the estimated variances of correlations over
// that of their squares, with the factors of rsatoolbox.
func (w *normalizer) schaeferStrimmer(s, r []float64, p int) float64 {
	var fourth, squares float64
	for from := 0; from < len(r); from += p {
		var sum, own float64
		for j, v := range r[from : from+p] {
			z := v * v / w.variances[j]
			sum += z
			own += z * z
		}
		fourth += sum*sum - own
	}
	for j, variance := range w.variances[:p] {
		for k := j + 1; k < p; k++ {
			v := s[j*p+k]
			squares += 2 * v * v / (variance * w.variances[k])
		}
	}
	n, freedom := float64(len(r)/p), w.noise.Freedom
	if squares *= freedom * freedom / ((n - 1) * (n - 1)); !(squares > 0) {
		return 1
	}
	return max(0, min(1, n/(freedom*freedom)*(fourth/(n-1)-squares)/squares))
}

// ledoitWolf returns their intensity, of covariances of n observations whatever the
// degrees of freedom.
func (w *normalizer) ledoitWolf(s, r []float64, p int) float64 {
	n := float64(len(r) / p)
	scale := w.noise.Freedom / n
	var trace, squares, fourth float64
	for j := range p {
		trace += scale * s[j*p+j]
		squares += scale * scale * s[j*p+j] * s[j*p+j]
		for _, v := range s[j*p+j+1 : (j+1)*p] {
			squares += 2 * scale * scale * v * v
		}
	}
	for from := 0; from < len(r); from += p {
		sum := floats.Dot(r[from:from+p], r[from:from+p])
		fourth += sum * sum
	}
	off := squares - trace*trace/float64(p)
	if noise := min((fourth/n-squares)/n, off); noise > 0 {
		return noise / off
	}
	return 0
}
