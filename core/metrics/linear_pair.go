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
	aligned  *linalg.Aligned
	reduced  *linalg.Tridiagonal // nil for few columns
	rooted   *linalg.Rooted
	c, d, q  []float64
	held     []float64 // five blocks of heldRows held-out samples
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

const (
	// heldRows is the number of held-out samples that are aligned in one go.
	heldRows = 256
	// manyRows is the number of held-out samples a column from which on forming Q is
	// the cheapest.
	manyRows = 4
	// rootedMargin is the part of the tolerance that Rooted is expected to leave: its
	// bound is up to ten times that of Aligned where networks fall off steeply.
	rootedMargin = 0.1
)

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
		p.held = arena.Float64s(5 * heldRows * rank)
		p.aligned = linalg.NewAligned(arena, rank)
		if rank >= linalg.LeastRooted {
			p.reduced = linalg.NewTridiagonal(arena, 2*heldRows, rank)
			p.rooted = linalg.NewRooted(arena, rank)
		}
	} else {
		p.nuclear = linalg.NewNuclear(arena, rank, rank)
	}
	if single {
		p.buf = arena.Float32s(rank * rank)
	}
	return p
}

// doubtful reports whether certificates of the pair may fail.
func (p *linearPair) doubtful() bool { return p.a.spread*p.b.spread < flat }

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
	sum, route, err := p.nuclear.Norm(c, rows, cols, p.doubtful(), p.accept)
	if err != nil {
		return math.NaN(), route, err
	}
	if d, near := p.distance(sum, p.a.norm, p.b.norm); near == between {
		return d, route, nil
	}
	crossProduct(c, p.buf, &p.b.train, &p.a.train)
	q := p.q[:rows*cols]
	if _, _, err := p.polar.Factor(q, c, rows, cols, p.accept); err != nil {
		return math.NaN(), route, err
	}
	return p.trainByFactor(sum, q), route, nil
}

// heldOutDistance takes the training distance from the spectrum of C, and the
// held-out distance from the inner product of the data that its polar factor Q
// aligns.
func (p *linearPair) heldOutDistance() (train, test float64, route linalg.Route, err error) {
	rows, cols := p.b.rank, p.a.rank
	if cols == 0 {
		train, _ = p.distance(0, p.a.norm, p.b.norm)
		test, _ = p.distance(0, p.a.testNorm, p.b.testNorm)
		return train, test, linalg.ByGram, nil
	}
	c := p.c[:rows*cols]
	crossProduct(c, p.buf, &p.b.train, &p.a.train)
	sum, ok := 0.0, false
	if p.byRoots() {
		if sum, ok = p.reduced.Norm(c, rows, cols, p.accept); ok {
			if train, test, ok := p.rootedDistances(sum, c); ok {
				return train, test, linalg.ByGram, nil
			}
			ok = p.polar.TakeSpectrum(p.reduced)
		}
	} else {
		sum, ok = p.polar.Spectrum(c, rows, cols, p.accept)
	}
	if train, near := p.distance(sum, p.a.norm, p.b.norm); ok && near == between {
		if test, ok := p.alignedDistance(c); ok {
			return train, test, linalg.ByGram, nil
		}
	}
	q := p.q[:rows*cols]
	if !ok || !p.polar.FromSpectrum(q, c, rows, cols) {
		route = linalg.BySVD
		if sum, err = p.polar.BySVD(q, c, rows, cols); err != nil {
			return math.NaN(), math.NaN(), route, err
		}
	}
	return p.trainByFactor(sum, q), p.testByFactor(q), route, nil
}

// alignedDistance takes the held-out distance without forming Q, which is
// cheaper unless the held-out samples are many. ok is false if they are, or if
// rounding shows in the result.
func (p *linearPair) alignedDistance(c []float64) (d float64, ok bool) {
	a, b := &p.a.test, &p.b.test
	if a.rows > manyRows*a.cols {
		return 0, false
	}
	p.aligned.Reset()
	for i := 0; i < a.rows; i += heldRows {
		left, product, rows := p.heldBlock(c, i)
		p.aligned.Add(p.polar, product, left, p.held[3*heldRows*b.cols:], rows, a.cols)
	}
	inner, bound := p.aligned.Sum(p.polar, a.cols)
	d, near := p.distance(inner, p.a.testNorm, p.b.testNorm)
	return d, near == between && p.certified(inner, bound, p.a.testNorm, p.b.testNorm)
}

