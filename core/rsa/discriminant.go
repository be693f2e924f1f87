package rsa

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// leastTrained is the number of observations of a condition below which its covariance
// has no shrinkage: standardized, two are +-1.
const leastTrained = 3

// lda is linear discriminant analysis, with both conditions as likely and the mean of
// their covariances. As in scikit-learn each is that of standardized responses, shrunk
// after Ledoit and Wolf (see ShrinkIdentity), in the units of the responses:
//
//	t mu diag(s^2) + (1 - t) R' R / n
//
// with residuals R of n observations, standard deviations s (1 if they are 0) and the
// share mu of features that vary.
type lda struct {
	*decoder
	p         int
	means     []float64 // conditions x features
	targets   []float64 // conditions x features: the diagonals
	residuals []float64 // of train, times the root of (1 - t) / 2n
	scaled    []float64 // those of two conditions
	gram      []float64
	weights   []float64
	half      []float64 // between the means
	rest      []float64 // of products
	scale     []float64 // of the features
}

func discriminant(d *decoder, arena *cmem.Arena) (classifier, error) {
	m, p := d.x.Dims()
	for c := range d.n {
		total := 0.0
		for f := range d.design.Folds {
			total += d.count[f*d.n+c]
		}
		for f := range d.design.Folds {
			if left := total - d.count[f*d.n+c]; left < leastTrained {
				return nil, core.Invalidf("classification without noise needs at least %d "+
					"observations to learn from, got %v of %v outside a fold",
					leastTrained, left, core.Condition(c))
			}
		}
	}
	side := min(m, p)
	return &lda{decoder: d, p: p, means: arena.Float64s(d.n, p), targets: arena.Float64s(d.n, p),
		residuals: arena.Float64s(m, p), scaled: arena.Float64s(m, p),
		gram: arena.Float64s(side, side), weights: arena.Float64s(p), half: arena.Float64s(p),
		rest: arena.Float64s(m), scale: arena.Float64s(p)}, nil
}

func (c *lda) run() error {
	for k := range c.n {
		c.learn(k)
	}
	for i := range c.n {
		for j := i + 1; j < c.n; j++ {
			if err := c.solve(i, j); err != nil {
				return err
			}
			c.apply(i, j)
		}
	}
	return nil
}

// row returns row k of a matrix with the features as columns.
func (c *lda) row(x []float64, k int) []float64 { return x[k*c.p : (k+1)*c.p] }

// learn stores the mean, the residuals and the diagonal of condition k.
func (c *lda) learn(k int) {
	mean, target, list := c.row(c.means, k), c.row(c.targets, k), c.of(k)
	n := float64(len(list))
	clear(mean)
	for _, o := range list {
		floats.Add(mean, c.x.RawRowView(o))
	}
	floats.Scale(1/n, mean)
	clear(target)
	for t, o := range list {
		r := c.row(c.residuals, c.start[k]+t)
		floats.SubTo(r, c.x.RawRowView(o), mean)
		for j, v := range r {
			target[j] += v * v / n
		}
	}
	if size := floats.Sum(target); !(size <= math.MaxFloat64) {
		setNaN(target) // solve says it
		return
	}
	residuals := c.residuals[c.start[k]*c.p : c.start[k+1]*c.p]
	varying := c.standardize(target, mean, residuals, n)
	t := c.shrinkage(residuals, n, varying)
	for j, scale := range c.scale {
		target[j] = t * varying / float64(c.p) * scale * scale
	}
	for from := 0; from < len(residuals); from += c.p {
		floats.Mul(residuals[from:from+c.p], c.scale)
	}
	floats.Scale(weightOf(t, n), residuals)
}

// weightOf returns the factor of the residuals of one condition in the root of the
// mean of two covariances.
func weightOf(t, n float64) float64 { return math.Sqrt((1 - t) / (2 * n)) }

// standardize divides the residuals of n observations by the roots of the variances,
// which it stores in c.scale, 1 for features that do not vary. It returns how many do.
func (c *lda) standardize(variances, mean, residuals []float64, n float64) float64 {
	varying := 0.0
	for j, variance := range variances {
		rounding := n * mean[j] * epsilon
		if c.scale[j] = 1; variance <= n*epsilon*variance+rounding*rounding {
			for from := 0; from < len(residuals); from += c.p {
				residuals[from+j] = 0
			}
			continue
		}
		c.scale[j] = math.Sqrt(variance)
		varying++
	}
	for from := 0; from < len(residuals); from += c.p {
		floats.Div(residuals[from:from+c.p], c.scale)
	}
	return varying
}

const epsilon = 0x1p-52

