package metrics

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// gaussianSolver aligns pairs of gaussians, on a fixed number of workers.
type gaussianSolver struct {
	g       Gaussian
	chunks  chunks
	descent *optimize.Descent
	workers par.Team[*bures]
	cross   []float64 // n x n: what T is chosen from
	t, best []float64 // n x n
	partial []float64 // count x n x n: sums over the inputs of a chunk
	sums    []float64 // count
}

func newGaussianSolver(arena *cmem.Arena, g Gaussian, workers, m, d int) *gaussianSolver {
	n, chunks := g.Neurons, newChunks(m)
	return &gaussianSolver{
		g:       g,
		chunks:  chunks,
		descent: optimize.NewDescent(arena, g.Group, n),
		workers: par.NewTeam(arena, workers, func(arena *cmem.Arena) *bures {
			return newBures(arena, d, n)
		}),
		cross:   arena.Float64s(n * n),
		t:       arena.Float64s(n * n),
		best:    arena.Float64s(n * n),
		partial: arena.Float64s(chunks.count() * n * n),
		sums:    arena.Float64s(chunks.count()),
	}
}

// fit stores in t the alignment of the best of the starts.
func (s *gaussianSolver) fit(
	ctx context.Context, t []float64, x, y *gaussians, fromMeans bool, starts []*mat.Dense,
) (Fit, error) {
	var best Fit
	try := func() error {
		fit, err := s.descend(ctx, x, y)
		if err == nil && (best.Loss == nil || last(fit.Loss) < last(best.Loss)) {
			best = fit
			copy(s.best, s.t)
		}
		return err
	}
	if fromMeans {
		s.meansProduct(1, x, y)
		if _, err := s.descent.Align(s.t, s.cross); err != nil {
			return best, err
		}
		if err := try(); err != nil {
			return best, err
		}
	}
	for _, start := range starts {
		copy(s.t, start.RawMatrix().Data)
		if err := try(); err != nil {
			return best, err
		}
	}
	if best.Loss == nil {
		return best, core.Invalidf("a fit needs at least one start")
	}
	copy(t, s.best)
	return best, nil
}

// descend improves s.t until the loss settles. As in netrep, the first
// decrease does not end it.
func (s *gaussianSolver) descend(ctx context.Context, x, y *gaussians) (fit Fit, err error) {
	settings := optimize.DescentSettings{
		MinIter: 3,
		MaxIter: s.g.MaxIter,
		Tol:     s.g.Tol * linalg.Magnitude(math.Sqrt(s.total(x, y)), 2*x.m*x.d),
		Before:  math.Inf(1),
	}
	fit.Loss, fit.Converged, err = s.descent.Run(s.t, settings,
		func(image, cross, t []float64) (float64, error) {
			return s.alternate(ctx, image, cross, t, x, y)
		})
	copy(s.t, s.descent.Image)
	return fit, err
}

// alternate stores in image the alignment that is best for the polar factors at
// t, and returns the loss.
func (s *gaussianSolver) alternate(
	ctx context.Context, image, cross, t []float64, x, y *gaussians,
) (float64, error) {
	if err := s.crossProduct(ctx, t, x, y); err != nil {
		return math.NaN(), err
	}
	copy(cross, s.cross)
	inner, err := s.descent.Follow(image, s.cross, t)
	if err != nil {
		return math.NaN(), err
	}
	total := s.total(x, y)
	square := total - 2*inner
	if square >= nearEnd*nearEnd*total {
		return math.Sqrt(square), nil
	}
	square, err = s.objective(ctx, image, x, y)
	return math.Sqrt(square), err
}

// total returns the weighted squared size of all responses.
func (s *gaussianSolver) total(x, y *gaussians) float64 {
	means, covs := x.meansNorm+y.meansNorm, floats.Sum(x.traces)+floats.Sum(y.traces)
	return s.g.Alpha*means + (2-s.g.Alpha)*covs
}