// heldBlock returns held-out samples of a, from row i on, and those of b times c, which
// stand in the third block of p.held.
func (p *linearPair) heldBlock(c []float64, i int) (left, product []float64, rows int) {
	a, b := &p.a.test, &p.b.test
	size := heldRows * b.cols
	rows = min(heldRows, a.rows-i)
	left = a.slice(i, i+rows, p.held)
	right := b.slice(i, i+rows, p.held[size:])
	product = p.held[2*size:][:rows*a.cols]
	linalg.Gemm(blas.NoTrans, blas.NoTrans, rows, a.cols, b.cols,
		1, right, b.cols, c, a.cols, 0, product, a.cols)
	return left, product, rows
}

// byRoots reports whether the pair may do without eigenvectors and Q: it has enough
// columns, is not too steep, and has not so many held-out samples that forming Q is
// cheaper.
func (p *linearPair) byRoots() bool {
	return p.a.rank >= linalg.LeastRooted && !p.doubtful() &&
		p.a.test.rows <= manyRows*p.a.rank
}

// rootedDistances returns both distances for the nuclear norm sum of the c that was
// reduced. ok is false if rounding shows in them, or is expected to.
func (p *linearPair) rootedDistances(sum float64, c []float64) (train, test float64, ok bool) {
	train, near := p.distance(sum, p.a.norm, p.b.norm)
	if near != between || p.reduced.Loss() > p.tol*rootedMargin {
		return 0, 0, false
	}
	size := heldRows * p.b.test.cols
	p.rooted.Reset(p.reduced)
	for i := 0; i < p.a.test.rows; i += heldRows {
		left, product, rows := p.heldBlock(c, i)
		pair := p.held[2*size:][:2*rows*p.a.test.cols]
		copy(pair[len(product):], left) // behind the product
		p.rooted.Add(pair, p.held[4*size:], rows)
	}
	inner, bound := p.rooted.Sum()
	test, near = p.distance(inner, p.a.testNorm, p.b.testNorm)
	ok = near == between && p.certified(inner, bound, p.a.testNorm, p.b.testNorm)
	return train, test, ok
}

// trainByFactor is the training distance from the nuclear norm sum of C or, if
// it is near an end, from the residual.
func (p *linearPair) trainByFactor(sum float64, q []float64) float64 {
	d, near := p.distance(sum, p.a.norm, p.b.norm)
	if near == between {
		return d
	}
	return p.residualDistance(near, q, &p.a.train, &p.b.train, p.a.norm, p.b.norm, 0)
}

// testByFactor is the held-out distance from <Q, B'A> or, if it is near an end,
// from the residual.
func (p *linearPair) testByFactor(q []float64) float64 {
	na, nb := p.a.testNorm, p.b.testNorm
	d := p.d[:len(q)]
	crossProduct(d, p.buf, &p.b.test, &p.a.test)
	distance, near := p.distance(floats.Dot(q, d), na, nb)
	if near == between {
		return distance
	}
	rest := math.Hypot(p.sa*p.a.testRest, p.sb*p.b.testRest)
	if p.score == Angular {
		rest = math.Hypot(p.a.testRest/na, p.b.testRest/nb)
	}
	return p.residualDistance(near, q, &p.a.test, &p.b.test, na, nb, rest)
}

// accept certifies a nuclear norm that is off by at most bound.
func (p *linearPair) accept(sum, bound float64) bool {
	bound += p.a.lost*p.b.norm + p.b.lost*p.a.norm
	return p.certified(sum, bound, p.a.norm, p.b.norm)
}

// certified reports whether an inner product of matrices with the given norms
// that is off by at most bound leaves an error of the distance within tol, in
// radians or relative to the geometric mean of the norms.
func (p *linearPair) certified(inner, bound, na, nb float64) bool {
	scale := na * nb
	if p.score == Euclidean {
		d, _ := p.distance(inner, na, nb)
		return p.sa*p.sb*bound <= p.tol*d*math.Sqrt(p.sa*p.sb*scale)
	}
	return acos((inner-bound)/scale)-acos((inner+bound)/scale) <= p.tol
}

// distance is that of the score, with the scales of the pair.
func (p *linearPair) distance(inner, na, nb float64) (d float64, near end) {
	return p.score.distance(p.sa*p.sb*inner, p.sa*na, p.sb*nb)
}

// residualDistance measures |sa A Q' - sb B|, or |sa A Q' + sb B| near pi, block
// by block, which is accurate down to zero. rest is the norm of what Q does not
// align.
func (p *linearPair) residualDistance(
	near end, q []float64, a, b *samples, na, nb, rest float64,
) float64 {
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
		linalg.Gemm(blas.NoTrans, blas.Trans, rows, b.cols, a.cols,
			sa, left, a.cols, q, a.cols, -sb, difference, b.cols)
		total += floats.Dot(difference, difference)
	}
	return p.score.fromChord(math.Hypot(math.Sqrt(total), rest), near)
}
