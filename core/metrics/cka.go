package metrics

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// CKA is linear centered kernel alignment: the cosine of the sample Gram matrices
// K = XX' and L = YY' of centered activations, or, unless Cosine is set, the angle
//
//	d(X, Y) = arccos <K, L> / (|K| |L|),
//
// which is a metric. Kornblith, Norouzi, Lee & Hinton, ICML 2019.
//
// If Unbiased, <K, L> is replaced by the unbiased estimator HSIC_1 of Song et
// al., JMLR 13 (2012) 1393-1434, eq. 5, for n samples and K, L with their
// diagonals set to 0:
//
//	(tr KL + 1'K1 1'L1 / ((n-1)(n-2)) - 2 1'KL1 / (n-2)) / (n (n-3))
//
// That is, but for the factor, an inner product as well: of the matrices with
// entries k_ij - k_i. - k_.j + k_.. off the diagonal, where the sums k_i. over a
// row are divided by n-2 and the sum k_.. over all by (n-1)(n-2) (Székely &
// Rizzo, Ann. Statist. 42 (2014) 2382-2412). So the cosine is in [-1, 1] and the
// angle a metric. Adding r_i + r_j to k_ij changes nothing, hence neither does
// centering, which is always done: then the row sums of K with a zero diagonal
// are minus the diagonal, g_i = |x_i|^2.
//
// All pairs are measured at once, from Gram matrices of samples (gramStream) or
// from cross-products of features (panelProducts), whichever takes fewer
// operations. Networks are scaled to |X| = 1, so that nothing overflows.
type CKA struct {
	Center   bool
	Unbiased bool
	Cosine   bool
}

// nearGrams is the angle below which the cosine no longer resolves it to about
// 1e-11, and differences of Gram matrices are measured.
const nearGrams = 1e-4

// noGram is the squared norm of a Gram matrix of unit trace, after the
// corrections of HSIC_1, that rounding explains.
const noGram = 1e-14

// ckaRun is the state of one all-pairs computation. dst first holds inner
// products of the corrected Gram matrices, then what is asked for.
type ckaRun struct {
	CKA
	networks []unitNetwork
	subject  func(k int) core.Subject // what a network is in messages
	m, first int
	dst      []float64
	stride   int
	norms    []float64 // of the corrected Gram matrices; squared until score
	arena    cmem.Arena
}

// unitNetwork is a network seen as centered activations of unit norm. They are
// computed block by block where they are needed: a copy would double the memory.
type unitNetwork struct {
	x     *mat.Dense
	width int
	mean  []float64
	scale float64
	g     []float64 // squared norms of the rows, if Unbiased
}

func newCKARun(
	c CKA, dst *mat.Dense, xs []*mat.Dense, first int, subject func(k int) core.Subject,
) *ckaRun {
	raw := dst.RawMatrix()
	m, _ := xs[0].Dims()
	r := &ckaRun{CKA: c, m: m, first: first, dst: raw.Data, stride: raw.Stride, subject: subject}
	r.networks = make([]unitNetwork, len(xs)) // heap: one a network
	r.norms = r.arena.Float64s(len(xs))
	for k, x := range xs {
		_, p := x.Dims()
		r.networks[k] = unitNetwork{x: x, width: p, mean: r.arena.Float64s(p)}
		if c.Unbiased {
			r.networks[k].g = r.arena.Float64s(m)
		}
	}
	dst.Zero()
	return r
}

// prepare computes means and scales.
func (r *ckaRun) prepare(ctx context.Context) error {
	if err := r.arena.Err(); err != nil {
		return err
	}
	return core.Parallel(ctx, len(r.networks), func(k int) error {
		if err := r.networks[k].prepare(r.Center || r.Unbiased); err != nil {
			return core.Errorf("%v: %w", r.subject(k), err)
		}
		return nil
	})
}

func (n *unitNetwork) prepare(center bool) error {
	if center {
		linalg.ColumnMeans(n.mean, n.x)
	}
	var sum float64
	for i := range n.x.RawMatrix().Rows {
		var g float64
		for j, v := range n.x.RawRowView(i) {
			v -= n.mean[j]
			g += v * v
		}
		sum += g
		if n.g != nil {
			n.g[i] = g
		}
	}
	size := math.Sqrt(sum)
	if err := usableNorm(size); err != nil {
		return err
	}
	n.scale = 1 / size
	floats.Scale(n.scale*n.scale, n.g)
	return nil
}

// rows stores factor times the rows [from, to) in dst, which has the given
// stride.
func (n *unitNetwork) rows(dst []float64, stride, from, to int, factor float64) {
	factor *= n.scale
	for i := from; i < to; i++ {
		out := dst[(i-from)*stride:][:n.width]
		mean := n.mean[:n.width]
		for j, v := range n.x.RawRowView(i) {
			out[j] = (v - mean[j]) * factor
		}
	}
}

// at returns where the result of networks i < j belongs.
func (r *ckaRun) at(i, j int) *float64 { return &r.dst[i*r.stride+j-r.first] }

// wanted reports whether the pair i < j is asked for.
func (r *ckaRun) wanted(i, j int) bool { return r.first == 0 || (i < r.first && j >= r.first) }

// score turns inner products into cosines or angles, and adds to near the pairs whose
// angle is too small for that.
func (r *ckaRun) score(near *cmem.List[[2]int]) error {
	for k, square := range r.norms {
		if !(square > noGram) {
			return core.Invalidf("%v: all pairs of samples are equally similar, "+
				"so that the unbiased estimate is 0 and its CKA undefined", r.subject(k))
		}
		r.norms[k] = math.Sqrt(square)
	}
	for i := range r.networks {
		for j := max(i+1, r.first); j < len(r.networks); j++ {
			if !r.wanted(i, j) {
				break
			}
			d := r.at(i, j)
			*d = max(-1, min(1, *d/(r.norms[i]*r.norms[j])))
			if r.Cosine {
				continue
			}
			*d = math.Acos(*d)
			if *d < nearGrams {
				near.Add([2]int{i, j})
			}
		}
	}
	return near.Err()
}

// fillSymmetric completes the matrix of all pairs.
func (r *ckaRun) fillSymmetric() {
	if r.first > 0 {
		return
	}
	for i := range r.networks {
		*r.at(i, i) = 0
		if r.Cosine {
			*r.at(i, i) = 1
		}
		for j := range i {
			*r.at(i, j) = *r.at(j, i)
		}
	}
}
