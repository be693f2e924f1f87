package rsa

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	iblas "netrep_go/core/internal/blas"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// whitener applies the inverse of the covariance of the entries of an RDM,
//
//	V_ab = (c_a' S c_b)^2
//
// for pairs a and b with contrasts c, where S is the covariance between the
// estimates of patterns (Diedrichsen et al., 2020, arXiv:2007.02789). V is never
// formed.
type whitener struct {
	n     int
	pairs [][2]int32 // the conditions of each entry

	// S diagonal: V = D + B S^2 B', where B is the incidence of conditions to
	// pairs and D_ij = 2 s_i s_j; by Woodbury's identity.
	inverse []float64 // of D
	factor  []float64 // upper Cholesky factor of S^-2 + B' D^-1 B

	// Of all pairs that matrix is U S^-1 / 2 + u u' / 2 with u_i = 1 / s_i, U their sum:
	// there is no need of a factor.
	variance []float64 // nil if pairs are lacking
	sum      float64   // U

	// S full: V^-1 is the quadratic form of |P L^-1 G L'^-1 P|^2 with S = L L', G
	// with squared distances d and P the projection that removes L^-1 1.
	full   bool
	lower  []float64 // L
	origin []float64 // L^-1 1, of unit length
}

// newWhitener takes S as nil for the identity, n variances or n^2 covariances.
func newWhitener(
	arena *cmem.Arena, n int, pairs [][2]int32, sigma []float64,
) (*whitener, error) {
	w := &whitener{n: n, pairs: pairs}
	if len(sigma) == n*n {
		return w, w.setFull(arena, sigma)
	}
	variance := arena.Float64s(n)
	w.inverse = arena.Float64s(len(pairs))
	if len(pairs) < Pairs(n) {
		w.factor = arena.Float64s(n, n)
	}
	if err := arena.Err(); err != nil {
		return nil, err
	}
	for i := range variance {
		variance[i] = 1
		if sigma != nil {
			variance[i] = sigma[i]
		}
		if !(variance[i] > 0) {
			return nil, core.Invalidf("the variances in sigma must be positive, got %v",
				variance[i])
		}
	}
	for k, pair := range w.pairs {
		w.inverse[k] = 1 / (2 * variance[pair[0]] * variance[pair[1]])
	}
	if w.factor != nil {
		w.setDiagonal(variance)
		return w, nil
	}
	w.variance = variance
	for _, v := range variance {
		w.sum += 1 / v
	}
	return w, nil
}

func (w *whitener) setDiagonal(variance []float64) {
	n := w.n
	for i, v := range variance {
		w.factor[i*n+i] = 1 / (v * v)
	}
	for k, pair := range w.pairs {
		i, j := int(pair[0]), int(pair[1])
		w.factor[i*n+i] += w.inverse[k]
		w.factor[j*n+j] += w.inverse[k]
		w.factor[i*n+j] += w.inverse[k]
	}
	if !iblas.Cholesky(n, w.factor, n) { // the sum of a positive and a semidefinite matrix
		panic("rsa: the capacitance matrix is not positive definite")
	}
}

func (w *whitener) setFull(arena *cmem.Arena, sigma []float64) error {
	n := w.n
	if len(w.pairs) != Pairs(n) {
		return core.Invalidf("sigma must be a vector of variances if RDMs have NaN")
	}
	w.full, w.lower, w.origin = true, arena.Float64s(n, n), arena.Float64s(n)
	if err := arena.Err(); err != nil {
		return err
	}
	copy(w.lower, sigma)
	if !iblas.Cholesky(n, w.lower, n) {
		return core.Invalidf("sigma must be positive definite")
	}
	for i := range n {
		w.origin[i] = 1
		for j := range i {
			w.lower[i*n+j], w.lower[j*n+i] = w.lower[j*n+i], 0
		}
	}
	w.solveLower(blas.Left, blas.NoTrans, n, 1, w.origin)
	floats.Scale(1/floats.Norm(w.origin, 2), w.origin)
	return nil
}

// solveLower multiplies the m x n matrix a by L^-1, or its transpose, from a side.
func (w *whitener) solveLower(side blas.Side, trans blas.Transpose, m, n int, a []float64) {
	blas64.Implementation().Dtrsm(side, blas.Lower, trans, blas.NonUnit,
		m, n, 1, w.lower, w.n, a, n)
}

// scratchSize is the length of the scratch of solve.
func (w *whitener) scratchSize() int {
	if w.full {
		return w.n*w.n + w.n
	}
	return w.n
}

// solve stores V^-1 y, up to a constant factor, in dst.
func (w *whitener) solve(dst, y, scratch []float64) {
	switch {
	case w.full:
		w.solveFull(dst, y, scratch)
		return
	case w.variance != nil:
		w.solveAll(dst, y, scratch[:w.n])
		return
	}
	t := scratch[:w.n]
	clear(t)
	floats.MulTo(dst, y, w.inverse)
	for k := 0; k < len(w.pairs); {
		var sum float64 // of a run of pairs with the same first condition
		i := w.pairs[k][0]
		for ; k < len(w.pairs) && w.pairs[k][0] == i; k++ {
			sum += dst[k]
			t[w.pairs[k][1]] += dst[k]
		}
		t[i] += sum
	}
	solveUpper(w.factor, t)
	for k, pair := range w.pairs {
		dst[k] = (y[k] - t[pair[0]] - t[pair[1]]) * w.inverse[k]
	}
}

// solveAll is solve where no pair is lacking, row by row.
func (w *whitener) solveAll(dst, y, t []float64) {
	rows := func(do func(i int, row, y []float64)) {
		for i, k := 0, 0; i < w.n-1; i++ {
			next := k + w.n - 1 - i
			do(i, dst[k:next], y[k:next])
			k = next
		}
	}
	clear(t)
	floats.MulTo(dst, y, w.inverse)
	rows(func(i int, row, _ []float64) {
		t[i] += floats.Sum(row)
		floats.Add(t[i+1:], row)
	})
	mean := floats.Sum(t) / w.sum
	for i, v := range w.variance {
		t[i] = (2*v*t[i] - mean) / w.sum
	}
	rows(func(i int, row, y []float64) {
		floats.SubTo(row, y, t[i+1:])
		floats.AddConst(-t[i], row)
	})
	floats.Mul(dst, w.inverse)
}

func (w *whitener) solveFull(dst, y, scratch []float64) {
	n, g, row := w.n, scratch[:w.n*w.n], scratch[w.n*w.n:][:w.n]
	clear(g)
	for k, pair := range w.pairs {
		i, j := int(pair[0]), int(pair[1])
		g[i*n+j], g[j*n+i] = y[k], y[k]
	}
	w.solveLower(blas.Left, blas.NoTrans, n, n, g)
	w.solveLower(blas.Right, blas.Trans, n, n, g)
	project(g, row, w.origin)
	w.solveLower(blas.Left, blas.Trans, n, n, g)
	w.solveLower(blas.Right, blas.NoTrans, n, n, g)
	for k, pair := range w.pairs {
		dst[k] = g[int(pair[0])*n+int(pair[1])]
	}
}

// project removes the unit vector u from both sides of the symmetric matrix g.
func project(g, row, u []float64) {
	n := len(u)
	linalg.Gemm(blas.NoTrans, blas.Trans, 1, n, n, 1, u, n, g, n, 0, row, n)
	both := floats.Dot(row, u)
	for i := range n {
		for j := range n {
			g[i*n+j] += both*u[i]*u[j] - row[i]*u[j] - u[i]*row[j]
		}
	}
}
