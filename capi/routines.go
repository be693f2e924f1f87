package capi

import "context"

// routines is the table of everything that can be called. A key is the Python
// module and the function; its outputs come first in the arguments.
var routines = map[string]func(context.Context, *args) error{
	"core.use_blas":                  useBLAS,
	"capacity.cone_faces":            coneFaces,
	"capacity.project_on_cone":       projectOnCone,
	"capacity.separate":              separate,
	"capacity.search_separability":   searchSeparability,
	"conv_layers.distances":          convolutionDistances,
	"core.check_blas":                checkBLAS,
	"core.fault":                     fault,
	"metrics.aligned_distance":       alignedDistance,
	"metrics.center":                 center,
	"metrics.energy_distance":        energyDistance,
	"metrics.energy_fit":             energyFit,
	"metrics.gaussian_distance":      gaussianDistance,
	"metrics.gaussian_fit":           gaussianFit,
	"metrics.linear_partial_fit":     linearPartialFit,
	"metrics.linear_align":           linearAlign,
	"metrics.permutation_match":      permutationMatch,
	"multiset.align":                 alignAll,
	"multiset.frechet_mean":          frechetMean,
	"multiset.kmeans":                kmeans,
	"multiset.cka_distances":         ckaDistances,
	"multiset.energy_distances":      energyDistances,
	"multiset.gaussian_distances":    gaussianDistances,
	"multiset.linear_distances":      linearDistances,
	"multiset.permutation_distances": permutationDistances,
	"rsa.bootstrap":                  rsaBootstrap,
	"rsa.compare":                    rsaCompare,
	"rsa.evaluate":                   rsaEvaluate,
	"rsa.permute":                    rsaPermute,
	"rsa.rdms":                       rsaRDMs,
	"rsa.searchlight_balls":          searchlightBalls,
	"rsa.searchlight_lists":          searchlightLists,
	"utils.fwht":                     walshHadamard,
	"utils.sq_bures_metric":          squaredBures,
	"utils.whiten":                   whiten,
}
