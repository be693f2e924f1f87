package capi

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/rsa"
)

// rsaRDMs takes the conditions and folds of the rows of all matrices one after
// the other; either may be empty.
func rsaRDMs(ctx context.Context, a *args) error {
	dst := a.outMatrix()
	xs, conditions, folds := a.matrices(), a.ints(), a.ints()
	nConditions, nFolds := a.int(), a.int()
	d := rsa.Dissimilarity{Measure: rsa.Measure(a.option()), Prior: a.float(), Weight: a.float()}
	covariances := a.matrices()
	designs, err := designs(xs, conditions, folds, nConditions, nFolds)
	if err := firstError(err, sized(dst, len(xs), rsa.Pairs(nConditions))); err != nil {
		return err
	}
	if err := shareCovariances(designs, xs, covariances); err != nil {
		return err
	}
	return rsa.RDMs(ctx, dst, xs, d, designs)
}

// designs cuts the conditions and folds of all rows into those of each matrix.
func designs(
	xs []*mat.Dense, conditions, folds []int64, nConditions, nFolds int,
) ([]rsa.Design, error) {
	rows := 0
	for _, x := range xs {
		m, _ := x.Dims()
		rows += m
	}
	err := firstError(codes(conditions, rows, nConditions), codes(folds, rows, nFolds))
	if err != nil {
		return nil, err
	}
	list := make([]rsa.Design, len(xs))
	at := 0
	for k, x := range xs {
		m, _ := x.Dims()
		list[k] = rsa.Design{Conditions: nConditions, Folds: nFolds}
		if len(conditions) > 0 {
			list[k].Condition = conditions[at : at+m]
		}
		if len(folds) > 0 {
			list[k].Fold = folds[at : at+m]
		}
		at += m
	}
	return list, nil
}

// shareCovariances gives each of one or more designs those of its folds, if there are some.
func shareCovariances(designs []rsa.Design, xs, covariances []*mat.Dense) error {
	if len(covariances) == 0 {
		return nil
	}
	folds := designs[0].Folds
	if err := manyCovariances(len(covariances), len(xs)*folds); err != nil {
		return err
	}
	for k := range designs {
		designs[k].Covariances = covariances[k*folds : (k+1)*folds]
		for _, s := range designs[k].Covariances {
			_, p := xs[k].Dims()
			if err := sized(s, p, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// codes checks that there are none or n integers, all in [0, limit).
func codes(x []int64, n, limit int) error {
	if len(x) != 0 && len(x) != n {
		return core.Invalidf("expected %d labels, one a row, got %d", n, len(x))
	}
	for _, v := range x {
		if v < 0 || v >= int64(limit) {
			return core.Invalidf("labels must be in [0, %d), got %d", limit, v)
		}
	}
	return nil
}

// comparison takes a similarity, the covariance of the noise of patterns, an empty
// vector, variances or the entries of a matrix, and controls, which may be empty.
func (a *args) comparison() rsa.Comparison {
	return rsa.Comparison{
		Similarity: rsa.Similarity(a.option()), Sigma: a.vector(), Controls: a.matrix(),
	}
}

// rsaCompare compares xs with ys, or, if ys is empty, with each other.
func rsaCompare(ctx context.Context, a *args) error {
	dst := a.outMatrix()
	xs, ys, c := a.matrix(), a.matrix(), a.comparison()
	rows, pairs := xs.Dims()
	cols := rows
	if ys != nil {
		cols, _ = ys.Dims()
	}
	if err := firstError(sized(dst, rows, cols), checkComparison(c, pairs)); err != nil {
		return err
	}
	return rsa.Compare(ctx, dst, xs, ys, c)
}

// checkComparison checks the sizes of RDMs and of the noise.
func checkComparison(c rsa.Comparison, pairs int) error {
	n := rsa.Conditions(pairs)
	if n < 3 || rsa.Pairs(n) != pairs {
		return core.Invalidf(
			"expected RDMs of n(n-1)/2 entries for n of at least 3 conditions, got %d", pairs)
	}
	if k := len(c.Sigma); k != 0 && k != n && k != n*n {
		return core.Invalidf(
			"expected %d variances or %d covariances of noise, got %d", n, n*n, k)
	}
	return nil
}

func rsaRanks(_ context.Context, a *args) error {
	dst, x := a.outVector(), a.vector()
	if err := length(dst, len(x)); err != nil {
		return err
	}
	return rsa.Ranks(dst, x)
}

// evaluation takes models, which may be empty, subjects and a comparison.
func (a *args) evaluation(ceiling bool) rsa.Evaluation {
	return rsa.Evaluation{Models: a.matrix(), Subjects: a.matrix(), Comparison: a.comparison(),
		Ceiling: ceiling}
}

// checkEvaluation checks the size of RDMs and returns the numbers of models and
// subjects.
func checkEvaluation(e rsa.Evaluation) (models, subjects int, err error) {
	subjects, pairs := e.Subjects.Dims()
	if e.Models != nil {
		models, _ = e.Models.Dims()
	}
	return models, subjects, checkComparison(e.Comparison, pairs)
}

// checkOptional is sized unless there is no output.
func checkOptional(x *mat.Dense, rows, cols int) error {
	if x == nil {
		return nil
	}
	return sized(x, rows, cols)
}

func rsaEvaluate(ctx context.Context, a *args) error {
	similarities, ceiling, without := a.outMatrix(), a.outMatrix(), a.outVector()
	e := a.evaluation(ceiling != nil || len(without) > 0)
	models, subjects, err := checkEvaluation(e)
	if err := firstError(err, checkOptional(similarities, models, subjects)); err != nil {
		return err
	}
	return e.Fixed(ctx, similarities, ceiling, without)
}

func rsaCeilings(ctx context.Context, a *args) error {
	bounds, null := a.outMatrix(), a.outMatrix()
	rdms, subjects, c, seed := a.matrix(), a.int(), a.comparison(), a.seed()
	points, _ := bounds.Dims()
	rows, pairs := rdms.Dims()
	if subjects < 2 || rows != points*subjects {
		return core.Invalidf("expected the RDMs of at least 2 subjects at each of %d points, got %d "+
			"of %d subjects", points, rows, subjects)
	}
	if err := checkComparison(c, pairs); err != nil {
		return err
	}
	return rsa.Ceilings(ctx, bounds, null, rdms, subjects, c, seed)
}

func rsaBootstrap(ctx context.Context, a *args) error {
	evaluations, ceilings := a.outMatrix(), a.outMatrix()
	e := a.evaluation(ceilings != nil)
	conditions, subjects, seed := a.bool(), a.bool(), a.seed()
	models, _, err := checkEvaluation(e)
	draws, _ := evaluations.Dims()
	if err := firstError(err, sized(evaluations, draws, models)); err != nil {
		return err
	}
	return e.Bootstrap(ctx, evaluations, ceilings, conditions, subjects, seed)
}

func rsaPermute(ctx context.Context, a *args) error {
	null := a.outMatrix()
	e, seed := a.evaluation(false), a.seed()
	models, _, err := checkEvaluation(e)
	permutations, _ := null.Dims()
	if err := firstError(err, sized(null, permutations, models)); err != nil {
		return err
	}
	return e.Permute(ctx, null, seed)
}
