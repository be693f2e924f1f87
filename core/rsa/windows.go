package rsa

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// Recording are the responses of sensors over time, in rows for conditions or
// observations, in memory of the caller.
type Recording struct {
	Rows, Sensors, Samples int
	Data                   []float64 // rows x sensors x samples
}

// gather stores the samples [from, to) in dst, rows x samples x sensors.
func (r Recording) gather(dst []float64, from, to int) {
	n, p := to-from, r.Sensors
	for o := range r.Rows {
		data, rows := r.Data[o*p*r.Samples:(o+1)*p*r.Samples], dst[o*n*p:(o+1)*n*p]
		t := 0
		for ; t+lineSamples <= n; t += lineSamples {
			r.gatherLines(rows[t*p:], data[from+t:])
		}
		for ; t < n; t++ {
			for s := range p {
				rows[t*p+s] = data[s*r.Samples+from+t]
			}
		}
	}
}

// gatherLines stores the first samples of each sensor, a cache line of them, in rows of dst.
func (r Recording) gatherLines(dst, data []float64) {
	p := r.Sensors
	row := func(t int) []float64 { return dst[t*p:][:p] }
	x0, x1, x2, x3, x4, x5, x6, x7 := row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)
	for s := range x0 {
		line := (*[lineSamples]float64)(data[s*r.Samples:])
		x0[s], x1[s], x2[s], x3[s] = line[0], line[1], line[2], line[3]
		x4[s], x5[s], x6[s], x7[s] = line[4], line[5], line[6], line[7]
	}
}

// Windows are spans of Width samples, of which the first begins at First and each
// other Step after the one before.
type Windows struct{ First, Width, Step int }

// WindowRDMs stores in row k of dst the condensed RDM of the responses in window k, its
// samples of all sensors together. Each sample is whitened by noise, if there is some:
// by the covariance of the sensors that is given or else estimated from the samples of
// the window, less the means of groups at each; shrunk gets the intensity of each
// window. It fails if an RDM is undefined, or noise has no inverse.
func WindowRDMs(
	ctx context.Context, dst *mat.Dense, shrunk []float64, x Recording, at Windows,
	d Dissimilarity, design Design, noise *Noise,
) error {
	measured := Measured{Responses: &Responses{Rows: x.Rows}, Design: design, Dissimilarity: d}
	if err := measured.check(); err != nil {
		return err
	}
	if noise != nil && noise.Covariance == nil {
		own := *noise
		own.Residuals = &Responses{Rows: x.Rows * at.Width, Features: x.Sensors}
		own.Samples = at.Width
		noise = &own
	}
	count, _ := dst.Dims()
	tile := windowTile(x, at, count, par.Workers(ctx, count))
	newWorker := func(arena *cmem.Arena) *windowed {
		return newWindowed(arena, x, at, d, design, noise, tile)
	}
	return par.Each(ctx, (count+tile-1)/tile, newWorker, func(w *windowed, t int) error {
		return w.tile(dst, shrunk, t*tile, min((t+1)*tile, count))
	})
}

// A sensor's samples that share a cache line are gathered together, unless they take
// more than so many float64s or leave workers idle.
const (
	lineSamples = 8
	mostInTile  = 1 << 22
)

// windowTile returns the number of windows of a task.
func windowTile(x Recording, at Windows, windows, workers int) int {
	room := (mostInTile/(x.Rows*x.Sensors) - at.Width) / at.Step
	return max(1, min(lineSamples/at.Step, windows/(4*workers), room))
}

// windowed is a worker of WindowRDMs.
type windowed struct {
	x          Recording
	at         Windows
	design     Design
	builder    *builder
	normalizer *normalizer // nil if there is no noise
	factored   bool        // the covariance is, once for all windows
	sensors    []int64
	gathered   []float64 // rows x samples of a tile x sensors
	patterns   []float64 // rows x samples of a window x sensors, to be whitened
}

func newWindowed(
	arena *cmem.Arena, x Recording, at Windows, d Dissimilarity, design Design, noise *Noise,
	tile int,
) *windowed {
	p := x.Sensors
	w := &windowed{x: x, at: at, design: design,
		builder:  newBuilder(arena, d, design.Conditions, design.Folds, at.Width*p),
		sensors:  cmem.Slice[int64](arena, p),
		gathered: arena.Float64s(x.Rows, (tile-1)*at.Step+at.Width, p),
	}
	if noise != nil {
		w.normalizer = newNormalizer(arena, noise, p)
		w.patterns = arena.Float64s(x.Rows, at.Width, p)
	}
	if arena.Err() == nil {
		for j := range w.sensors {
			w.sensors[j] = int64(j)
		}
	}
	return w
}

