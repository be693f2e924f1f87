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

// Energy is the stochastic shape metric with the energy distance between the
// repeats x_ia and y_ib of the responses to input i as its ground distance,
//
//	d(X, Y)^2 = min_{T in Group} mean_i  E|x_ia - T'y_ib|
//	            - E|x_ia - x_ib| / 2 - E|y_ia - y_ib| / 2,
//
// where the expectations are means over all pairs of repeats of two networks and
// over the pairs a < b of one.
//
// Duong, Zhou, Nassar, Berman, Olieslagers & Williams, ICLR 2023,
// arXiv:2211.11665.
type Energy struct {
	Group optimize.Group
	// Repeats is how many rows in turn of the data belong to one input.
	Repeats int
	// MaxIter bounds the number of reweightings of a fit.
	MaxIter int
	// Tol is the decrease of the loss at which a fit has converged, in units of the
	// linalg.Magnitude of the responses.
	Tol float64
}

// minResidual bounds the weights of coinciding points: 1 / w^2 is at least this, in units
// of the magnitude of the responses.
const minResidual = 1e-12

// Check returns an error that names the option that is out of range.
func (e Energy) Check() error {
	switch {
	case e.Repeats < 1:
		return core.Invalidf("the responses must have at least one repeat, got %d", e.Repeats)
	case e.MaxIter < 1:
		return core.Invalidf("niter must be at least 1, got %d", e.MaxIter)
	case math.IsNaN(e.Tol):
		return core.Invalidf("tol must be a number, got NaN")
	}
	return e.Group.Check()
}

// checkPair returns an error unless x and y are of one shape with a number of
// rows that the repeats divide.
func (e Energy) checkPair(x, y *mat.Dense) error {
	if err := e.Check(); err != nil {
		return err
	}
	rx, cx := x.Dims()
	ry, cy := y.Dims()
	if rx != ry || cx != cy {
		return core.Invalidf("expected arrays with equal dimensions, got %d x %d and %d x %d",
			rx, cx, ry, cy)
	}
	return e.checkRows(x)
}

func (e Energy) checkRows(x *mat.Dense) error {
	if rows, _ := x.Dims(); rows%e.Repeats != 0 {
		return core.Invalidf("%d rows are no multiple of %d repeats", rows, e.Repeats)
	}
	return nil
}

// Fit stores in the n x n t the alignment of y to x, both (m Repeats) x n, that
// iteratively reweighted least squares, extrapolated by optimize.Descent, finds, and,
// unless weights is nil, in the
// m x Repeats x Repeats weights those of the pairs (a, b) at t:
// max(|x_ia - T'y_ib|, minResidual)^(-1/2). The loss is mean_i E|x_ia - T'y_ib|,
// beginning with that of T = I. From the first alignment on it does not increase.
func (e Energy) Fit(
	ctx context.Context, t *mat.Dense, weights []float64, x, y *mat.Dense,
) (Fit, error) {
	var fit Fit
	err := e.withPair(ctx, x, y, func(s *energySolver, x, y *energyNetwork) (err error) {
		fit, err = s.fit(ctx, t.RawMatrix().Data, weights, x, y)
		return err
	})
	return fit, err
}

// Distance returns the distance of x and y aligned by t. At least two repeats
// are needed.
func (e Energy) Distance(ctx context.Context, t, x, y *mat.Dense) (float64, error) {
	d := math.NaN()
	if err := e.checkSpread(); err != nil {
		return d, err
	}
	err := e.withPair(ctx, x, y, func(s *energySolver, x, y *energyNetwork) (err error) {
		x.measureSpread(e.Repeats)
		y.measureSpread(e.Repeats)
		loss, err := s.loss(ctx, t.RawMatrix().Data, x, y)
		d = energyDistance(loss, x, y)
		return err
	})
	return d, err
}

func (e Energy) checkSpread() error {
	if e.Repeats < 2 {
		return core.Invalidf("an energy distance needs at least two repeats of each response, got %d",
			e.Repeats)
	}
	return nil
}

func energyDistance(loss float64, x, y *energyNetwork) float64 {
	return math.Sqrt(max(0, loss-(x.spread+y.spread)/2))
}

// withPair calls f with x and y and a solver on all workers.
func (e Energy) withPair(
	ctx context.Context, x, y *mat.Dense, f func(s *energySolver, x, y *energyNetwork) error,
) error {
	if err := e.checkPair(x, y); err != nil {
		return err
	}
	var arena cmem.Arena
	defer arena.Free()
	rows, n := x.Dims()
	m := rows / e.Repeats
	solver := newEnergySolver(&arena, e, par.Workers(ctx, newChunks(m).count()), m, n)
	nx, ny := newEnergyNetwork(&arena, x), newEnergyNetwork(&arena, y)
	if err := arena.Err(); err != nil {
		return err
	}
	nx.measureNorms()
	ny.measureNorms()
	return f(solver, nx, ny)
}

