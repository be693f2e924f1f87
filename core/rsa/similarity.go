package rsa

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Similarity is a similarity of two RDMs, as vectors of their entries.
type Similarity int

// The similarities of RDMs.
const (
	// Spearman is Pearson's correlation of ranks, equal entries sharing theirs.
	Spearman Similarity = iota
	// Pearson is the correlation of the entries.
	Pearson
	// CosineSimilarity is x'y / (|x| |y|).
	CosineSimilarity
	// TauA is Kendall's coefficient: the share of pairs of entries in the same
	// order less that of those in opposite order; ties count for neither.
	TauA
	// TauB is Kendall's, the shares being of the pairs that are not tied.
	TauB
	// RhoA is the expectation of Spearman's over random orders of ties:
	// 12 x'y / (n^3 - n) of centred ranks.
	RhoA
	// WhitenedPearson is WhitenedCosine of centred entries.
	WhitenedPearson
	// WhitenedCosine is the cosine in the metric of V^-1 (see whitener).
	WhitenedCosine
	// Bures is tr (A^1/2 B A^1/2)^1/2 / (tr A tr B)^1/2 of the inner products A
	// and B of patterns whose squared distances are the entries; negative
	// eigenvalues count as 0.
	Bures
	// NegativeRiemannian is minus the least affine-invariant distance
	// |log eig(a G + b S, H)| over a, b > 0, of the inner products G and H of
	// patterns as seen from the first condition, and the covariance S of their
	// noise.
	NegativeRiemannian
)

// Comparison is a Similarity with the covariance of the noise of patterns for
// the last four: nil for the identity, a variance for each condition or a matrix.
type Comparison struct {
	Similarity Similarity
	Sigma      []float64
}

// symmetric reports whether two RDMs may change places.
func (c Comparison) symmetric() bool { return c.Similarity != NegativeRiemannian }

// comparer compares RDMs of n conditions over the entries that are kept. It may
// be shared by workers.
type comparer struct {
	Comparison
	n     int
	kept  []int32 // nil: all
	size  int     // entries kept
	white *whitener
	noise []float64 // S as seen from the first condition, for NegativeRiemannian
}

// newComparer returns a comparer of RDMs with so many entries.
func newComparer(c Comparison, pairs int, kept []int32) (*comparer, error) {
	m := &comparer{Comparison: c, n: Conditions(pairs), kept: kept, size: pairs}
	if kept != nil {
		m.size = len(kept)
	}
	if m.size < leastEntries {
		return m, tooFew(m.size)
	}
	var err error
	switch c.Similarity {
	case WhitenedPearson, WhitenedCosine:
		m.white, err = newWhitener(m.n, m.pairs(), c.Sigma)
	case Bures, NegativeRiemannian:
		if m.size < pairs {
			return m, core.Invalidf("RDMs with NaN have no Bures or Riemannian similarity")
		}
		if c.Similarity == NegativeRiemannian {
			m.noise, err = seenFromFirst(m.n, c.Sigma)
		}
	}
	return m, err
}

// pairs returns the conditions of each kept entry.
func (m *comparer) pairs() [][2]int32 {
	all := make([][2]int32, 0, Pairs(m.n))
	for i := range m.n {
		for j := i + 1; j < m.n; j++ {
			all = append(all, [2]int32{int32(i), int32(j)})
		}
	}
	if m.kept == nil {
		return all
	}
	list := make([][2]int32, m.size)
	for t, k := range m.kept {
		list[t] = all[k]
	}
	return list
}

// inner reports whether the similarity is an inner product of prepared vectors.
func (m *comparer) inner() bool {
	switch m.Similarity {
	case TauA, TauB, Bures, NegativeRiemannian:
		return false
	}
	return true
}

// form is a prepared RDM. For inner products it holds the vector of unit length
// and, if whitened, V^-1 times it as the dual.
type form struct {
	memory  []float64 // of this form and those after it
	size    int
	dual    int // where the dual begins, 0 if it is the vector
	ranking *ranking
}

func (f *form) vector() []float64  { return f.memory[:f.size] }
func (f *form) second() []float64  { return f.memory[f.dual : f.dual+f.size] }
func (f *form) vectors() []float64 { return f.memory }
func (f *form) duals() []float64   { return f.memory[f.dual:] }

// stride is the number of float64 of a form.
func (m *comparer) stride() int {
	switch m.Similarity {
	case TauA, TauB:
		return 0
	case WhitenedPearson, WhitenedCosine:
		return 2 * m.size
	case Bures:
		return m.n * m.n
	case NegativeRiemannian:
		return 2 * (m.n - 1) * (m.n - 1)
	}
	return m.size
}

