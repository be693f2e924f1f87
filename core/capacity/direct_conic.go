package capacity

import (
	"context"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
	"netrep_go/core/optimize"
)

// What Direct.Faces stores for draws without a face.
const (
	// Inseparable dichotomies stay so in any projection.
	Inseparable = -1
	// Trivial dichotomies have one sign only, and are separable with a bias.
	Trivial = -2
)

// facesBlock is the number of draws of a task.
const facesBlock = 16

// Faces draws labels y and Gaussian vectors t and stores, for each draw, the
// dimension of the face that the projection of t on the cone
//
//	C = { sum_j mu_j y_j x_j : mu >= 0 },  with a bias also sum_j mu_j y_j = 0,
//
// is in the interior of. Its distribution for given y is that of the intrinsic
// volumes v_k(C), and a subspace of codimension n in random position, the kernel
// of a Gaussian projection on n features, meets C in 0 alone with probability
//
//	p(n) = 2 (v_{n-1} + v_{n-3} + ...)
//
// unless C holds a line (Amelunxen, Lotz, McCoy & Tropp, Inf. Inference 3, 2014,
// 224-294): that is when the dichotomy is separable. So the faces tell the whole
// curve at once.
func (d *Direct) Faces(ctx context.Context, faces []int64) error {
	if len(faces) == 0 {
		return core.Invalidf("there must be at least 1 draw")
	}
	var arena cmem.Arena
	defer arena.Free()
	x, _, err := d.coordinates(&arena)
	if err != nil {
		return err
	}
	tasks := (len(faces) + facesBlock - 1) / facesBlock
	var gram *optimize.Gram // which projections of many vectors share
	if m := x.Rows; m <= 8*x.Cols || m <= 2048 {
		if gram, err = optimize.NewGram(&arena, x); err != nil {
			return err
		}
	}
	newWorker := func(arena *cmem.Arena) *faceFinder { return newFaceFinder(arena, d, x, gram) }
	return par.Each(ctx, tasks, newWorker, func(f *faceFinder, task int) error {
		from := task * facesBlock
		f.find(faces[from:min(len(faces), from+facesBlock)], from)
		return nil
	})
}

// faceFinder belongs to one worker.
type faceFinder struct {
	*Direct
	x         blas64.General
	labeled   *optimize.Labeled
	nnls      *optimize.NNLS
	separator *separator

	t, fields []float64 // facesBlock columns
	c         []float64 // products of the labeled points with one of t
	order     []int     // of objects
}

func newFaceFinder(
	arena *cmem.Arena, d *Direct, x blas64.General, gram *optimize.Gram,
) *faceFinder {
	m := x.Rows
	f := &faceFinder{
		Direct:    d,
		x:         x,
		labeled:   optimize.NewLabeled(arena, m),
		nnls:      optimize.NewNNLS(arena, m),
		separator: newSeparator(arena, m),
		t:         arena.Float64s(x.Cols * facesBlock),
		fields:    arena.Float64s(m * facesBlock),
		c:         arena.Float64s(m),
		order:     cmem.Slice[int](arena, len(d.Sizes)),
	}
	f.labeled.Labels = arena.Float64s(m)
	points := optimize.NewPoints(arena, m, x.Cols)
	if arena.Err() != nil {
		return nil
	}
	points.Set(x)
	f.labeled.Generators = points
	if gram != nil {
		f.labeled.Generators = gram
	}
	return f
}

// find stores the faces of draws from on.
func (f *faceFinder) find(faces []int64, from int) {
	k, cols := len(faces), f.x.Cols
	for i := range faces {
		rng := f.rng(0, from+i)
		for j := range cols {
			f.t[j*k+i] = rng.NormFloat64()
		}
	}
	linalg.Gemm(blas.NoTrans, blas.NoTrans, f.x.Rows, k, cols,
		1, f.x.Data, f.x.Stride, f.t, k, 0, f.fields, k)
	for i := range faces {
		bothSigns := f.draw(f.labeled.Labels, f.order, f.rng(1, from+i), from+i)
		if f.Bias && !bothSigns {
			faces[i] = Trivial
			continue
		}
		for j := range f.c {
			f.c[j] = f.fields[j*k+i]
		}
		faces[i] = f.face()
	}
}

// face returns the dimension of the face, or Inseparable.
func (f *faceFinder) face() int64 {
	f.nnls.SetGenerators(f.labeled)
	floats.Mul(f.c, f.labeled.Labels)
	if f.Bias {
		f.nnls.Balance(f.labeled.Labels)
	}
	p := f.nnls.Project(f.c)
	points, labels := f.labeled.Generators, f.labeled.Labels
	if !provesSeparable(p, f.c) && !f.separator.separable(points, labels, f.Bias) {
		return Inseparable
	}
	if f.Bias { // one dimension is lost to the balance
		return int64(max(0, len(p.Active)-1))
	}
	return int64(len(p.Active))
}
