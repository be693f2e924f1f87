package capacity

import (
	"math"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
)

// axes are those in which centers are most correlated: eigenvectors of their
// correlations, as weights of the centers.
type axes struct {
	p                      int
	vectors, lengths, work []float64
	iwork                  []int32
}

func newAxes(arena *cmem.Arena, p int) axes {
	lwork, liwork := iblas.EigenWork(p)
	return axes{
		p:       p,
		vectors: arena.Float64s(p * p),
		lengths: arena.Float64s(p),
		work:    arena.Float64s(lwork),
		iwork:   arena.Int32s(liwork),
	}
}

// set takes the centers without the k directions v.
func (a *axes) set(r *correlator, v []float64, k int) error {
	r.residual(v, k)
	r.rows(k, func(first int, e []float64) {
		for m := first; m < first+len(e)/a.p; m++ {
			for n, e := range e[(m-first)*a.p : (m-first+1)*a.p] {
				a.vectors[m*a.p+n] = e * math.Sqrt(r.left[m]*r.left[n])
			}
		}
	})
	if !iblas.Eigen(a.p, a.vectors, a.p, a.lengths, a.work, a.iwork) {
		return core.Numericalf("the eigenvalues of the centers' correlations did not converge")
	}
	for i := range a.p {
		for j := range a.p {
			a.vectors[i*a.p+j] *= math.Sqrt(r.left[i])
		}
	}
	return nil
}

// weight returns that of center i in the axis with the place of the n largest.
func (a *axes) weight(i, place int) float64 { return a.vectors[i*a.p+a.p-1-place] }
