package capacity

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

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
	var arena cmem.Arena
	defer arena.Free()
	x, _, err := d.coordinates(&arena)
	if err != nil {
		return err
	}
	tasks := (len(faces) + facesBlock - 1) / facesBlock
	gram, err := gramOf(&arena, x)
	if err != nil {
		return err
	}
	workers := make([]*faceFinder, par.Workers(ctx, tasks))
	for w := range workers {
		workers[w] = newFaceFinder(&arena, d, x, gram)
	}
	if err := arena.Err(); err != nil {
		return err
	}
	par.Expect(ctx, tasks)
	return par.For(ctx, tasks, len(workers), func(worker, task int) error {
		from := task * facesBlock
		workers[worker].find(faces[from:min(len(faces), from+facesBlock)], from)
		return nil
	})
}

// gramOf returns the Gram matrix of points, which projections of many vectors
// share, or none if it would take much more memory than the points.
func gramOf(arena *cmem.Arena, x blas64.General) (*optimize.Gram, error) {
	m := x.Rows
	if m > 8*x.Cols && m > 2048 {
		return nil, nil
	}
	data := arena.Float64s(m * m)
	if err := arena.Err(); err != nil {
		return nil, err
	}
	blas64.Syrk(blas.NoTrans, 1, x, 0, blas64.Symmetric{Uplo: blas.Lower, N: m, Stride: m, Data: data})
	for i := range m {
		for j := range i {
			data[j*m+i] = data[i*m+j]
		}
	}
	return &optimize.Gram{Data: data, M: m, Stride: m}, nil
}

// faceFinder belongs to one worker.
type faceFinder struct {
	*Direct
	x         blas64.General
	points    optimize.Generators
	size      float64
	labelled  *optimize.Labelled
	nnls      *optimize.NNLS
	separator *separator

	t, fields []float64 // facesBlock columns
	z, c      []float64
}

func newFaceFinder(arena *cmem.Arena, d *Direct, x blas64.General, gram *optimize.Gram) *faceFinder {
	m := x.Rows
	f := &faceFinder{
		Direct:    d,
		x:         x,
		labelled:  optimize.NewLabelled(arena, m),
		nnls:      optimize.NewNNLS(arena, m),
		separator: newSeparator(arena, m),
		t:         arena.Float64s(x.Cols * facesBlock),
		fields:    arena.Float64s(m * facesBlock),
		z:         arena.Float64s(m),
		c:         arena.Float64s(m),
	}
	f.labelled.Labels = arena.Float64s(m)
	points := optimize.NewPoints(arena, m, x.Cols)
	if arena.Err() != nil {
		return nil
	}
	points.Set(x)
	f.points = points
	if gram != nil {
		f.points = gram
	}
	f.size = pointSize(f.points)
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
	linalg.Gemm(blas.NoTrans, blas.NoTrans, f.x.Rows, k, cols, 1, f.x.Data, f.x.Stride, f.t, k, 0, f.fields, k)
	for i := range faces {
		bothSigns := f.draw(f.labelled.Labels, f.rng(1, from+i), from+i)
		for j := range f.z {
			f.z[j] = f.fields[j*k+i]
		}
		switch {
		case !f.Bias:
			faces[i] = f.face()
		case bothSigns:
			faces[i] = f.balancedFace()
		default:
			faces[i] = Trivial
		}
	}
}

// face returns the dimension of the face without a bias.
func (f *faceFinder) face() int64 {
	f.labelled.Generators, f.labelled.Bias = f.points, 0
	f.nnls.SetGenerators(f.labelled)
	p := f.nnls.Project(f.shifted(0))
	return f.checked(p, len(p.Active))
}

// balanceError is the imbalance, as a part of the weights, that counts as none.
const balanceError = 1e-10

// balancedFace returns the dimension of the face with a bias. The projection on
// the cone of the (y_j x_j, y_j size) is repeated with the last coordinate of the
// vector moved by minus that of the projection, which converges to the
// projection with last coordinate 0 (the method of multipliers).
func (f *faceFinder) balancedFace() int64 {
	if f.isPolar() {
		return 0
	}
	f.labelled.Generators, f.labelled.Bias = f.points, f.size
	f.nnls.SetGenerators(f.labelled)
	var shift float64
	p := f.nnls.Project(f.shifted(0))
	for range 1000 {
		var sum, balance float64
		for i, j := range p.Active {
			sum += p.Weights[i]
			balance += p.Weights[i] * f.labelled.Labels[j]
		}
		if math.Abs(balance) <= balanceError*sum {
			break
		}
		shift -= balance
		p = f.nnls.Resume(f.shifted(shift * f.size * f.size))
	}
	return f.checked(p, len(p.Active)-1)
}

// shifted returns the products of the labelled points with t and a last
// coordinate that adds shift to each.
func (f *faceFinder) shifted(shift float64) []float64 {
	for j, z := range f.z {
		f.c[j] = f.labelled.Labels[j] * (z + shift)
	}
	return f.c
}

// isPolar reports whether t lies strictly within the polar cone: y_j (x_j't + b)
// is negative for all j and some b.
func (f *faceFinder) isPolar() bool {
	low, high := math.Inf(-1), math.Inf(1)
	for j, z := range f.z {
		if f.labelled.Labels[j] > 0 {
			low = max(low, z)
		} else {
			high = min(high, z)
		}
	}
	return low < high
}

// checked returns the dimension, or Inseparable. What the projection leaves of t
// is on the far side of all generators that are not active; as active ones are
// independent, that proves separability unless one is only touched.
func (f *faceFinder) checked(p optimize.Projection, dimension int) int64 {
	for _, j := range p.Active {
		p.Gradient[j] = math.Inf(-1)
	}
	var scale float64
	for _, v := range f.c {
		scale = max(scale, math.Abs(v))
	}
	strict := floats.Max(p.Gradient) < -leastSide*scale
	if !strict && !f.separator.separable(f.points, f.labelled.Labels, f.Bias) {
		return Inseparable
	}
	return int64(dimension)
}
