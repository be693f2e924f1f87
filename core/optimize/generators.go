package optimize

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// Generators are the columns s_j of a matrix S, as NNLS needs to know them.
type Generators interface {
	// Len is the number of columns.
	Len() int
	// Squared returns |s_j|².
	Squared(j int) float64
	// Products stores s_j's_a in dst for every column a of the list.
	Products(dst []float64, j int32, list []int32)
	// Subtract subtracts S's from w, with s the sum of the listed columns times
	// the weights.
	Subtract(w []float64, list []int32, weights []float64)
}

// Gram knows columns by their m x m Gram matrix, of which the rows are read.
type Gram struct {
	Data      []float64
	M, Stride int
}

// NewGram returns the columns that are the rows of x, by a Gram matrix in memory
// of the arena.
func NewGram(arena *cmem.Arena, x blas64.General) (*Gram, error) {
	m := x.Rows
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
	return &Gram{Data: data, M: m, Stride: m}, nil
}

// Len is the number of columns.
func (g *Gram) Len() int { return g.M }

// Squared returns |s_j|².
func (g *Gram) Squared(j int) float64 { return g.Data[j*g.Stride+j] }

// Products stores s_j's_a in dst for every column a of the list.
func (g *Gram) Products(dst []float64, j int32, list []int32) {
	row := g.row(j)
	for i, a := range list {
		dst[i] = row[a]
	}
}

// Subtract subtracts S's from w, with s the sum of the listed columns times the
// weights.
func (g *Gram) Subtract(w []float64, list []int32, weights []float64) {
	for i, j := range list {
		floats.AddScaled(w, -weights[i], g.row(j))
	}
}

func (g *Gram) row(j int32) []float64 { return g.Data[int(j)*g.Stride : int(j)*g.Stride+g.M] }

// Points knows columns as the rows of an m x n matrix. It takes no Gram matrix
// to set up, which pays if few projections use it.
type Points struct {
	X       blas64.General
	squared []float64
	sum     []float64
}

// NewPoints returns the memory, in the arena, for up to m points in up to n
// dimensions. The caller checks arena.Err.
func NewPoints(arena *cmem.Arena, m, n int) *Points {
	return &Points{squared: arena.Float64s(m), sum: arena.Float64s(n)}
}

// Set chooses the points.
func (p *Points) Set(x blas64.General) {
	p.X = x
	for j := range x.Rows {
		p.squared[j] = floats.Dot(p.row(int32(j)), p.row(int32(j)))
	}
}

// Len is the number of columns.
func (p *Points) Len() int { return p.X.Rows }

// Squared returns |s_j|².
func (p *Points) Squared(j int) float64 { return p.squared[j] }

// Products stores s_j's_a in dst for every column a of the list.
func (p *Points) Products(dst []float64, j int32, list []int32) {
	x := p.row(j)
	for i, a := range list {
		dst[i] = floats.Dot(x, p.row(a))
	}
}

// Subtract subtracts S's from w, with s the sum of the listed columns times the
// weights.
func (p *Points) Subtract(w []float64, list []int32, weights []float64) {
	sum := p.sum[:p.X.Cols]
	clear(sum)
	for i, j := range list {
		floats.AddScaled(sum, weights[i], p.row(j))
	}
	blas64.Gemv(blas.NoTrans, -1, p.X, blas64.Vector{N: len(sum), Inc: 1, Data: sum},
		1, blas64.Vector{N: len(w), Inc: 1, Data: w})
}

func (p *Points) row(j int32) []float64 { return linalg.Row(p.X, int(j)) }

// Labeled turns the columns x_j of other generators into s_j = (y_j x_j, r)
// without touching them. The labels y_j are 1 or -1. With an offset r > 0, by
// Gordan's theorem, (0, r) is in the cone of the s_j if and only if no hyperplane
// through the origin has all x_j on the side of their labels.
type Labeled struct {
	Generators
	Labels       []float64
	Offset       float64
	scratch, own []float64
}

// NewLabeled returns the memory, in the arena, for up to m columns. The caller
// checks arena.Err.
func NewLabeled(arena *cmem.Arena, m int) *Labeled {
	return &Labeled{scratch: arena.Float64s(m), own: arena.Float64s(m)}
}

// Squared returns |s_j|².
func (l *Labeled) Squared(j int) float64 {
	return l.Generators.Squared(j) + l.Offset*l.Offset
}

// Products stores s_j's_a in dst for every column a of the list.
func (l *Labeled) Products(dst []float64, j int32, list []int32) {
	l.Generators.Products(dst, j, list)
	y, offset := l.Labels[j], l.Offset*l.Offset
	for i, a := range list {
		dst[i] = y*l.Labels[a]*dst[i] + offset
	}
}

// Subtract subtracts S's from w, with s the sum of the listed columns times the
// weights.
func (l *Labeled) Subtract(w []float64, list []int32, weights []float64) {
	own, scratch := l.own[:len(list)], l.scratch[:len(w)]
	for i, j := range list {
		own[i] = weights[i] * l.Labels[j]
	}
	clear(scratch)
	l.Generators.Subtract(scratch, list, own)
	offset := l.Offset * l.Offset * floats.Sum(weights)
	for j, v := range scratch {
		w[j] += l.Labels[j]*v - offset
	}
}
