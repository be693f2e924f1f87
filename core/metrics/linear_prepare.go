package metrics

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// linearPreparer turns activations into linearNetworks. It belongs to one
// worker.
type linearPreparer struct {
	mean, gain, lambda, work []float64
	iwork                    []int32
	size                     []float64 // of rotated columns
	kept                     []int     // those that are not null
	gram                     []float64 // q x q: covariance, then its eigenvectors
	chol                     []float64 // q x q
	flat                     []float64 // m x q: centered activations
	basis                    []float64 // p x q
	rest                     []float64 // mt x p
	coords                   []float64 // mt x q
	block                    []float64
	wide                     *linalg.WideFactor // of the centered activations
}

func newLinearPreparer(arena *cmem.Arena, m, mt, p int) *linearPreparer {
	q := min(m, p)
	nwork, niwork := nblas.EigenWork(q)
	w := &linearPreparer{
		mean:   arena.Float64s(p),
		gain:   arena.Float64s(q),
		lambda: arena.Float64s(q),
		size:   arena.Float64s(q),
		kept:   cmem.Slice[int](arena, q),
		work:   arena.Float64s(nwork),
		iwork:  arena.Int32s(niwork),
		gram:   arena.Float64s(q * q),
		chol:   arena.Float64s(q * q),
		flat:   arena.Float64s(m * q),
		rest:   arena.Float64s(mt * p),
		coords: arena.Float64s(mt * q),
		block:  arena.Float64s(blockRows * q),
		wide:   linalg.NewWideFactor(arena, m, p),
	}
	if mt > 0 {
		w.basis = arena.Float64s(p * q)
	}
	return w
}

// prepare fills net from the activations of one network.
func (w *linearPreparer) prepare(net *linearNetwork, linear Linear, x, test *mat.Dense) error {
	m, p := x.Dims()
	q := min(m, p)
	net.width = p
	flat := net.train.room(w.flat, m*q)
	center(w.mean[:p], x, linear.Center)
	if p > m {
		w.wide.Reduce(flat, x, w.mean)
	} else {
		linalg.SubtractRow(flat, x, w.mean[:p])
	}
	gram := w.gram[:q*q]
	blas64.Implementation().Dsyrk(blas.Upper, blas.Trans, q, m, 1, flat, q, 0, gram, q)
	net.norm = math.Sqrt(trace(gram, q))
	if net.norm != 0 {
		if err := usableNorm(net.norm); err != nil {
			return err
		}
	}
	whitening := linear.whitening()
	net.spread = choleskySpread(w.chol[:q*q], gram, q)
	rotated := !whitening.Identity() || net.spread < 1e-5
	varying := linalg.Varying(x, w.mean[:p])
	if rotated {
		if err := w.rotate(net, whitening, flat, m, p, varying); err != nil {
			return err
		}
	} else {
		net.rank, net.gains = q, whitening.Gains(m, varying, 0)
	}
	net.train.store(flat, m, net.rank)
	if err := net.train.check(net.norm); err != nil {
		return err
	}
	if test != nil {
		w.prepareTest(net, test, rotated, p > m)
		return net.test.check(net.testNorm)
	}
	return nil
}

// choleskySpread returns the ratio of the smallest to the largest diagonal
// element of the Cholesky factor of the Gram matrix: about that of the singular
// values, at a hundredth of the price, and 0 if there is no factor. A spread that
// is too large costs speed only.
func choleskySpread(chol, gram []float64, n int) float64 {
	copy(chol, gram)
	if !nblas.Cholesky(n, chol, n) {
		return 0
	}
	smallest, largest := chol[0], chol[0]
	for i := range n {
		smallest = min(smallest, chol[i*n+i])
		largest = max(largest, chol[i*n+i])
	}
	return smallest / largest
}

