package rsa

import (
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Similarity is a similarity of two RDMs, as vectors of their entries: its row in
// the table of similarities.
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
	// 12 x'y / (n^3 - n) of centered ranks.
	RhoA
	// WhitenedPearson is WhitenedCosine of centered entries.
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
	// Regression is the weight of a model in the least-squares fit of all models,
	// and a constant, to an RDM, all as z-scores.
	Regression
	// RankRegression is Regression of ranks.
	RankRegression
)

// Comparison is a Similarity with the covariance of the noise of patterns for
// those that take it: nil for the identity, a variance for each condition or a
// matrix. Of the controls, RDMs in rows or nil, what RDMs have in common with them is
// removed: similarities are those of the residuals of least-squares fits to entries, or
// their ranks, with a constant where the similarity subtracts means.
type Comparison struct {
	Similarity Similarity
	Sigma      []float64
	Controls   *mat.Dense
}

func (c Comparison) strategy() strategy { return similarities[c.Similarity].strategy }

// similarities is the table of all of them: a new one is a constant and a row,
// and a type if none of the strategies does it.
var similarities = [...]similarity{
	Spearman:           {"spearman", vector{ranked: true, centered: true}},
	Pearson:            {"pearson", vector{centered: true}},
	CosineSimilarity:   {"cosine", vector{}},
	TauA:               {"tau-a", kendall{}},
	TauB:               {"tau-b", kendall{b: true}},
	RhoA:               {"rho-a", vector{ranked: true, centered: true, untied: true}},
	WhitenedPearson:    {"corr_cov", vector{centered: true, whitened: true}},
	WhitenedCosine:     {"cosine_cov", vector{whitened: true}},
	Bures:              {"bures", bures{}},
	NegativeRiemannian: {"neg_riem_dist", riemannian{}},
	Regression:         {"regression", regression{vector{centered: true}}},
	RankRegression:     {"rank-regression", regression{vector{ranked: true, centered: true}}},
}

type similarity struct {
	name string
	strategy
}

// strategy is how RDMs are prepared and compared.
type strategy interface {
	traits() traits
	// start adds to a comparer what its workers share, in memory of the arena.
	start(m *comparer, arena *cmem.Arena, c Comparison) error
	// newForms returns memory for prepared RDMs.
	newForms(m *comparer, arena *cmem.Arena, count int) []form
	// reserve adds to the memory of a worker.
	reserve(s *scratch, m *comparer, arena *cmem.Arena)
	// prepare stores the entries of an RDM in f. It fails if similarities to it
	// are undefined.
	prepare(m *comparer, f *form, entries []float64, s *scratch) error
	// compare returns the similarity of prepared RDMs.
	compare(m *comparer, x, y *form, s *scratch) (float64, error)
	// normalize stores the entries of an RDM, which has been prepared, in dst as they
	// enter a mean.
	normalize(m *comparer, dst, entries []float64, s *scratch)
	// method returns what evaluates the samples of w.
	method(arena *cmem.Arena, w *evaluator) method
}

// traits are what is true of a strategy.
type traits struct {
	inner    bool   // forms are vectors and duals, of which similarities are inner products
	directed bool   // two RDMs may not change places
	partial  bool   // RDMs may have controls
	joint    bool   // models are compared together: it is a joint strategy
	whole    string // if RDMs must have all entries of different conditions, whose rule that is
}

// The errors of RDMs whose similarity to others is undefined.
var (
	errConstant = core.Invalidf("an RDM whose entries are all the same is correlated with nothing")
	errZero     = core.Invalidf("an RDM of zeros has no cosine")
)

// Similarities returns the names of the similarities, in their order.
func Similarities() []string {
	return names(similarities[:], func(s similarity) string { return s.name })
}

func (s Similarity) String() string { return similarities[s].name }
