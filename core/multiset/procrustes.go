package multiset

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// procrustes measures min_Q |X Q - M|. It belongs to one worker.
type procrustes struct {
	nuclear     *linalg.Nuclear
	polar       *linalg.Polar
	cross, q, d []float64
}

func newProcrustes(arena *cmem.Arena, m, n int) *procrustes {
	return &procrustes{
		nuclear: linalg.NewNuclear(arena, n, n),
		polar:   linalg.NewPolar(arena, n, n),
		cross:   arena.Float64s(n * n),
		q:       arena.Float64s(n * n),
		d:       arena.Float64s(m * n),
	}
}

// nearZero is the distance, relative to the norms, below which rounding in the
// inner product shows and the residual is formed.
const nearZero = 1e-4

// distance measures x against m, which is not narrower, given their norms.
func (p *procrustes) distance(m, x *mat.Dense, normM, normX float64) (float64, error) {
	rows, n := m.Dims()
	_, r := x.Dims()
	rm, rx := m.RawMatrix(), x.RawMatrix()
	cross := p.cross[:n*r]
	linalg.Gemm(blas.Trans, blas.NoTrans, n, r, rows,
		1, rm.Data, rm.Stride, rx.Data, rx.Stride, 0, cross, r)
	sum, _, err := p.nuclear.Norm(cross, n, r, true, func(sum, bound float64) bool {
		return bound <= 1e-10*(normM+normX)*linalg.Chord(sum, normM, normX)
	})
	d := linalg.Chord(sum, normM, normX)
	if err != nil || d >= nearZero*(normM+normX) {
		return d, err
	}
	linalg.Gemm(blas.Trans, blas.NoTrans, n, r, rows,
		1, rm.Data, rm.Stride, rx.Data, rx.Stride, 0, cross, r)
	q := p.q[:n*r]
	p.polar.Complete = true
	if _, _, err := p.polar.Factor(q, cross, n, r, linalg.AnyBound); err != nil {
		return d, err
	}
	mat.NewDense(rows, n, p.d[:rows*n]).Copy(m)
	linalg.Gemm(blas.NoTrans, blas.Trans, rows, n, r, 1, rx.Data, rx.Stride, q, r, -1, p.d, n)
	return floats.Norm(p.d[:rows*n], 2), nil
}