// rotate turns the coordinates flat (m x q) to the principal axes, whitens
// them, and drops those in which the network does not vary: eigenvalues cannot
// tell 0 from (6e-9 sigma_1)^2, the norms of the rotated columns can. What was
// dropped goes into net.lost.
func (w *linearPreparer) rotate(
	net *linearNetwork, whitening linalg.Whitening, flat []float64, m, p, varying int,
) error {
	q := min(m, p)
	v, lambda := w.gram[:q*q], w.lambda[:q]
	if !nblas.Eigen(q, v, q, lambda, w.work, w.iwork) {
		return core.Numericalf("the eigenvalues of its covariance did not converge")
	}
	w.multiplyInPlace(flat, v, m, q)
	if !whitening.Identity() {
		if err := linalg.RefineAxes(v, lambda, flat, m, q); err != nil {
			return err
		}
	}
	size := w.size[:q]
	linalg.ColumnNorms(size, flat, m)
	net.gains = whitening.Gains(m, varying, lambda[q-1])
	net.before, net.after = net.gains.Variance(0)
	net.before *= float64(p - q)
	net.after *= float64(p - q)
	var total, largest float64
	smallest := math.Inf(1)
	kept := w.kept[:0]
	for k, l := range lambda {
		before, after := net.gains.Variance(l)
		net.before += before
		net.after += after
		gain := net.gains.Gain(l)
		total += size[k] * gain * size[k] * gain
		if size[k] > linalg.NullColumn*net.norm {
			w.gain[len(kept)] = gain
			kept = append(kept, k)
			smallest, largest = min(smallest, size[k]*gain), max(largest, size[k]*gain)
		} else {
			net.lost += size[k] * gain
		}
	}
	net.rank = len(kept)
	net.norm = math.Sqrt(total)
	net.spread = smallest / largest
	keepColumns(flat, m, q, kept)
	linalg.ScaleColumns(flat, m, w.gain[:net.rank])
	keepColumns(v, q, q, kept)
	return nil
}

// multiplyInPlace replaces the m x q a by a v, block by block.
func (w *linearPreparer) multiplyInPlace(a, v []float64, m, q int) {
	for i := 0; i < m; i += blockRows {
		rows := min(blockRows, m-i)
		block, product := a[i*q:(i+rows)*q], w.block[:rows*q]
		linalg.Gemm(blas.NoTrans, blas.NoTrans, rows, q, q, 1, block, q, v, q, 0, product, q)
		copy(block, product)
	}
}

// prepareTest expresses held-out samples in the basis of the training data.
// What lies outside of it is part of their norm, but the training data does not
// say how to align it, so it contributes nothing to inner products.
func (w *linearPreparer) prepareTest(
	net *linearNetwork, test *mat.Dense, rotated, reduced bool,
) {
	mt, p := test.Dims()
	r := net.rank
	rest := w.rest[:mt*p]
	linalg.SubtractRow(rest, test, w.mean[:p])
	if !rotated && !reduced {
		net.testNorm = norm(rest)
		net.test.store(rest, mt, p)
		return
	}
	if r == 0 {
		net.testRest = norm(rest) * net.gains.Null()
		net.testNorm = net.testRest
		return
	}
	basis, coords := w.trainBasis(net, rotated, reduced), w.coords[:mt*r]
	linalg.Gemm(blas.NoTrans, blas.NoTrans, mt, r, p, 1, rest, p, basis, r, 0, coords, r)
	if r < p {
		linalg.Gemm(blas.NoTrans, blas.Trans, mt, p, r, -1, coords, r, basis, r, 1, rest, p)
		net.testRest = norm(rest) * net.gains.Null()
	}
	if rotated {
		linalg.ScaleColumns(coords, mt, w.gain[:r])
	}
	net.testNorm = math.Hypot(norm(coords), net.testRest)
	net.test.store(coords, mt, r)
}

// trainBasis returns the orthonormal p x rank basis of the training data.
func (w *linearPreparer) trainBasis(net *linearNetwork, rotated, reduced bool) []float64 {
	p, r := net.width, net.rank
	if !reduced {
		return w.gram[:p*r]
	}
	wide := w.wide.Basis()
	if !rotated {
		return wide
	}
	m := len(wide) / p
	basis := w.basis[:p*r]
	linalg.Gemm(blas.NoTrans, blas.NoTrans, p, r, m, 1, wide, m, w.gram, r, 0, basis, r)
	return basis
}
