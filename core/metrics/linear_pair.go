package metrics

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// linearPair measures one pair of prepared networks at a time. The cross-product
// C = B'A has the wider network's rows, so that it is tall. It belongs to one
// worker.
type linearPair struct {
	nuclear  *linalg.Nuclear
	polar    *linalg.Polar
	c, d, q  []float64
	buf      []float32
	block    []float64
	wide     []float64
	score    Score
	tol      float64
	a, b     *linearNetwork // a.rank <= b.rank
	sa, sb   float64        // scale of the whitened a and b
	residual int            // how many distances of the pair took the residual form
}

// flat is the product of the spreads of two networks from which on the
// certificate of their distance has never been seen to fail.
const flat = 1e-3

func newLinearPair(arena *cmem.Arena, rank int, heldOut, single bool) *linearPair {
	p := &linearPair{
		c:     arena.Float64s(rank * rank),
		q:     arena.Float64s(rank * rank),
		block: arena.Float64s(blockRows * rank),
		wide:  arena.Float64s(2 * blockRows * rank),
	}
	p.polar = linalg.NewPolar(arena, rank, rank)
	if heldOut {
		p.d = arena.Float64s(rank * rank)
	} else {
		p.nuclear = linalg.NewNuclear(arena, rank, rank)
	}
	if single {
		p.buf = arena.Float32s(rank * rank)
	}
	return p
}

func (p *linearPair) set(linear Linear, tol float64, a, b *linearNetwork) {
	p.score, p.tol, p.a, p.b = linear.Score, tol, a, b
	p.sa, p.sb, p.residual = 1, 1, 0
	if linear.Score == Euclidean {
		width := max(a.width, b.width)
		p.sa, p.sb = a.scaleAt(width, linear.whitening()), b.scaleAt(width, linear.whitening())
	}
}

// trainDistance takes the distance from the nuclear norm of C alone.
func (p *linearPair) trainDistance() (float64, linalg.Route, error) {
	rows, cols := p.b.rank, p.a.rank
	if cols == 0 {
		d, _ := p.distance(0, p.a.norm, p.b.norm)
		return d, linalg.ByGram, nil
	}
	c := p.c[:rows*cols]
	crossProduct(c, p.buf, &p.b.train, &p.a.train)
	sum, route, err := p.nuclear.Norm(c, rows, cols, p.a.spread*p.b.spread < flat, p.accept)
	if err != nil {
		return math.NaN(), route, err
	}
	d, near := p.distance(sum, p.a.norm, p.b.norm)
	if near == between {
		return d, route, nil
	}
	crossProduct(c, p.buf, &p.b.train, &p.a.train)
	q := p.q[:rows*cols]
	if _, _, err := p.polar.Factor(q, c, rows, cols, p.accept); err != nil {
		return math.NaN(), route, err
	}
	return p.residualDistance(near, q, &p.a.train, &p.b.train, p.a.norm, p.b.norm, 0), route, nil
}

// heldOutDistance takes the training distance and, from the polar factor Q of
// C, the inner product <Q, B'A> of the aligned held-out data.
func (p *linearPair) heldOutDistance() (train, test float64, route linalg.Route, err error) {
	rows, cols := p.b.rank, p.a.rank
	if cols == 0 {
		train, _ = p.distance(0, p.a.norm, p.b.norm)
		test, _ = p.distance(0, p.a.testNorm, p.b.testNorm)
		return train, test, linalg.ByGram, nil
	}
	c, d, q := p.c[:rows*cols], p.d[:rows*cols], p.q[:rows*cols]
	crossProduct(c, p.buf, &p.b.train, &p.a.train)
	sum, route, err := p.polar.Factor(q, c, rows, cols, p.accept)
	if err != nil {
		return math.NaN(), math.NaN(), route, err
	}
	train, near := p.distance(sum, p.a.norm, p.b.norm)
	if near != between {
		train = p.residualDistance(near, q, &p.a.train, &p.b.train, p.a.norm, p.b.norm, 0)
	}
	crossProduct(d, p.buf, &p.b.test, &p.a.test)
	test, near = p.distance(floats.Dot(q, d), p.a.testNorm, p.b.testNorm)
	if near != between {
		rest := math.Hypot(p.sa*p.a.testRest, p.sb*p.b.testRest)
		if p.score == Angular {
			rest = math.Hypot(p.a.testRest/p.a.testNorm, p.b.testRest/p.b.testNorm)
		}
		test = p.residualDistance(near, q, &p.a.test, &p.b.test, p.a.testNorm, p.b.testNorm, rest)
	}
	return train, test, route, nil
}

// accept certifies a nuclear norm that is off by at most bound: the distance
// may be off by tol radians, or by tol relative to the geometric mean of the
// norms.
func (p *linearPair) accept(sum, bound float64) bool {
	bound += p.a.lost*p.b.norm + p.b.lost*p.a.norm
	scale := p.a.norm * p.b.norm
	if p.score == Euclidean {
		d, _ := p.distance(sum, p.a.norm, p.b.norm)
		return p.sa*p.sb*bound <= p.tol*d*math.Sqrt(p.sa*p.sb*scale)
	}
	return acos((sum-bound)/scale)-acos((sum+bound)/scale) <= p.tol
}

// distance is that of the score, with the scales of the pair.
func (p *linearPair) distance(inner, na, nb float64) (d float64, near end) {
	return p.score.distance(p.sa*p.sb*inner, p.sa*na, p.sb*nb)
}

// residualDistance measures |sa A Q' - sb B|, or |sa A Q' + sb B| near pi, block
// by block, which is accurate down to zero. rest is the norm of what Q does not
// align.
func (p *linearPair) residualDistance(near end, q []float64, a, b *samples, na, nb, rest float64) float64 {
	p.residual++
	sa, sb := p.sa, p.sb
	if p.score == Angular {
		sa, sb = 1/na, 1/nb
	}
	if near == nearPi {
		sb = -sb
	}
	var total float64
	for i := 0; i < a.rows; i += blockRows {
		rows := min(blockRows, a.rows-i)
		left, right := a.slice(i, i+rows, p.block), b.slice(i, i+rows, p.wide)
		difference := p.wide[blockRows*b.cols:][:rows*b.cols]
		copy(difference, right)
		gemm(blas.NoTrans, blas.Trans, rows, b.cols, a.cols, sa, left, a.cols, q, a.cols, -sb, difference, b.cols)
		total += floats.Dot(difference, difference)
	}
	return p.score.fromChord(math.Hypot(math.Sqrt(total), rest), near)
}
