package rsa

import (
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
)

// spectral is what the strategies have in common that take the eigenvalues of
// inner products of patterns.
type spectral struct{}

func (spectral) reserve(s *scratch, m *comparer, arena *cmem.Arena) {
	s.spectra = newSpectra(arena, m.n)
}

func (spectral) method(*cmem.Arena, *evaluator) method { return &copyMethod{} }

// bures is the strategy of Bures.
type bures struct{ spectral }

func (bures) traits() traits { return traits{whole: "Bures"} }

func (bures) start(*comparer, *cmem.Arena, Comparison) error { return nil }

func (bures) newForms(m *comparer, arena *cmem.Arena, count int) []form {
	return newVectors(arena, count, m.n*m.n, false)
}

func (bures) prepare(_ *comparer, f *form, entries []float64, s *scratch) error {
	return s.spectra.root(f.vector(), entries)
}

func (bures) compare(_ *comparer, x, y *form, s *scratch) (float64, error) {
	return s.spectra.overlap(x.vector(), y.vector())
}

func (bures) normalize(_ *comparer, dst, entries []float64, _ *scratch) {
	floats.ScaleTo(dst, 1/floats.Sum(entries), entries)
}

// riemannian is the strategy of NegativeRiemannian.
type riemannian struct{ spectral }

func (riemannian) traits() traits { return traits{directed: true, whole: "Riemannian"} }

func (riemannian) start(m *comparer, arena *cmem.Arena, c Comparison) (err error) {
	m.noise, err = seenFromFirst(arena, m.n, c.Sigma)
	return err
}

func (riemannian) newForms(m *comparer, arena *cmem.Arena, count int) []form {
	return newVectors(arena, count, (m.n-1)*(m.n-1), true)
}

func (riemannian) prepare(_ *comparer, f *form, entries []float64, s *scratch) error {
	return s.spectra.products(f.vector(), f.second(), entries)
}

func (riemannian) compare(m *comparer, x, y *form, s *scratch) (float64, error) {
	return s.spectra.riemannian(x.vector(), y.second(), m.noise)
}

func (riemannian) normalize(_ *comparer, dst, entries []float64, _ *scratch) { copy(dst, entries) }
