package capi

import (
	"strings"

	"netrep_go/core/rsa"
)

// Words of options that several routines take, in the order of the Go constants.
var (
	rdmMetrics   = choices(rsa.Measures())
	similarities = choices(rsa.Similarities())
	shrinkages   = choices(rsa.Shrinkages())
)

const (
	scores      = `'angular'|'euclidean'`
	groups      = `'orth'|'perm'|'identity'`
	dichotomies = `'balanced'|'iid'|'sparse'|'given'`
	features    = `'projection'|'subsample'|'first'`
	estimators  = `'count'|'norm'|'width'`
)

// Arguments that several routines take.
const (
	cohortOutputs = `out distances float64[rows,columns], out test_distances float64[rows,columns]?`
	cohort        = `train list of float64[m,p], test list of float64[m,p], first int`
	gaussian      = `alpha float, group ` + groups + `, neurons int, max_iter int, tol float,
		ridge float`
	energy = `group ` + groups + `, repeats int, max_iter int, tol float`
	direct = `points float64[m,n], sizes int64[p], dichotomies ` + dichotomies + `,
		given list of float64[k,p], features ` + features + `, bias bool, seed int`
	volumeBalls = `depth int, height int, width int, centers int64[centers], steps int64[3*voxels],
		feature int64[depth*height*width]`
	featureLists = `start int64[lists+1], neighbors int64[neighbors]?`
)

var (
	comparison = `method ` + similarities +
		`, sigma float64[k]?, controls float64[controls,pairs]?`
	evaluation  = `models float64[models,pairs]?, subjects float64[subjects,pairs], ` + comparison
	searchlight = `models float64[models,pairs], method ` + similarities +
		`, controls float64[controls,pairs]?, ` + measured
	measured = `metric ` + rdmMetrics + `, conditions int64[labels]?, folds int64[labels]?,
		n_conditions int, n_folds int,
		covariance float64[p,p]?, fold_covariances list of float64[p,p],
		residuals float64|float32[r,s]?, residuals_transposed bool,
		groups int64[residuals]?, n_groups int, dof float,
		shrinkage ` + shrinkages + `, by_fold bool`
)

// choices returns the kind of an argument that is one of the words.
func choices(words []string) string { return "'" + strings.Join(words, "'|'") + "'" }

// pairsDoc tells of the arguments that routines for a whole cohort share.
const pairsDoc = `If ~first~ is 0, ~distances~ are those of all pairs of networks in ~train~, else
	those of the first networks (rows) from the others (columns). ~test~, a list that is empty or
	has held-out data of each network, fills ~test_distances~, which is else empty.`
