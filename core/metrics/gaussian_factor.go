package metrics

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	nblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// covarianceTol is how far, relative to its largest element or eigenvalue, a
// covariance may be from symmetric and from positive semi-definite: enough for
// one that was computed in float32.
const covarianceTol = 1e-5

// gaussians are m normal distributions in d dimensions with factored
// covariances.
type gaussians struct {
	m, d      int
	means     *mat.Dense // of the caller
	meansNorm float64    // sum of the squared norms of the means
	factors   []float64  // room for m of d x d
	ranks     []int
	traces    []float64 // of the covariances
}

func newGaussians(arena *cmem.Arena, m, d int) *gaussians {
	return &gaussians{m: m, d: d, ranks: cmem.Slice[int](arena, m), traces: arena.Float64s(m),
		factors: arena.Float64s(m * d * d)}
}

// at returns the d x rank factor F of covariance i = F F'.
func (g *gaussians) at(i int) (f []float64, rank int) {
	rank = g.ranks[i]
	return g.factors[i*g.d*g.d:][:g.d*rank], rank
}

// factor fills g from r.
func (g *gaussians) factor(
	ctx context.Context, team par.Team[*factorizer], r Responses, ridge float64,
) error {
	g.means = r.Means
	g.meansNorm = 0
	for i := range g.m {
		for _, v := range r.Means.RawRowView(i) {
			g.meansNorm += v * v
		}
	}
	d := g.d
	return eachInput(ctx, newChunks(g.m), team, func(f *factorizer, _, i int) error {
		cov := r.Covs.Slice(i*d, (i+1)*d, 0, d).(*mat.Dense)
		rank, trace, err := f.factor(g.factors[i*d*d:(i+1)*d*d], cov, ridge, i)
		g.ranks[i], g.traces[i] = rank, trace
		return err
	})
}

// factorizer factors covariances. It belongs to one worker.
type factorizer struct {
	v, lambda, work []float64
	iwork           []int32
}

func newFactorizer(arena *cmem.Arena, d int) *factorizer {
	nwork, niwork := nblas.EigenWork(d)
	return &factorizer{
		v:      arena.Float64s(d * d),
		lambda: arena.Float64s(d),
		work:   arena.Float64s(nwork),
		iwork:  arena.Int32s(niwork),
	}
}

// factor stores in dst the d x rank F = V sqrt(lambda + ridge) with FF' = cov +
// ridge I, and returns the trace of FF'. Eigenvalues that rounding explains are
// left out. i is the number of cov in messages.
func (f *factorizer) factor(
	dst []float64, cov *mat.Dense, ridge float64, i int,
) (rank int, trace float64, err error) {
	d := len(f.lambda)
	if err := symmetrised(f.v, cov, i); err != nil {
		return 0, 0, err
	}
	if !nblas.Eigen(d, f.v, d, f.lambda, f.work, f.iwork) {
		return 0, 0, core.Numericalf("the eigenvalues of covariance %d did not converge", i)
	}
	smallest, largest := f.lambda[0], f.lambda[d-1]
	if smallest < -covarianceTol*math.Abs(largest) {
		return 0, 0, core.Invalidf(
			"covariance %d is not positive semi-definite: its eigenvalues go from %.3g to %.3g",
			i, smallest, largest)
	}
	const eps = 0x1p-52
	first := 0
	for first < d && f.lambda[first]+ridge <= float64(d)*eps*(largest+ridge) {
		first++
	}
	rank = d - first
	for k := first; k < d; k++ {
		trace += f.lambda[k] + ridge
		f.lambda[k] = math.Sqrt(f.lambda[k] + ridge)
	}
	for a := range d {
		row := f.v[a*d+first : (a+1)*d]
		for k, v := range row {
			dst[a*rank+k] = v * f.lambda[first+k]
		}
	}
	return rank, trace, nil
}

// symmetrised stores the symmetric part of cov in dst, or returns an error if
// the rest is more than rounding.
func symmetrised(dst []float64, cov *mat.Dense, i int) error {
	d, _ := cov.Dims()
	var largest, gap float64
	row, col := 0, 0
	for a := range d {
		for b := a; b < d; b++ {
			u, l := cov.At(a, b), cov.At(b, a)
			dst[a*d+b] = (u + l) / 2
			largest = max(largest, math.Abs(u), math.Abs(l))
			if math.Abs(u-l) > gap {
				gap, row, col = math.Abs(u-l), a, b
			}
		}
	}
	if gap > covarianceTol*largest {
		return core.Invalidf(
			"covariance %d is not symmetric: elements (%d, %d) and (%d, %d) are %.6g and %.6g",
			i, row, col, col, row, cov.At(row, col), cov.At(col, row))
	}
	return nil
}
