package metrics

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// Cross-products are taken between panels of networks of about panelWidth
// features together, panelRows samples at a time.
const (
	panelWidth = 256
	panelRows  = 1024
)

// panel is a range of networks side by side.
type panel struct{ from, to, width int }

// panelPair is a cross-product of panels: all pairs of networks between a and b.
type panelPair struct{ a, b panel }

// panelScratch is the workspace of a worker.
type panelScratch struct{ left, right, c []float64 }

// panelProducts stores the inner products <XX', YY'> = |X'Y|^2 of all pairs in
// the run, and squared norms.
func panelProducts(ctx context.Context, r *ckaRun) error {
	panels := append(r.panels(0, r.first), r.panels(r.first, len(r.networks))...) // heap: likewise
	var list cmem.List[panelPair]
	defer list.Free()
	width := 0
	for i, a := range panels {
		width = max(width, a.width)
		for _, b := range panels[i:] {
			if a == b || r.wanted(a.from, b.from) {
				list.Add(panelPair{a, b})
			}
		}
	}
	if err := list.Err(); err != nil {
		return err
	}
	pairs, rows := list.Items(), min(panelRows, r.m)
	newScratch := func(arena *cmem.Arena) *panelScratch {
		return &panelScratch{
			left:  arena.Float64s(rows * width),
			right: arena.Float64s(rows * width),
			c:     arena.Float64s(width * width),
		}
	}
	return par.Each(ctx, len(pairs), newScratch, func(s *panelScratch, t int) error {
		r.multiplyPanels(s, pairs[t])
		return nil
	})
}

// panels splits the networks [from, to).
func (r *ckaRun) panels(from, to int) []panel {
	var panels []panel
	for k := from; k < to; k++ {
		last := len(panels) - 1
		if width := r.networks[k].width; last >= 0 && panels[last].width+width <= panelWidth {
			panels[last].to++
			panels[last].width += width
		} else {
			panels = append(panels, panel{k, k + 1, width}) // heap: one a network
		}
	}
	return panels
}

func (r *ckaRun) multiplyPanels(s *panelScratch, p panelPair) {
	a, b := p.a.width, p.b.width
	c := s.c[:a*b]
	clear(c)
	for i := 0; i < r.m; i += panelRows {
		rows := min(panelRows, r.m-i)
		left := r.panelRows(s.left, p.a, i, rows)
		if p.a == p.b {
			blas64.Implementation().Dsyrk(blas.Upper, blas.Trans, a, rows, 1, left, a, 1, c, a)
			continue
		}
		right := r.panelRows(s.right, p.b, i, rows)
		linalg.Gemm(blas.Trans, blas.NoTrans, a, b, rows, 1, left, a, right, b, 1, c, b)
	}
	r.storePanel(c, p)
}

// panelRows stores rows samples from i on of the networks of a panel in dst.
func (r *ckaRun) panelRows(dst []float64, p panel, i, rows int) []float64 {
	at := 0
	for k := p.from; k < p.to; k++ {
		r.networks[k].rows(dst[at:], p.width, i, i+rows, 1)
		at += r.networks[k].width
	}
	return dst[:rows*p.width]
}

// storePanel takes the inner products of the pairs from the cross-product c, of
// which there is only the upper triangle if the panels are the same.
func (r *ckaRun) storePanel(c []float64, p panelPair) {
	row := 0
	for i := p.a.from; i < p.a.to; i++ {
		wi, col := r.networks[i].width, 0
		for j := p.b.from; j < p.b.to; j++ {
			wj := r.networks[j].width
			block := c[row*p.b.width+col:]
			switch {
			case i == j:
				r.norms[i] = r.corrected(upperSquares(block, p.b.width, wi), i, i)
			case i < j && r.wanted(i, j):
				*r.at(i, j) = r.corrected(squares(block, p.b.width, wi, wj), i, j)
			}
			col += wj
		}
		row += wi
	}
}

// corrected adds the terms of HSIC_1 to |X'Y|^2: see CKA. The traces of the Gram
// matrices are 1.
func (r *ckaRun) corrected(square float64, i, j int) float64 {
	if !r.Unbiased {
		return square
	}
	return hsic1(square, floats.Dot(r.networks[i].g, r.networks[j].g), 1, r.m)
}

// hsic1 returns HSIC_1 without its factor for Gram matrices of centered samples
// from their inner product, that of their diagonals, and the product of their
// traces.
func hsic1(inner, diagonals, traces float64, m int) float64 {
	n := float64(m)
	return inner - diagonals*n/(n-2) + traces/((n-1)*(n-2))
}

// squares returns the sum of squares of the m x n a.
func squares(a []float64, stride, m, n int) (sum float64) {
	for i := range m {
		row := a[i*stride:][:n]
		sum += floats.Dot(row, row)
	}
	return sum
}

// upperSquares returns the sum of squares of the symmetric n x n a from its
// upper triangle.
func upperSquares(a []float64, stride, n int) (sum float64) {
	for i := range n {
		row := a[i*stride:][:n]
		sum += row[i]*row[i] + 2*floats.Dot(row[i+1:], row[i+1:])
	}
	return sum
}

// refineByFactors measures the angles of near pairs once more.
func refineByFactors(ctx context.Context, r *ckaRun, near [][2]int) error {
	return core.Parallel(ctx, len(near), func(t int) error {
		i, j := near[t][0], near[t][1]
		chord, err := r.gramChord(i, j)
		*r.at(i, j) = Angular.fromChord(chord, nearZero)
		return err
	})
}

// gramChord returns |K/|K| - L/|L||, accurate down to zero, from the factor R of
// Z = QR, Z = [X/|K|^(1/2), Y/|L|^(1/2)]: the difference is Q (R_x R_x' - R_y R_y') Q'.
func (r *ckaRun) gramChord(i, j int) (float64, error) {
	x, y := &r.networks[i], &r.networks[j]
	p, m := x.width+y.width, r.m
	rank := min(m, p)
	var arena cmem.Arena
	defer arena.Free()
	z, d := arena.Float64s(m*p), arena.Float64s(rank*rank)
	tau, work := arena.Float64s(rank), arena.Float64s(64*max(m, p))
	if err := arena.Err(); err != nil {
		return math.NaN(), err
	}
	sx, sy := r.norms[i], r.norms[j]
	x.rows(z, p, 0, m, 1/math.Sqrt(sx))
	y.rows(z[x.width:], p, 0, m, 1/math.Sqrt(sy))
	lapack64.Geqrf(blas64.General{Rows: m, Cols: p, Stride: p, Data: z}, tau, work, len(work))
	for i := range rank {
		clear(z[i*p : i*p+i])
	}
	impl := blas64.Implementation()
	impl.Dsyrk(blas.Upper, blas.NoTrans, rank, x.width, 1, z, p, 0, d, rank)
	impl.Dsyrk(blas.Upper, blas.NoTrans, rank, y.width, -1, z[x.width:], p, 1, d, rank)
	square := upperSquares(d, rank, rank)
	if r.Unbiased {
		var diagonal, trace float64
		for k, gx := range x.g {
			v := gx/sx - y.g[k]/sy
			diagonal += v * v
			trace += v
		}
		square = hsic1(square, diagonal, trace*trace, m)
	}
	return math.Sqrt(max(0, square)), nil
}
