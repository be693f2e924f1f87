package optimize

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// NNLS projects vectors onto polyhedral cones on one workspace: for the columns
// s_j of S, the generators of the cone, and a vector b, it solves
//
//	min_{mu >= 0} |S mu - b|²
//
// given only products of columns and the products S'b. S mu is the projection
// Pi(b) of b on the cone. It is not safe for concurrent use.
//
// The method is that of Lawson & Hanson (Solving Least Squares Problems, 1974,
// chapter 23) with a Cholesky factor of the Gram matrix of the active columns
// that grows by a row when a column enters and is repaired by rotations when one
// leaves. Columns first enter, and leave, in blocks, as in Portugal, Judice &
// Vicente, Math. Comp. 63 (1994) 625-643, which takes a few rounds where single
// columns take as many as are active; a block that does not bring the
// projection nearer to b is undone and the best column enters alone.
//
// Active columns are linearly independent, so their number is the dimension of
// the face of the cone that Pi(b) is in the interior of. Of duplicates one is
// active at most, and columns of length zero never are.
//
// Under Balance, mu must satisfy y'mu = 0 as well: that is how a bias enters
// the separation of points with labels y. The factor is then of G + g yy' with
// some g > 0, which changes nothing where y'mu = 0, and the multiplier lambda of
// the constraint follows from the solution u of L u = y. The active columns are
// independent after a coordinate y_j is appended to each, and their number
// exceeds the dimension of the face by one.
type NNLS struct {
	columns Generators
	gram    Gram // what columns are after SetCone
	m       int
	rank    int       // the most active columns
	inverse []float64 // 1 / |s_j|, 0 if s_j = 0
	signs   []float64 // y, or nil
	shift   float64   // g

	c       []float64
	w       []float64 // S'(b - S mu) - lambda y
	tol     float64
	refused []bool // candidates that rounding kept out since the last progress
	until   func(p Projection) bool

	factor   factor
	active   []int32
	mu       []float64 // of the active columns
	lambda   float64
	squared  float64   // |S mu|² for the best mu of the active columns
	previous []float64 // mu before a step
	saved    []int32   // active columns before a block
}

// Projection is the projection of one vector. Its slices are valid until the
// next call.
type Projection struct {
	// Squared is |Pi(b)|².
	Squared float64
	// Active lists the columns of positive weight, Weights their weights.
	Active  []int32
	Weights []float64
	// Gradient is S'(b - Pi(b)), minus Multiplier times y if that is balanced: 0 for
	// active generators and for others not positive, up to Violation.
	Gradient []float64
	// Multiplier is lambda of a balanced projection, at which no
	// s_j'(b - Pi(b)) - lambda y_j is positive; else 0.
	Multiplier float64
	// Violation is the largest s_j'(b - Pi(b)) / |s_j| in units of the largest
	// |s_j'b| / |s_j|: 0 at the exact solution. It is at most Tolerance unless
	// rounding stopped the search earlier, which takes active columns that are
	// almost linearly dependent.
	Violation float64
}

const (
	// Tolerance is the Violation at which a projection is done.
	Tolerance = 1e-12
	// Candidates of a block have at least this part of the largest gradient
	// (BenchmarkProject).
	blockShare = 0.6
	// A block is full when this many candidates in a row were kept out: the
	// active columns span the space then, or nearly so.
	fullBlock = 4
	// rounding is the relative gain that counts as none.
	rounding = 1e-14
	// patience is how many rounds in a row may pass without a gain above
	// rounding.
	patience = 20
)

// NewNNLS returns a workspace in the arena for cones of up to m generators. The
// caller checks arena.Err.
func NewNNLS(arena *cmem.Arena, m int) *NNLS { return NewNNLSOfRank(arena, m, m) }

// NewNNLSOfRank returns a workspace as NewNNLS does for generators of which no more
// than rank are independent, in less memory where that is below m.
func NewNNLSOfRank(arena *cmem.Arena, m, rank int) *NNLS {
	rank = min(m, rank)
	return &NNLS{
		inverse:  arena.Float64s(m),
		w:        arena.Float64s(m),
		refused:  cmem.Slice[bool](arena, m),
		factor:   newFactor(arena, rank),
		active:   arena.Int32s(m)[:0],
		mu:       arena.Float64s(m)[:0],
		previous: arena.Float64s(m),
		saved:    arena.Int32s(m)[:0],
		rank:     rank,
	}
}