// shrinkage returns the intensity of Ledoit and Wolf for n standardized observations,
// of features of which so many vary.
func (c *lda) shrinkage(z []float64, n, varying float64) float64 {
	p, rows := float64(c.p), len(z)/c.p
	if c.p == 1 {
		return 0
	}
	var fourth, squares float64
	for k := range rows {
		own := floats.Dot(c.row(z, k), c.row(z, k))
		fourth += own * own
		squares += own * own
		for l := range k {
			product := floats.Dot(c.row(z, k), c.row(z, l))
			squares += 2 * product * product
		}
	}
	squares /= n * n
	off := squares - varying*varying/p
	if noise := min((fourth/n-squares)/n, off); noise > 0 {
		return noise / off
	}
	return 0
}

// solve stores the weights that tell condition j from i: the inverse of the covariance
// times the difference of the means, from products of observations or of features,
// whichever are fewer.
func (c *lda) solve(i, j int) error {
	floats.SubTo(c.weights, c.row(c.means, j), c.row(c.means, i))
	floats.AddTo(c.half, c.row(c.means, j), c.row(c.means, i))
	floats.Scale(0.5, c.half)
	floats.AddTo(c.scale, c.row(c.targets, i), c.row(c.targets, j))
	floats.Scale(0.5, c.scale)
	if math.IsNaN(floats.Sum(c.scale)) {
		return errRange
	}
	first := c.residuals[c.start[i]*c.p : c.start[i+1]*c.p]
	second := c.residuals[c.start[j]*c.p : c.start[j+1]*c.p]
	residuals := c.scaled[:len(first)+len(second)]
	copy(residuals, first)
	copy(residuals[len(first):], second)
	if len(residuals) < c.p*c.p { // fewer observations than features
		return c.solveWide(residuals)
	}
	return c.solveTall(residuals)
}

// solveTall solves for the weights with a matrix of features.
func (c *lda) solveTall(r []float64) error {
	p := c.p
	gram := c.gram[:p*p]
	blas64.Implementation().Dsyrk(blas.Upper, blas.Trans, p, len(r)/p, 1, r, p, 0, gram, p)
	for j := range p {
		gram[j*p+j] += c.scale[j]
		c.scale[j] = gram[j*p+j]
	}
	ok := iblas.Cholesky(p, gram, p)
	for j, variance := range c.scale {
		ok = ok && gram[j*p+j]*gram[j*p+j] > singular*float64(p)*variance
	}
	if !ok {
		return errInseparable
	}
	solveUpper(gram, c.weights)
	return nil
}

// solveWide solves with a matrix of observations, by Woodbury's identity.
func (c *lda) solveWide(r []float64) error {
	p, k := c.p, len(r)/c.p
	for j, target := range c.scale {
		if c.scale[j] = 1 / math.Sqrt(target); !(target > 0) {
			return errInseparable
		}
	}
	floats.Mul(c.weights, c.scale)
	gram, rest := c.gram[:k*k], c.rest[:k]
	for l := range k {
		floats.Mul(c.row(r, l), c.scale)
		rest[l] = floats.Dot(c.row(r, l), c.weights)
	}
	blas64.Implementation().Dsyrk(blas.Upper, blas.NoTrans, k, p, 1, r, p, 0, gram, k)
	for l := range k {
		gram[l*k+l]++
	}
	if !iblas.Cholesky(k, gram, k) {
		return errInseparable
	}
	solveUpper(gram, rest)
	for l, v := range rest {
		floats.AddScaled(c.weights, -v, c.row(r, l))
	}
	floats.Mul(c.weights, c.scale)
	return nil
}

var errInseparable = core.Invalidf(
	"the covariance of the responses to two conditions has no inverse, from which to classify")

// solveUpper multiplies x by the inverse of a matrix, whose upper Cholesky factor is given.
func solveUpper(factor, x []float64) {
	n := len(x)
	upper := blas64.Triangular{
		Uplo: blas.Upper, Diag: blas.NonUnit, N: n, Data: factor, Stride: n,
	}
	blas64.Trsv(blas.Trans, upper, blas64.Vector{N: n, Inc: 1, Data: x})
	blas64.Trsv(blas.NoTrans, upper, blas64.Vector{N: n, Inc: 1, Data: x})
}

// apply tells observations of condition i and j apart.
func (c *lda) apply(i, j int) {
	for _, o := range c.test {
		own := c.condition(o)
		if own != i && own != j {
			continue
		}
		floats.SubTo(c.scale, c.x.RawRowView(o), c.half)
		c.tell(o, i+j-own, floats.Dot(c.scale, c.weights))
	}
}