// tile stores the RDMs of the windows [from, to).
func (w *windowed) tile(dst *mat.Dense, shrunk []float64, from, to int) error {
	first := w.at.First + from*w.at.Step
	samples := (to-from-1)*w.at.Step + w.at.Width
	w.x.gather(w.gathered, first, first+samples)
	size := w.at.Width * w.x.Sensors
	for k := from; k < to; k++ {
		general := blas64.General{Rows: w.x.Rows, Cols: size, Stride: samples * w.x.Sensors,
			Data: w.gathered[(k-from)*w.at.Step*w.x.Sensors:]}
		if err := w.rdm(dst.RawRowView(k), general); err != nil {
			return core.Errorf("%v: %w", core.DataSet(k), err)
		}
		if len(shrunk) > 0 {
			shrunk[k] = w.normalizer.intensity
		}
	}
	return nil
}

// rdm stores the RDM of the responses in a window.
func (w *windowed) rdm(dst []float64, x blas64.General) error {
	if w.normalizer == nil {
		return w.condensed(dst, x)
	}
	if err := w.factorize(x); err != nil {
		return notWhitened(x, err)
	}
	if err := w.builder.start(x.Rows, x.Cols, w.design); err != nil {
		return err
	}
	packed := w.pack(x)
	solve(packed.Data, w.normalizer.covariance, w.x.Sensors)
	if err := w.condensed(dst, packed); err != nil || w.builder.missing {
		return notWhitened(x, err)
	}
	return nil
}

func (w *windowed) condensed(dst []float64, x blas64.General) error {
	var responses mat.Dense // heap: a view
	responses.SetRawMatrix(x)
	return w.builder.condensed(context.Background(), dst, &responses, w.design)
}

// notWhitened returns what is wrong with responses: that some are not finite, which shows
// late, or else err, or that others become so where there is none.
func notWhitened(x blas64.General, err error) error {
	for o := range x.Rows {
		if !allFinite(linalg.Row(x, o)) {
			return core.Invalidf("responses that are NaN cannot be whitened by noise")
		}
	}
	if err == nil {
		return errRange
	}
	return err
}

// pack copies the responses in a window, less the first row where differences alone count.
func (w *windowed) pack(x blas64.General) blas64.General {
	packed := blas64.General{Rows: x.Rows, Cols: x.Cols, Stride: x.Cols,
		Data: w.patterns[:x.Rows*x.Cols]}
	for o := range x.Rows {
		if w.builder.differencesAlone() {
			floats.SubTo(linalg.Row(packed, o), linalg.Row(x, o), linalg.Row(x, 0))
		} else {
			copy(linalg.Row(packed, o), linalg.Row(x, o))
		}
	}
	return packed
}

// factorize readies the noise of a window: that of its own responses x, or the one of
// all windows.
func (w *windowed) factorize(x blas64.General) error {
	n := w.normalizer
	if n.noise.Residuals == nil {
		if w.factored {
			return nil
		}
		w.factored = true
		if !factor(n.fill(w.sensors), n.variances) {
			return errSingular
		}
		return nil
	}
	for o := range x.Rows {
		copy(n.residuals[o*x.Cols:], linalg.Row(x, o))
	}
	n.subtractMeans(w.x.Sensors)
	if err := checkNoisy(n.variances); err != nil {
		return err
	}
	if !factor(n.fill(w.sensors), n.variances) {
		return n.noise.singular(w.x.Sensors, n.intensity)
	}
	return nil
}

func checkNoisy(variances []float64) error {
	for j, v := range variances {
		if !(v > 0) {
			return core.Invalidf("feature %d has no noise: leave it out", j)
		}
	}
	return nil
}

// singular says that an estimated covariance of so many features has no inverse.
func (n *Noise) singular(features int, intensity float64) error {
	return core.Invalidf("the covariance of the noise of %d features has no inverse: it was "+
		"estimated with %v degrees of freedom and the shrinkage '%s', of intensity %.3g; use "+
		"'shrinkage_diag' or more observations", features, n.Freedom,
		shrinkages[n.Shrinkage].name, intensity)
}

