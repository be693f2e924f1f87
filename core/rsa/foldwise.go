package rsa

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// foldwise multiplies responses of two folds at a time, whitened by the mean of the
// covariances of both: each fold has noise of its own.
type foldwise struct {
	n, p       int
	sums       []float64 // folds x conditions x features
	both       []float64 // those of two folds
	covariance []float64
	variances  []float64
}

func newFoldwise(arena *cmem.Arena, n, folds, p int) *foldwise {
	return &foldwise{n: n, p: p, sums: arena.Float64s(folds*n, p), both: arena.Float64s(2*n, p),
		covariance: arena.Float64s(p, p), variances: arena.Float64s(p)}
}

// multiplyByFold stores the sums of products of observations from different folds in
// the upper triangle of b.gram, as multiply does.
func (b *builder) multiplyByFold(x *mat.Dense) error {
	if b.missing {
		return core.Invalidf("responses that are missing cannot be whitened")
	}
	_, p := x.Dims()
	var arena cmem.Arena
	defer arena.Free()
	w := newFoldwise(&arena, b.n, b.design.Folds, p)
	if err := arena.Err(); err != nil {
		return err
	}
	w.add(b, x)
	clear(b.gram)
	for g, second := range b.design.Covariances {
		for f, first := range b.design.Covariances[:g] {
			if err := w.multiply(b.gram, f, g, first, second); err != nil {
				return err
			}
		}
	}
	for i := range b.n {
		for j := i; j < b.n; j++ { // either of the two may be from the first fold
			b.gram[i*b.n+j] += b.gram[j*b.n+i]
		}
	}
	return nil
}

// add stores the sums of the responses to each condition in each fold, less those to
// the first condition where differences alone count.
func (w *foldwise) add(b *builder, x *mat.Dense) {
	m, _ := x.Dims()
	for o := range m {
		cell := b.cell(o)
		floats.Add(w.sums[cell*w.p:(cell+1)*w.p], x.RawRowView(o))
	}
	if !b.differencesAlone() {
		return
	}
	for from := 0; from < len(w.sums); from += w.n * w.p {
		subtractFirst(w.sums[from:from+w.n*w.p], w.p)
	}
}

// multiply adds the products of folds f and g to gram.
func (w *foldwise) multiply(gram []float64, f, g int, first, second *mat.Dense) error {
	p, size := w.p, w.n*w.p
	floats.AddTo(w.covariance, first.RawMatrix().Data, second.RawMatrix().Data)
	floats.Scale(0.5, w.covariance)
	for j := range p {
		w.variances[j] = w.covariance[j*p+j]
	}
	copy(w.both, w.sums[f*size:(f+1)*size])
	copy(w.both[size:], w.sums[g*size:(g+1)*size])
	if err := whiten(w.both, w.covariance, w.variances); err != nil {
		return err
	}
	linalg.Gemm(blas.NoTrans, blas.Trans, w.n, w.n, p, 1, w.both[:size], p, w.both[size:], p,
		1, gram, w.n)
	return nil
}
