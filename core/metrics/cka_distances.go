package metrics

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// Distances stores in dTrain the distances (or cosines) between all networks of
// the list train or, if first > 0, from the first networks (rows) to the others
// (columns); and in dTest, which may be nil, those of test. Nothing is fitted:
// the two have nothing to do with each other.
func (c CKA) Distances(
	ctx context.Context, dTrain, dTest *mat.Dense, train, test []*mat.Dense, first int,
) error {
	if err := checkCohort(train, test); err != nil {
		return err
	}
	if err := c.measure(ctx, dTrain, train, first, core.Network); err != nil || dTest == nil {
		return err
	}
	return c.measure(ctx, dTest, test, first, core.HeldOut)
}

func (c CKA) measure(
	ctx context.Context, dst *mat.Dense, xs []*mat.Dense, first int, subject func(k int) core.Subject,
) error {
	if m, _ := xs[0].Dims(); c.Unbiased && m < 4 {
		return core.Invalidf("the unbiased estimator needs at least 4 samples, got %d", m)
	}
	r := newCKARun(c, dst, xs, first, subject)
	defer r.arena.Free()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	inner, refine := gramProducts, refineByGrams
	if r.preferFeatures() {
		inner, refine = panelProducts, refineByFactors
	}
	if err := inner(ctx, r); err != nil {
		return err
	}
	var near cmem.List[[2]int]
	defer near.Free()
	if err := r.score(&near); err != nil {
		return err
	}
	if len(near.Items()) > 0 {
		if err := refine(ctx, r, near.Items()); err != nil {
			return err
		}
	}
	r.fillSymmetric()
	return nil
}

// preferFeatures reports whether the cross-products of all pairs take fewer
// operations than the Gram matrices and their inner products.
func (r *ckaRun) preferFeatures() bool {
	var width [2]float64 // of the first networks, and of the others
	for k := range r.networks {
		if k < r.first {
			width[0] += float64(r.networks[k].width)
		} else {
			width[1] += float64(r.networks[k].width)
		}
	}
	m, n, first := float64(r.m), float64(len(r.networks)), float64(r.first)
	total := width[0] + width[1]
	if r.first > 0 {
		return 2*width[0]*width[1]*m < m*m*total+first*(n-first)*m*m
	}
	return total*total*m < m*m*total+n*n*m*m/2
}