// SetCone chooses the cone by the m x m Gram matrix of its generators, of which
// the rows are read. It must not change until the next call.
func (s *NNLS) SetCone(gram []float64, m, stride int) {
	if m > stride || len(gram) < (m-1)*stride+m {
		panic("optimize: shape of the Gram matrix")
	}
	s.gram = Gram{gram, m, stride}
	s.SetGenerators(&s.gram)
}

// SetGenerators chooses the cone by its generators, which must not change until
// the next call.
func (s *NNLS) SetGenerators(columns Generators) {
	s.columns, s.m = columns, columns.Len()
	if s.m > len(s.w) {
		panic("optimize: too many generators")
	}
	for j := range s.m {
		s.inverse[j] = 0
		if g := columns.Squared(j); g > 0 {
			s.inverse[j] = 1 / math.Sqrt(g)
		}
	}
	s.Balance(nil)
}

// Balance adds the constraint y'mu = 0 to the cone, or removes it if y is nil.
// The entries of y are 1 and -1.
func (s *NNLS) Balance(y []float64) {
	s.signs, s.shift = y, 0
	if y != nil {
		for j := range s.m {
			s.shift = max(s.shift, s.columns.Squared(j))
		}
	}
	s.clear()
}

// Project projects the b with S'b = c.
func (s *NNLS) Project(c []float64) Projection {
	s.c = c[:s.m]
	s.clear()
	return s.solve()
}

// ProjectFrom is Project from where the first columns are active that are independent.
func (s *NNLS) ProjectFrom(c []float64, first int) Projection {
	s.c = c[:s.m]
	s.clear()
	for j := range first {
		s.active = append(s.active, int32(j))
	}
	s.refactor(0)
	s.settle()
	return s.solve()
}

// Until lets a projection end as soon as what it has reached, which is optimal
// for its active generators only, fulfils a condition. nil removes it.
func (s *NNLS) Until(condition func(p Projection) bool) { s.until = condition }

func (s *NNLS) clear() {
	s.active, s.mu = s.active[:0], s.mu[:0]
	s.lambda, s.squared = 0, 0
}

// solve lets columns enter until none has a gradient above the tolerance.
func (s *NNLS) solve() Projection {
	scale := 0.0
	for j, v := range s.c {
		scale = max(scale, math.Abs(v)*s.inverse[j])
	}
	s.tol = Tolerance * scale
	clear(s.refused[:s.m])
	if s.signs != nil && !s.hasBothSigns() && !s.enterPair() {
		s.gradient()
		return Projection{Gradient: s.w[:s.m], Multiplier: s.lambda}
	}
	worst, limit, stalls := s.gradient(), s.m, 0
	for ; worst > s.tol && stalls < patience && !s.done(); worst = s.gradient() {
		before := s.squared
		if limit > 1 && s.enterBlock(worst, limit) {
			limit = min(2*limit, s.m)
		} else if s.enterBest() {
			limit = max(1, limit/4)
		} else {
			break
		}
		if s.squared > before*(1+rounding) {
			stalls = 0
			clear(s.refused[:s.m])
		} else {
			stalls++
		}
	}
	p := s.reached()
	if worst > 0 {
		p.Violation = worst / scale
	}
	return p
}

func (s *NNLS) reached() Projection {
	return Projection{
		Squared:    s.squared,
		Active:     s.active,
		Weights:    s.mu,
		Gradient:   s.w[:s.m],
		Multiplier: s.lambda,
	}
}

func (s *NNLS) done() bool { return s.until != nil && s.until(s.reached()) }