// meansProduct stores weight my'mx, with one row of neurons for each input and
// time, in s.cross.
func (s *gaussianSolver) meansProduct(weight float64, x, y *gaussians) {
	n := s.g.Neurons
	mx, my := x.means.RawMatrix(), y.means.RawMatrix()
	clear(s.cross)
	for b := 0; b < x.d; b += n {
		linalg.Gemm(blas.Trans, blas.NoTrans, n, n, x.m,
			weight, my.Data[b:], my.Stride, mx.Data[b:], mx.Stride, 1, s.cross, n)
	}
}

// crossProduct stores in s.cross the C whose inner product <T, C> an alignment
// maximizes, Alpha my'mx + (2 - Alpha) sum_i Fy_i Q_i Fx_i', with the polar
// factors at t.
func (s *gaussianSolver) crossProduct(ctx context.Context, t []float64, x, y *gaussians) error {
	n := s.g.Neurons
	clear(s.partial)
	if s.g.Alpha < 2 {
		err := eachInput(ctx, s.chunks, s.workers, func(b *bures, chunk, i int) error {
			return b.accumulate(s.partial[chunk*n*n:(chunk+1)*n*n], t, x, y, i)
		})
		if err != nil {
			return err
		}
	}
	s.meansProduct(s.g.Alpha, x, y)
	for chunk := range s.chunks.count() {
		floats.AddScaled(s.cross, 2-s.g.Alpha, s.partial[chunk*n*n:(chunk+1)*n*n])
	}
	return nil
}

// distance returns the distance under the alignment t.
func (s *gaussianSolver) distance(
	ctx context.Context, t []float64, x, y *gaussians,
) (float64, error) {
	square, err := s.objective(ctx, t, x, y)
	return math.Sqrt(square / float64(x.m)), err
}

// objective returns the sum over the inputs of the weighted squared distances
// under the alignment t.
func (s *gaussianSolver) objective(
	ctx context.Context, t []float64, x, y *gaussians,
) (float64, error) {
	clear(s.sums)
	err := eachInput(ctx, s.chunks, s.workers, func(b *bures, chunk, i int) error {
		s.sums[chunk] += s.g.Alpha * b.meansDistance(t, x, y, i)
		if s.g.Alpha == 2 {
			return nil
		}
		square, err := b.distance(t, x, y, i)
		s.sums[chunk] += (2 - s.g.Alpha) * square
		return err
	})
	return floats.Sum(s.sums), err
}

// bures works on the covariances of one input at a time. It belongs to one
// worker.
type bures struct {
	d, n       int
	halley     *linalg.Halley
	polar      *linalg.Polar
	g, w, m, q []float64 // d x d
}

func newBures(arena *cmem.Arena, d, n int) *bures {
	return &bures{
		d:      d,
		n:      n,
		halley: linalg.NewHalley(arena, d, d),
		polar:  linalg.NewPolar(arena, d, d),
		g:      arena.Float64s(d * d),
		w:      arena.Float64s(d * d),
		m:      arena.Float64s(d * d),
		q:      arena.Float64s(d * d),
	}
}

// aligned stores the product T'F, block of n rows by block, in b.g.
func (b *bures) aligned(t, f []float64, rank int) []float64 {
	g, n := b.g[:b.d*rank], b.n
	for at := 0; at < b.d; at += n {
		linalg.Gemm(blas.Trans, blas.NoTrans, n, rank, n,
			1, t, n, f[at*rank:], rank, 0, g[at*rank:], rank)
	}
	return g
}

// product stores wide'narrow, which is tall, in b.m.
func (b *bures) product(wide, narrow []float64, rows, cols int) []float64 {
	m := b.m[:rows*cols]
	linalg.Gemm(blas.Trans, blas.NoTrans, rows, cols, b.d, 1, wide, rows, narrow, cols, 0, m, cols)
	return m
}

