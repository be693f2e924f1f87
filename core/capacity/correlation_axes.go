package capacity

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// axes are those in which centers are most correlated: eigenvectors of their
// correlations, as weights of the centers. Of many centers they are what a Lanczos iteration
// of some steps makes of the leading ones: a start need not be exact.
type axes struct {
	p                      int
	vectors, lengths, work []float64
	iwork                  []int32
	basis, small           []float64 // of the iteration, steps x P, and its matrix
	overlaps               []float64
}

// lanczosSteps is the number of steps, and leadingAxes the number of axes for which they do.
const (
	lanczosSteps = 60
	leadingAxes  = 10
)

func newAxes(arena *cmem.Arena, p int) axes {
	lwork, liwork := iblas.EigenWork(p)
	a := axes{
		p:       p,
		vectors: arena.Float64s(p * p),
		lengths: arena.Float64s(p),
		work:    arena.Float64s(lwork),
		iwork:   arena.Int32s(liwork),
	}
	if p > manyCenters {
		a.basis = arena.Float64s(lanczosSteps, p)
		a.small = arena.Float64s(lanczosSteps, lanczosSteps)
		a.overlaps = arena.Float64s(lanczosSteps)
	}
	return a
}

// set takes the centers without the k directions v, and finds some axes at least.
func (a *axes) set(r *correlator, v []float64, k, some int) error {
	r.residual(v, k)
	r.rows(k, func(first int, e []float64) {
		for m := first; m < first+len(e)/a.p; m++ {
			for n, e := range e[(m-first)*a.p : (m-first+1)*a.p] {
				a.vectors[m*a.p+n] = e * math.Sqrt(r.left[m]*r.left[n])
			}
		}
	})
	if a.p <= manyCenters || some > leadingAxes || !a.lead(some) {
		if !iblas.Eigen(a.p, a.vectors, a.p, a.lengths, a.work, a.iwork) {
			return core.Numericalf("the eigenvalues of the centers' correlations did not converge")
		}
	}
	for i := range a.p {
		for j := range a.p {
			a.vectors[i*a.p+j] *= math.Sqrt(r.left[i])
		}
	}
	return nil
}

// lead replaces the correlations by the leading axes in their last columns. The iteration
// begins with the center that is most correlated with the others, which depends on the
// centers alone, not on their order. It returns false, and leaves the correlations, where
// it ends before there are enough.
func (a *axes) lead(some int) bool {
	steps, ok := a.iterate()
	if steps < some || !ok {
		return false
	}
	for i := range a.p {
		row := a.vectors[i*a.p : (i+1)*a.p]
		for place := range some {
			var sum float64
			for k := range steps {
				sum += a.basis[k*a.p+i] * a.small[k*steps+steps-1-place]
			}
			row[a.p-1-place] = sum
		}
	}
	return true
}

// iterate stores a basis of the Krylov space, and the eigenvectors of the correlations in
// it, and returns its dimension.
func (a *axes) iterate() (steps int, ok bool) {
	p := a.p
	correlations := blas64.General{Rows: p, Cols: p, Stride: p, Data: a.vectors}
	basis := blas64.General{Cols: p, Stride: p, Data: a.basis}
	most, largest := 0, 0.0
	for i := range p {
		if size := floats.Norm(linalg.Row(correlations, i), 2); size > largest {
			most, largest = i, size
		}
	}
	copy(a.basis[:p], linalg.Row(correlations, most))
	floats.Scale(1/largest, a.basis[:p])
	var diagonal, beside [lanczosSteps]float64
	for basis.Rows = 1; ; basis.Rows++ {
		last := basis.Rows - 1
		next := a.overlaps[:basis.Rows]
		w := a.lengths[:p]
		multiply(blas.NoTrans, 1, correlations, linalg.Row(basis, last), 0, w)
		diagonal[last] = floats.Dot(w, linalg.Row(basis, last))
		for range 2 {
			multiply(blas.NoTrans, 1, basis, w, 0, next)
			multiply(blas.Trans, -1, basis, next, 1, w)
		}
		beside[last] = floats.Norm(w, 2)
		if basis.Rows == lanczosSteps || beside[last] <= 1e-10*largest {
			break
		}
		floats.ScaleTo(a.basis[basis.Rows*p:(basis.Rows+1)*p], 1/beside[last], w)
	}
	steps = basis.Rows
	small := a.small[:steps*steps]
	clear(small)
	for k := range steps {
		small[k*steps+k] = diagonal[k]
		if k > 0 {
			small[k*steps+k-1], small[(k-1)*steps+k] = beside[k-1], beside[k-1]
		}
	}
	return steps, iblas.Eigen(steps, small, steps, a.lengths, a.work, a.iwork)
}

// multiply stores alpha op(m) x + beta y in y.
func multiply(
	op blas.Transpose, alpha float64, m blas64.General, x []float64, beta float64, y []float64,
) {
	blas64.Gemv(op, alpha, m, blas64.Vector{N: len(x), Inc: 1, Data: x},
		beta, blas64.Vector{N: len(y), Inc: 1, Data: y})
}

// weight returns that of center i in the axis with the place of the n largest.
func (a *axes) weight(i, place int) float64 { return a.vectors[i*a.p+a.p-1-place] }