// gradient computes S'(b - S mu) - lambda y and returns its largest entry in
// units of the columns' lengths.
func (s *NNLS) gradient() (worst float64) {
	w := s.w[:s.m]
	copy(w, s.c)
	if s.signs != nil {
		floats.AddScaled(w, -s.lambda, s.signs[:s.m])
	}
	s.columns.Subtract(w, s.active, s.mu)
	for _, j := range s.active {
		w[j] = 0
	}
	for j, v := range w {
		worst = max(worst, v*s.inverse[j])
	}
	return worst
}

// weigh computes the best weights of the active columns, of any sign, with
// lambda and the projection's square.
func (s *NNLS) weigh() {
	k := len(s.active)
	s.mu = append(s.mu[:0], s.factor.z[:k]...)
	if u := s.factor.u[:k]; s.signs != nil && k > 0 {
		s.lambda = floats.Dot(u, s.mu) / floats.Dot(u, u)
		floats.AddScaled(s.mu, -s.lambda, u)
	}
	s.squared = floats.Dot(s.mu, s.mu)
	s.factor.backward(s.mu)
}

// settle computes the weights of the active columns and drops columns until all
// are positive.
func (s *NNLS) settle() {
	for {
		s.weigh()
		if k := len(s.active); len(s.drop(s.mu)) == k {
			return
		}
	}
}

// hasBothSigns reports whether weights of the active columns can be balanced.
func (s *NNLS) hasBothSigns() bool {
	sum := 0.0
	for _, j := range s.active {
		sum += s.signs[j]
	}
	return math.Abs(sum) < float64(len(s.active))
}

// enterPair begins a balanced projection with the column of either sign that has
// the largest product with b. It returns false if their sum has none: then the
// projection is 0 and lambda lies between them.
func (s *NNLS) enterPair() bool {
	s.clear()
	best, largest := [2]int32{-1, -1}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for j, v := range s.c {
		side := 0
		if s.signs[j] < 0 {
			side = 1
		}
		if v > largest[side] {
			best[side], largest[side] = int32(j), v
		}
	}
	switch {
	case best[0] < 0:
		s.lambda = -largest[1]
	case best[1] < 0:
		s.lambda = largest[0]
	default:
		s.lambda = (largest[0] - largest[1]) / 2
	}
	if best[0] < 0 || best[1] < 0 || largest[0]+largest[1] <= Tolerance*math.Abs(s.lambda) {
		return false
	}
	for _, j := range best {
		if k := len(s.active); s.row(k, j) {
			s.factor.solve(k, s.c[j], s.sign(j))
			s.active = append(s.active, j)
		}
	}
	s.weigh()
	if len(s.active) < 2 || s.mu[0] <= 0 || s.mu[1] <= 0 {
		s.clear()
		return false
	}
	return true
}

// enterBlock lets up to limit columns of large gradient enter, and drops those
// whose weights are not positive then. It undoes this and returns false if the
// projection does not grow.
func (s *NNLS) enterBlock(worst float64, limit int) bool {
	before := s.squared
	s.saved = append(s.saved[:0], s.active...)
	failures := 0
	for j, v := range s.w[:s.m] {
		if limit == 0 || failures == fullBlock {
			break
		}
		if v <= 0 || v*s.inverse[j] < blockShare*worst {
			continue
		}
		if s.push(int32(j)) {
			limit, failures = limit-1, 0
		} else {
			failures++
		}
	}
	s.settle()
	if s.squared > before*(1+rounding) && (s.signs == nil || s.hasBothSigns()) {
		return true
	}
	s.active = append(s.active[:0], s.saved...)
	s.refactor(0)
	s.weigh()
	return false
}

// enterBest is one step of Lawson & Hanson: the column of largest gradient
// enters, and those leave whose weights reach zero on the way to the best
// ones. It returns false if no column can enter.
func (s *NNLS) enterBest() bool {
	for {
		best, largest := int32(-1), s.tol
		for j, v := range s.w[:s.m] {
			if v *= s.inverse[j]; v > largest && !s.refused[j] {
				best, largest = int32(j), v
			}
		}
		if best < 0 {
			return false
		}
		if s.push(best) {
			s.walk()
			if k := len(s.active); k > 0 && s.active[k-1] == best {
				return true
			}
		}
		s.refused[best] = true
	}
}