// energyNetwork is what the pairs of a network need of it.
type energyNetwork struct {
	x      *mat.Dense // of the caller
	norms  []float64  // squared, of the rows
	spread float64    // mean_i E|x_ia - x_ib|
}

func newEnergyNetwork(arena *cmem.Arena, x *mat.Dense) *energyNetwork {
	rows, _ := x.Dims()
	return &energyNetwork{x: x, norms: arena.Float64s(rows)}
}

func (e *energyNetwork) measureNorms() {
	for i := range e.norms {
		row := e.x.RawRowView(i)
		e.norms[i] = floats.Dot(row, row)
	}
}

// measureSpread fills e.spread, for at least two repeats.
func (e *energyNetwork) measureSpread(repeats int) {
	rows, _ := e.x.Dims()
	e.spread = 0
	for first := 0; first < rows; first += repeats {
		var sum float64
		for a := first; a < first+repeats; a++ {
			for b := a + 1; b < first+repeats; b++ {
				sum += distance(e.x.RawRowView(a), e.x.RawRowView(b))
			}
		}
		e.spread += sum
	}
	e.spread /= float64(rows/repeats) * float64(repeats*(repeats-1)/2)
}

// energySolver aligns pairs of networks, on a fixed number of workers.
type energySolver struct {
	e       Energy
	n       int
	chunks  chunks
	descent *optimize.Descent
	workers par.Team[*energyWorker]
	cross   []float64 // n x n: what T is chosen from
	partial []float64 // count x n x n: sums over the inputs of a chunk
	sums    []float64 // count
}

// energyWorker is the workspace of one worker.
type energyWorker struct {
	distances        []float64 // r x r: of the pairs, then their squared weights
	aligned, product []float64 // r x n
}

func newEnergySolver(arena *cmem.Arena, e Energy, workers, m, n int) *energySolver {
	r, chunks := e.Repeats, newChunks(m)
	return &energySolver{
		e:       e,
		n:       n,
		chunks:  chunks,
		descent: optimize.NewDescent(arena, e.Group, n),
		workers: par.NewTeam(arena, workers, func(arena *cmem.Arena) *energyWorker {
			return &energyWorker{
				distances: arena.Float64s(r * r),
				aligned:   arena.Float64s(r * n),
				product:   arena.Float64s(r * n),
			}
		}),
		cross:   arena.Float64s(n * n),
		partial: arena.Float64s(chunks.count() * n * n),
		sums:    arena.Float64s(chunks.count()),
	}
}

// fit is Energy.Fit. netrep also stops if the first alignment, which is least
// squares, has a larger loss than none; here the reweighting gets its chance.
func (s *energySolver) fit(
	ctx context.Context, t, weights []float64, x, y *energyNetwork,
) (Fit, error) {
	optimize.SetIdentity(t, s.n)
	before, err := s.loss(ctx, t, x, y)
	if err != nil {
		return Fit{}, err
	}
	s.pooledProduct(x, y)
	if _, err := s.descent.Align(t, s.cross); err != nil {
		return Fit{}, err
	}
	unit := s.unit(x, y)
	settings := optimize.DescentSettings{
		MaxIter: s.e.MaxIter, Tol: s.e.Tol * unit, Before: before,
	}
	losses, converged, err := s.descent.Run(t, settings,
		func(image, cross, t []float64) (float64, error) {
			loss, err := s.reweight(ctx, t, weights, x, y, minResidual*unit)
			if err != nil {
				return loss, err
			}
			copy(cross, s.cross)
			_, err = s.descent.Follow(image, s.cross, t)
			return loss, err
		})
	copy(t, s.descent.Best)
	return Fit{append([]float64{before}, losses...), converged}, err // heap: one an iteration
}

// unit returns the magnitude of a response.
func (s *energySolver) unit(x, y *energyNetwork) float64 {
	squares := floats.Sum(x.norms) + floats.Sum(y.norms)
	return linalg.Magnitude(math.Sqrt(squares), (len(x.norms)+len(y.norms))*s.n)
}

