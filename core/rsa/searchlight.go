package rsa

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
)

// Measured is what the RDM of each neighborhood is made from.
type Measured struct {
	Responses     *Responses
	Design        Design // of the rows of the responses
	Dissimilarity Dissimilarity
	Noise         *Noise // nil if the responses are white
	// FoldNoise is that of each fold; nil if there is one noise or none.
	FoldNoise []*Noise
}

// noises returns all of them.
func (m Measured) noises() []*Noise {
	if m.Noise != nil {
		return []*Noise{m.Noise}
	}
	return m.FoldNoise
}

// check finds what is wrong with the design, which all neighborhoods share.
func (m Measured) check() error {
	var arena cmem.Arena
	defer arena.Free()
	b := newBuilder(&arena, m.Dissimilarity, m.Design.Conditions, m.Design.Folds, 1)
	if err := arena.Err(); err != nil {
		return err
	}
	return b.start(m.Responses.Rows, 1, m.Design)
}

// searchlightTile returns the number of searchlights of a task, whose RDMs are
// compared with all models in one product: as many as take 256 KiB, so that the
// memory of the workers is small beside that of any responses.
func searchlightTile(pairs int) int { return max(1, min(16, 1<<15/pairs-1)) }

// Searchlights stores in row k of dst the similarities of the models, the rows of
// a matrix, to the RDM of searchlight k, and in used the number of its features.
// Features whose response in any row is not finite, or whose noise is not or is 0,
// are left out. A
// searchlight whose RDM is undefined, because it has no features left, its
// responses are constant, its noise has no inverse or all its dissimilarities are the
// same, gets a row of NaN,
// and NaN is what a model gets that has no similarity to it. A directed similarity
// is that of a model to a searchlight, as in an Evaluation.
//
// An RDM is in memory only until it is compared.
func Searchlights(
	ctx context.Context, dst *mat.Dense, used []int64, measured Measured, around Neighborhoods,
	c Comparison, models *mat.Dense,
) error {
	if err := measured.check(); err != nil {
		return err
	}
	references, err := newReferences(models, c)
	if err != nil {
		return err
	}
	defer references.free()
	tile := searchlightTile(Pairs(measured.Design.Conditions))
	tasks := (around.Len() + tile - 1) / tile
	newWorker := func(arena *cmem.Arena) *searchlight {
		return newSearchlight(arena, measured, around, references, tile)
	}
	return par.Each(ctx, tasks, newWorker, func(s *searchlight, t int) error {
		return s.tile(dst, used, t*tile, min((t+1)*tile, around.Len()))
	})
}

// SearchlightRDMs stores in row k of dst the RDM of searchlight k, NaN if it is undefined,
// and in used the number of its features, as Searchlights finds them.
func SearchlightRDMs(
	ctx context.Context, dst *mat.Dense, used []int64, measured Measured, around Neighborhoods,
) error {
	if err := measured.check(); err != nil {
		return err
	}
	newWorker := func(arena *cmem.Arena) *searchlight {
		return newSearchlight(arena, measured, around, nil, 0)
	}
	return par.Each(ctx, around.Len(), newWorker, func(s *searchlight, k int) error {
		n, err := s.measure(k)
		used[k] = int64(n)
		if err != nil {
			return undefinedIn(dst.RawRowView(k), err)
		}
		dst.SetRow(k, s.rdm)
		return nil
	})
}

// searchlight is a worker of Searchlights.
type searchlight struct {
	Measured
	around  Neighborhoods
	builder *builder
	// one or, of each fold, several; none if responses are white
	normalizers []*normalizer
	references  *references // nil if RDMs are not compared
	features    []int64
	patterns    []float64 // rows x features
	rdm         []float64
	forms       []form
	scratch     *scratch
}

func newSearchlight(
	arena *cmem.Arena, m Measured, around Neighborhoods, references *references, tile int,
) *searchlight {
	n, largest := m.Design.Conditions, around.Largest()
	var normalizers []*normalizer
	for _, noise := range m.noises() {
		normalizers = append(normalizers, newNormalizer(arena, noise, largest)) // heap: one a worker
	}
	if m.FoldNoise != nil {
		m.Design.Covariances = make([]*mat.Dense, len(m.FoldNoise)) // heap: one a worker
	}
	s := &searchlight{
		Measured: m, around: around, references: references,
		builder:     newBuilder(arena, m.Dissimilarity, n, m.Design.Folds, largest),
		normalizers: normalizers,
		features:    cmem.Slice[int64](arena, largest)[:0],
		patterns:    arena.Float64s(m.Responses.Rows * largest),
		rdm:         arena.Float64s(Pairs(n)),
	}
	if references != nil {
		s.forms, s.scratch = references.m.newForms(arena, tile), references.m.newScratch(arena)
	}
	return s
}

