package metrics

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// samples is a row-major matrix kept in float64 or, at half the memory and
// twice the speed of its products, in float32.
type samples struct {
	double     []float64
	single     []float32
	rows, cols int
}

// newSamples returns room for a matrix of at most rows x cols.
func newSamples(arena *cmem.Arena, rows, cols int, single bool) samples {
	if single {
		return samples{single: arena.Float32s(rows * cols)}
	}
	return samples{double: arena.Float64s(rows * cols)}
}

// room returns n float64s to prepare what store gets: its own memory, or buf if
// that holds float32s.
func (s *samples) room(buf []float64, n int) []float64 {
	if s.single == nil {
		return s.double[:n]
	}
	return buf[:n]
}

// check returns an error if products of matrices of the given norm leave the
// range of float32 where that is used.
func (s *samples) check(norm float64) error {
	if s.single != nil && norm != 0 && (norm > 1e18 || norm < 1e-15) {
		return core.Invalidf("the norm of the activations, %.3g, is out of range for float32 products; "+
			"rescale them or use float64", norm)
	}
	return nil
}

// store keeps the rows x cols matrix a, which may be what room returned.
func (s *samples) store(a []float64, rows, cols int) {
	s.rows, s.cols = rows, cols
	if s.single == nil {
		copy(s.double, a[:rows*cols]) // a no-op if a is s.double
		return
	}
	for i, v := range a[:rows*cols] {
		s.single[i] = float32(v)
	}
}

// slice returns rows [i, j), widened into buf if they are kept in float32.
func (s *samples) slice(i, j int, buf []float64) []float64 {
	if s.single == nil {
		return s.double[i*s.cols : j*s.cols]
	}
	buf = buf[:(j-i)*s.cols]
	for k, v := range s.single[i*s.cols : j*s.cols] {
		buf[k] = float64(v)
	}
	return buf
}

// crossProduct stores a'b in dst (a.cols x b.cols). buf has room for as many
// float32s.
func crossProduct(dst []float64, buf []float32, a, b *samples) {
	m, n := a.cols, b.cols
	if a.single == nil {
		linalg.Gemm(blas.Trans, blas.NoTrans, m, n, a.rows, 1, a.double, m, b.double, n, 0, dst, n)
		return
	}
	buf = buf[:m*n]
	blas32.Implementation().Sgemm(blas.Trans, blas.NoTrans, m, n, a.rows,
		1, a.single, m, b.single, n, 0, buf, n)
	for i, v := range buf {
		dst[i] = float64(v)
	}
}

// center stores the column means of x in mean or, if they are to stay, zeros.
func center(mean []float64, x *mat.Dense, remove bool) {
	if remove {
		linalg.ColumnMeans(mean, x)
	} else {
		clear(mean)
	}
}

// norm is the Euclidean norm of numbers whose squares do not overflow.
func norm(x []float64) float64 { return math.Sqrt(floats.Dot(x, x)) }

// trace returns the trace of the n x n row-major a.
func trace(a []float64, n int) float64 {
	var sum float64
	for i := range n {
		sum += a[i*n+i]
	}
	return sum
}

// keepColumns packs the columns kept (ascending) of the m x n row-major a into
// an m x len(kept) matrix at the start of a.
func keepColumns(a []float64, m, n int, kept []int) {
	if len(kept) == n {
		return
	}
	to := 0
	for i := range m {
		row := a[i*n : (i+1)*n]
		for _, j := range kept {
			a[to] = row[j]
			to++
		}
	}
}