// PooledCovariance stores in dst the covariance between sensors, estimated from the
// samples [from, to) together, less the means of the groups at each, and returns the
// intensity of its shrinkage. It fails if a sensor has no noise or dst has no inverse.
func PooledCovariance(
	ctx context.Context, dst *mat.Dense, x Recording, from, to int, noise Noise,
) (float64, error) {
	p := x.Sensors
	chunk := max(1, min(to-from, 2*lineSamples, mostInTile/(x.Rows*p)))
	chunks := (to - from + chunk - 1) / chunk
	parts := max(1, min(chunks, mostParts, mostInTile/(p*p)))
	noise.Covariance, noise.Samples = nil, chunk
	noise.Residuals = &Responses{Rows: x.Rows * chunk, Features: p}
	var arena cmem.Arena
	defer arena.Free()
	pool := &pool{x: x, from: from, to: to, chunk: chunk, noise: noise,
		squares: arena.Float64s(parts, p), largest: arena.Float64s(parts, p),
		sums: make([]moments, parts)} // heap: no more than mostParts
	for k := range pool.sums {
		pool.sums[k] = moments{shrinkage: noise.Shrinkage, freedom: noise.Freedom,
			s: arena.Float64s(p, p)}
	}
	if err := arena.Err(); err != nil {
		return 0, err
	}
	if err := pool.each(ctx, parts, chunks, pool.addSquares); err != nil {
		return 0, err
	}
	variances, err := pool.variances()
	if err != nil {
		return 0, err
	}
	for k := range pool.sums {
		pool.sums[k].variances = variances
	}
	if err := pool.each(ctx, parts, chunks, pool.addMoments); err != nil {
		return 0, err
	}
	return pool.finish(dst)
}

// mostParts is the number of parts, each summed by one worker, of a pooled covariance.
const mostParts = 16

// pool is what PooledCovariance sums up: in parts, so that sums do not depend on the
// number of workers.
type pool struct {
	x                Recording
	from, to, chunk  int
	noise            Noise
	squares, largest []float64 // parts x sensors
	sums             []moments
}

// each calls add for the residuals of each chunk of samples, in the order of the chunks
// within a part.
func (s *pool) each(
	ctx context.Context, parts, chunks int, add func(w *normalizer, part int, r []float64),
) error {
	newWorker := func(arena *cmem.Arena) *normalizer {
		return newNormalizer(arena, &s.noise, s.x.Sensors)
	}
	return par.Each(ctx, parts, newWorker, func(w *normalizer, part int) error {
		for c := part * chunks / parts; c < (part+1)*chunks/parts; c++ {
			from := s.from + c*s.chunk
			to := min(from+s.chunk, s.to)
			r := w.residuals[:s.x.Rows*(to-from)*s.x.Sensors]
			s.x.gather(r, from, to)
			w.samples = to - from
			add(w, part, r)
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *pool) row(x []float64, part int) []float64 {
	return x[part*s.x.Sensors : (part+1)*s.x.Sensors]
}

func (s *pool) addSquares(w *normalizer, part int, r []float64) {
	w.center(r, s.row(s.largest, part), s.row(s.squares, part))
}

func (s *pool) addMoments(w *normalizer, part int, r []float64) {
	w.center(r, w.covariance[:s.x.Sensors], w.variances)
	s.sums[part].add(r)
}

// variances returns those of the sensors, in the memory of the first part.
func (s *pool) variances() ([]float64, error) {
	squares, largest := s.row(s.squares, 0), s.row(s.largest, 0)
	for part := 1; part < len(s.sums); part++ {
		for j, v := range s.row(s.squares, part) {
			squares[j] += v
			largest[j] = max(largest[j], s.row(s.largest, part)[j])
		}
	}
	for _, v := range squares {
		if math.IsNaN(v) {
			return nil, core.Invalidf("noise cannot be estimated from responses that are NaN")
		}
	}
	settle(squares, largest, s.noise.Freedom)
	return squares, checkNoisy(squares)
}

// finish stores the covariance, which must have an inverse.
func (s *pool) finish(dst *mat.Dense) (float64, error) {
	total := &s.sums[0]
	for k := range s.sums[1:] {
		total.merge(&s.sums[1+k])
	}
	intensity := total.shrink()
	p := s.x.Sensors
	for j := range p {
		for k := j; k < p; k++ {
			dst.Set(j, k, total.s[j*p+k])
			dst.Set(k, j, total.s[j*p+k])
		}
	}
	if !factor(total.s, total.variances) {
		return 0, s.noise.singular(p, intensity)
	}
	return intensity, nil
}