// tile compares the searchlights [from, to). The RDMs that are defined come first
// in forms, in their order.
func (s *searchlight) tile(dst *mat.Dense, used []int64, from, to int) error {
	var defined []int
	for k := from; k < to; k++ {
		n, err := s.prepare(&s.forms[len(defined)], k)
		used[k] = int64(n)
		switch {
		case err == nil:
			defined = append(defined, k) // heap: no more than a tile
		case errors.Is(err, core.ErrInvalid):
			setNaN(dst.RawRowView(k))
		default:
			return err
		}
	}
	models := s.references.forms
	for j := 0; j < len(models) && len(defined) > 0; j += tileSize {
		if err := s.compare(dst, defined, j, models[j:min(j+tileSize, len(models))]); err != nil {
			return err
		}
	}
	return nil
}

// compare stores the similarities of models, of which j is the first, to the
// searchlights whose RDMs are in forms.
func (s *searchlight) compare(dst *mat.Dense, lights []int, j int, models []form) error {
	m, similarities := s.references.m, s.scratch.tile[:]
	if m.traits.inner {
		if err := m.tile(similarities, s.forms[:len(lights)], models, s.scratch); err != nil {
			return err
		}
		for i, k := range lights {
			copy(dst.RawRowView(k)[j:], similarities[i*len(models):(i+1)*len(models)])
		}
		return nil
	}
	for i, k := range lights {
		for c := range models {
			v, err := m.compare(&models[c], &s.forms[i], s.scratch)
			switch {
			case errors.Is(err, core.ErrInvalid):
				v = math.NaN()
			case err != nil:
				return err
			}
			dst.Set(k, j+c, v)
		}
	}
	return nil
}

// prepare stores the RDM of searchlight k in f, ready to be compared, and returns
// the number of its features.
func (s *searchlight) prepare(f *form, k int) (int, error) {
	n, err := s.measure(k)
	if err != nil {
		return n, err
	}
	return n, s.references.m.prepare(f, s.rdm, s.scratch)
}

// measure finds the RDM of searchlight k, and returns the number of its features.
func (s *searchlight) measure(k int) (int, error) {
	s.features = s.around.Append(s.features[:0], k)
	s.load()
	n := len(s.features)
	if n == 0 {
		return 0, errNoFeatures
	}
	patterns := s.patterns[:s.Responses.Rows*n]
	if err := s.whiten(patterns); err != nil {
		return n, err
	}
	x := mat.NewDense(s.Responses.Rows, n, patterns)
	return n, s.builder.condensed(context.Background(), s.rdm, x, s.Design)
}

var errNoFeatures = core.Invalidf("no features with finite responses")

// load gathers the responses of the features that are finite and, if there is noise,
// have some.
func (s *searchlight) load() {
	s.features = s.Responses.finite(s.patterns, s.features)
	finite := len(s.features)
	s.loadNoise()
	if len(s.normalizers) > 1 && len(s.features) < finite {
		s.loadNoise() // of the features that are left
	}
	if len(s.features) < finite {
		s.Responses.gather(s.patterns, s.features)
	}
}

func (s *searchlight) loadNoise() {
	for _, w := range s.normalizers {
		s.features = w.load(s.features)
	}
}

// whiten whitens the responses of the features, if there is one noise, or finds the
// covariance of each fold.
func (s *searchlight) whiten(patterns []float64) error {
	if len(s.normalizers) == 0 {
		return nil
	}
	n := len(s.features)
	if s.FoldNoise != nil {
		for f, w := range s.normalizers {
			s.Design.Covariances[f] = mat.NewDense(n, n, w.fill(s.features)) // heap: a view
		}
		return nil
	}
	if err := s.builder.start(s.Responses.Rows, n, s.Design); err != nil {
		return err
	}
	if s.builder.differencesAlone() {
		subtractFirst(patterns, n)
	}
	w := s.normalizers[0]
	return whiten(patterns, w.fill(s.features), w.variances[:n])
}

// subtractFirst subtracts the first row of width n from all, so that what they have
// in common costs no digits where it does not count.
func subtractFirst(x []float64, n int) {
	for from := len(x) - n; from >= 0; from -= n {
		floats.Sub(x[from:from+n], x[:n])
	}
}

func setNaN(x []float64) {
	for k := range x {
		x[k] = math.NaN()
	}
}