func (m *comparer) newForms(arena *cmem.Arena, count int) []form {
	forms, stride := make([]form, count), m.stride()
	memory := arena.Float64s(count * stride)
	if arena.Err() != nil {
		return forms
	}
	for k := range forms {
		forms[k] = form{memory: memory[k*stride:], size: stride}
		switch m.Similarity {
		case TauA, TauB:
			forms[k].ranking = newRanking(arena, m.size)
		case WhitenedPearson, WhitenedCosine, NegativeRiemannian:
			forms[k].size, forms[k].dual = stride/2, stride/2
		}
	}
	return forms
}

// Scratch is the memory of one worker.
type Scratch struct {
	entries []float64
	work    []float64
	sorter  *sorter
	kendall *kendall
	spectra *spectra
	tile    [tileSize * tileSize]float64
	query   []form
}

func (m *comparer) newScratch(arena *cmem.Arena) *Scratch {
	s := &Scratch{entries: arena.Float64s(m.size)}
	switch m.Similarity {
	case Spearman, RhoA, TauA, TauB:
		s.sorter = newSorter(arena, m.size)
		s.kendall = newKendall(arena, m.size)
	case WhitenedPearson, WhitenedCosine:
		s.work = arena.Float64s(m.white.scratchSize())
	case Bures, NegativeRiemannian:
		s.spectra = newSpectra(arena, m.n)
	}
	return s
}

// entries returns those of the RDM x that are kept.
func (m *comparer) entries(x []float64, s *Scratch) []float64 {
	if m.kept == nil {
		return x
	}
	for t, k := range m.kept {
		s.entries[t] = x[k]
	}
	return s.entries
}

// prepare stores the RDM x in f. It fails if similarities to it are undefined.
func (m *comparer) prepare(f *form, x []float64, s *Scratch) error {
	entries := m.entries(x, s)
	switch m.Similarity {
	case TauA, TauB:
		f.ranking.set(entries, s.sorter)
		if m.Similarity == TauB && f.ranking.tied == int64(Pairs(m.size)) {
			return errConstant
		}
		return nil
	case Bures:
		return s.spectra.root(f.vector(), entries)
	case NegativeRiemannian:
		return s.spectra.products(f.vector(), f.second(), entries)
	}
	return m.prepareVector(f, entries, s)
}

// The errors of RDMs whose similarity to others is undefined.
var (
	errConstant = core.Invalidf("an RDM whose entries are all the same is correlated with nothing")
	errZero     = core.Invalidf("an RDM of zeros has no cosine")
)

func (m *comparer) prepareVector(f *form, entries []float64, s *Scratch) error {
	v := f.vector()
	switch m.Similarity {
	case Spearman, RhoA:
		s.sorter.midranks(v, entries)
	default:
		copy(v, entries)
	}
	switch m.Similarity {
	case CosineSimilarity, WhitenedCosine:
		if floats.Norm(v, 2) == 0 {
			return errZero
		}
	default:
		if !center(v) && m.Similarity != RhoA {
			return errConstant
		}
	}
	var norm float64
	switch m.Similarity {
	case RhoA:
		n := float64(m.size)
		norm = math.Sqrt((n*n*n - n) / 12)
	case WhitenedPearson, WhitenedCosine:
		floats.Scale(1/floats.Norm(v, 2), v) // or squares may overflow
		m.white.solve(f.second(), v, s.work)
		norm = math.Sqrt(floats.Dot(v, f.second()))
		floats.Scale(1/norm, f.second())
	default:
		norm = floats.Norm(v, 2)
	}
	floats.Scale(1/norm, v)
	return nil
}

// center subtracts the mean of x and reports whether x varies.
func center(x []float64) bool {
	mean := floats.Sum(x) / float64(len(x))
	floats.AddConst(-mean, x)
	return floats.Norm(x, 2) > unvaried*math.Abs(mean)*math.Sqrt(float64(len(x)))
}

// compare returns the similarity of prepared RDMs.
func (m *comparer) compare(x, y *form, s *Scratch) (float64, error) {
	switch m.Similarity {
	case TauA, TauB:
		all := int64(Pairs(m.size))
		ofX, ofY := all, all
		if m.Similarity == TauB {
			ofX, ofY = all-x.ranking.tied, all-y.ranking.tied
		}
		tau := float64(s.kendall.difference(x.ranking, y.ranking)) / math.Sqrt(float64(ofX)*float64(ofY))
		return max(-1, min(1, tau)), nil
	case Bures:
		return s.spectra.overlap(x.vector(), y.vector())
	case NegativeRiemannian:
		return s.spectra.riemannian(x.vector(), y.second(), m.noise)
	}
	return max(-1, min(1, floats.Dot(x.vector(), y.second()))), nil
}