// factor returns the polar factor of wide'narrow, the quick way if there is one.
func (b *bures) factor(wide, narrow []float64, rows, cols int) ([]float64, error) {
	m, q := b.product(wide, narrow, rows, cols), b.q[:rows*cols]
	if b.halley.Factor(q, m, rows, cols) {
		return q, nil
	}
	// Rounding in the norm does not matter here, and that in q is restored.
	_, _, err := b.polar.Factor(q, m, rows, cols, linalg.AnyBound)
	return q, err
}

// accumulate adds Fy Q Fx', summed over the blocks of n rows, to the n x n
// cross, for the polar factor Q of (T'Fy)'Fx of input i.
func (b *bures) accumulate(cross, t []float64, x, y *gaussians, i int) error {
	fx, rx := x.at(i)
	fy, ry := y.at(i)
	if rx == 0 || ry == 0 {
		return nil
	}
	g := b.aligned(t, fy, ry)
	left, right, rank := fy, fx, min(rx, ry)
	if ry >= rx {
		q, err := b.factor(g, fx, ry, rx)
		if err != nil {
			return err
		}
		left = b.w[:b.d*rank]
		linalg.Gemm(blas.NoTrans, blas.NoTrans, b.d, rx, ry, 1, fy, ry, q, rx, 0, left, rank)
	} else {
		q, err := b.factor(fx, g, rx, ry)
		if err != nil {
			return err
		}
		right = b.w[:b.d*rank]
		linalg.Gemm(blas.NoTrans, blas.NoTrans, b.d, ry, rx, 1, fx, rx, q, ry, 0, right, rank)
	}
	for at := 0; at < b.d; at += b.n {
		linalg.Gemm(blas.NoTrans, blas.Trans, b.n, b.n, rank,
			1, left[at*rank:], rank, right[at*rank:], rank, 1, cross, b.n)
	}
	return nil
}

// distance returns the squared Bures distance of the covariances of input i.
func (b *bures) distance(t []float64, x, y *gaussians, i int) (float64, error) {
	wide, rows := x.at(i)
	fy, cols := y.at(i)
	total := x.traces[i] + y.traces[i]
	if rows == 0 || cols == 0 {
		return total, nil
	}
	narrow := b.aligned(t, fy, cols)
	if rows < cols {
		wide, narrow, rows, cols = narrow, wide, cols, rows
	}
	const tol = 1e-9 // relative error of the squared distance
	accept := func(sum, bound float64) bool { return 2*bound <= tol*(total-2*sum) }
	q := b.q[:rows*cols]
	sum, _, err := b.polar.Factor(q, b.product(wide, narrow, rows, cols), rows, cols, accept)
	if err != nil {
		return math.NaN(), err
	}
	if square := total - 2*sum; square >= nearEnd*nearEnd*total {
		return square, nil
	}
	return b.residual(wide, narrow, q, rows, cols), nil
}

// residual returns |A|^2 + |B|^2 - 2 <AQ, B>, for the d x rows a, the d x cols b
// and a partial isometry q, as |AQ - B|^2 + |A - AQQ'|^2: accurate down to zero.
func (b *bures) residual(a, narrow, q []float64, rows, cols int) float64 {
	aq, rest := b.w[:b.d*cols], b.m[:b.d*rows]
	linalg.Gemm(blas.NoTrans, blas.NoTrans, b.d, cols, rows, 1, a, rows, q, cols, 0, aq, cols)
	copy(rest, a)
	linalg.Gemm(blas.NoTrans, blas.Trans, b.d, rows, cols, -1, aq, cols, q, cols, 1, rest, rows)
	floats.Sub(aq, narrow)
	return floats.Dot(aq, aq) + floats.Dot(rest, rest)
}

// meansDistance returns the squared distance of the means of input i.
func (b *bures) meansDistance(t []float64, x, y *gaussians, i int) float64 {
	n := b.n
	aligned := b.w[:b.d]
	linalg.Gemm(blas.NoTrans, blas.NoTrans, b.d/n, n, n,
		1, y.means.RawRowView(i), n, t, n, 0, aligned, n)
	floats.Sub(aligned, x.means.RawRowView(i))
	return floats.Dot(aligned, aligned)
}