// pooledProduct stores in s.cross the cross-product of all pairs with equal
// weights.
func (s *energySolver) pooledProduct(x, y *energyNetwork) {
	n, r := s.n, s.e.Repeats
	clear(s.cross)
	sumX, sumY := s.workers[0].aligned[:n], s.workers[0].product[:n]
	rows, _ := x.x.Dims()
	for first := 0; first < rows; first += r {
		sumRows(sumX, x.x, first, r)
		sumRows(sumY, y.x, first, r)
		for j, v := range sumY {
			floats.AddScaled(s.cross[j*n:(j+1)*n], v, sumX)
		}
	}
}

// sumRows stores the sum of count rows of x from the first on in dst.
func sumRows(dst []float64, x *mat.Dense, first, count int) {
	clear(dst)
	for a := first; a < first+count; a++ {
		floats.Add(dst, x.RawRowView(a))
	}
}

// loss returns the loss at t.
func (s *energySolver) loss(
	ctx context.Context, t []float64, x, y *energyNetwork,
) (float64, error) {
	return s.pass(ctx, t, x, y, func(*energyWorker, int, int) {})
}

// reweight is loss and leaves in s.cross the weighted cross-product, from which
// the next alignment is chosen: C = sum_i Y_i' W_i' X_i with the r x r squared
// weights W_i, which count distances as no smaller than least.
func (s *energySolver) reweight(
	ctx context.Context, t, weights []float64, x, y *energyNetwork, least float64,
) (float64, error) {
	n, r := s.n, s.e.Repeats
	clear(s.partial)
	loss, err := s.pass(ctx, t, x, y, func(w *energyWorker, chunk, i int) {
		for k, d := range w.distances {
			w.distances[k] = 1 / max(d, least)
		}
		if weights != nil {
			for k, v := range w.distances {
				weights[i*r*r+k] = math.Sqrt(v)
			}
		}
		w.addProduct(s.partial[chunk*n*n:(chunk+1)*n*n], x.x, y.x, i*r, r, n)
	})
	clear(s.cross)
	for chunk := range s.chunks.count() {
		floats.Add(s.cross, s.partial[chunk*n*n:(chunk+1)*n*n])
	}
	return loss, err
}

// pass returns the loss at t. It calls f with the distances of the pairs of
// each input.
func (s *energySolver) pass(
	ctx context.Context, t []float64, x, y *energyNetwork, f func(w *energyWorker, chunk, i int),
) (float64, error) {
	r := s.e.Repeats
	clear(s.sums)
	err := eachInput(ctx, s.chunks, s.workers, func(w *energyWorker, chunk, i int) error {
		w.measure(t, x, y, i*r, r, s.n)
		s.sums[chunk] += floats.Sum(w.distances)
		f(w, chunk, i)
		return nil
	})
	return floats.Sum(s.sums) / (float64(s.chunks.m) * float64(r*r)), err
}

// measure stores the distances of the r repeats from row first on of x and of y
// aligned by t. They come from norms and inner products, except where those
// cancel.
func (w *energyWorker) measure(t []float64, x, y *energyNetwork, first, r, n int) {
	rx, ry := x.x.RawMatrix(), y.x.RawMatrix()
	linalg.Gemm(blas.NoTrans, blas.NoTrans, r, n, n,
		1, ry.Data[first*ry.Stride:], ry.Stride, t, n, 0, w.aligned, n)
	linalg.Gemm(blas.NoTrans, blas.Trans, r, r, n,
		-2, rx.Data[first*rx.Stride:], rx.Stride, w.aligned, n, 0, w.distances, r)
	for a := range r {
		row, normX := w.distances[a*r:(a+1)*r], x.norms[first+a]
		for b, cross := range row {
			total := normX + y.norms[first+b]
			square := total + cross
			if square < nearEnd*nearEnd*total {
				row[b] = distance(x.x.RawRowView(first+a), w.aligned[b*n:(b+1)*n])
			} else {
				row[b] = math.Sqrt(square)
			}
		}
	}
}

// addProduct adds Y'W'X to the n x n cross, for the r rows from first on.
func (w *energyWorker) addProduct(cross []float64, x, y *mat.Dense, first, r, n int) {
	rx, ry := x.RawMatrix(), y.RawMatrix()
	linalg.Gemm(blas.Trans, blas.NoTrans, r, n, r,
		1, w.distances, r, rx.Data[first*rx.Stride:], rx.Stride, 0, w.product, n)
	linalg.Gemm(blas.Trans, blas.NoTrans, n, n, r,
		1, ry.Data[first*ry.Stride:], ry.Stride, w.product, n, 1, cross, n)
}

// distance returns |a - b|. Unlike floats.Distance it does not guard against
// overflow, at a fraction of the price.
func distance(a, b []float64) float64 {
	var sum float64
	for i, v := range a {
		sum += (v - b[i]) * (v - b[i])
	}
	return math.Sqrt(sum)
}
