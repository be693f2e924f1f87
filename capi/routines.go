package capi

import (
	"context"
	"strings"
)

//go:generate go test -run TestReferenceIsUpToDate . -update

// routine is something that can be called.
type routine struct {
	run func(context.Context, *args) error
	// takes is the text of its signature, in as many lines as it needs.
	takes string
	// doc says what it does, in Markdown, with the names of its arguments in backquotes.
	doc string

	signature signature
}

// routines is the table of everything that can be called. A key is the Python
// module and the function.
var routines = parseSignatures(map[string]*routine{
	"capacity.center_directions": {run: centerDirections,
		takes: `out weights float64[p,columns], out means float64[most+1,4],
			out norms float64[most+1,p], out stability float64[most+1], out counts int64[3],
			gram float64[p,p], least int,
			most int, measure 'absolute'|'squared', restarts int,
			search 'spectral'|'stable', max_iter int, tol float,
			seed int`,
		doc: `Find from ~least~ to ~most~ directions without which the centers of manifolds are
			least correlated. ~gram~ is the Gram matrix of the centers relative to their mean;
			the first of the max(1, most) columns of ~weights~, times the centers, are the
			directions. ~means~, ~norms~ and ~stability~ are filled for each number of directions
			tried, with the means over pairs of absolute and squared correlations and of
			absolute and squared products, and with the lengths of the centers; ~counts~ holds
			the number chosen, the largest number tried, and 1 if the search converged.`},
	"capacity.cone_faces": {run: coneFaces,
		takes: `out faces int64[draws], ` + direct,
		doc: `Draw Gaussian vectors and dichotomies of manifolds, whose ~sizes~ are the numbers
			of their ~points~, and store the dimension of the face of the manifolds' cone that
			each vector is projected on: -1 if the dichotomy is never separable, -2 if it has
			one sign only. ~given~ is empty, or one array of dichotomies in rows where
			~dichotomies~ is 'given'.`},
	"capacity.correlation_cost": {run: correlationCost,
		takes: `out cost float64[1], out gradient float64[n,k], x float64[p,n],
			v float64[n,k]`,
		doc: `Compute what removing the directions ~v~ from the centers ~x~ costs, and its
			gradient.`},
	"capacity.joint": {run: jointCapacity,
		takes: `out shares float64[draws,objects], out separable int64[draws/2],
			out geometry float64[1+batches,5+2*objects], out pairs float64[3*objects,objects],
			out anchors float64[weights]?, ` + direct + `, kappa float, signed bool`,
		doc: `Project Gaussian vectors, in pairs of opposite sign, on the cones of all manifolds
			together. ~shares~ are those of the objects in the inverse capacity, ~separable~ is 1
			where the dichotomy of a pair is; if not, and the margin ~kappa~ is positive, its
			draws are left out. The columns of ~geometry~, for all draws and then
			for batches of them, are two quadratic forms, of axes and of all, the alignments
			of centers, of axes and between them, and the forms of each object alone. ~pairs~
			has the cosines of centers, axes, and centers with axes of pairs of objects, absolute
			unless ~signed~. ~anchors~, if not empty, gets the weights of all points in the
			anchors, draws x points. ~features~ must be 'projection' and ~bias~ 0;
			the rest is as in capacity.cone_faces.`},
	"capacity.mean_field": {run: meanField,
		takes: `out quantities float64[margins*p,22], out anchors float64[weights]?,
			manifolds list of float64[m,n], origin float64[n], directions list of float64[k,n],
			vectors list of float64[draws,d], kappas float64[margins], draws int,
			antithetic bool, estimator ` + estimators + `, frame 'center'|'matlab', seed int`,
		doc: `Estimate the mean-field capacity and the geometry of each manifold, relative to
			~origin~ and without ~directions~, an empty list or one array. A row of ~quantities~
			is a manifold at a margin, manifolds changing first, and holds pairs of a value and
			its standard error: the inverse capacity, radius, dimension, two other dimensions,
			half width, Gaussian radius, two Gaussian dimensions, Gaussian half width, and the
			number of active points. ~vectors~ are those
			to use instead of Gaussian ones, if the list is not empty. ~anchors~, if not empty,
			gets the weights of the points in each anchor point: for each manifold margins x
			draws x points.`},
	"capacity.project_on_cone": {run: projectOnCone,
		takes: `out weights float64[n,m], out squared_norms float64[n],
			out violation float64[n], out n_active int64[n], products float64[n,m],
			gram float64[m,m]`,
		doc: `Project vectors on the cone of m generators, given their ~products~ with the
			generators and the generators' Gram matrix.`},
	"capacity.search_separability": {run: searchSeparability,
		takes: `out fraction float64[n], out attempts int64[n], ` + direct + `, step int,
			precision int, tol float`,
		doc: `Look for the number of features with which half of the dichotomies are separable.
			Entry i of ~attempts~ is how often i+1 features were tried, 0 for never, and
			~fraction~ the share of separable ones. The first scan grows by ~step~, the
			bisection ends at the width ~precision~, and ~tol~ is the standard error of a
			fraction. The rest is as in capacity.cone_faces.`},
	"capacity.simulate_search": {run: simulateSearch,
		takes: `out fraction float64[n], out attempts int64[n], probability float64[n],
			dichotomies int, step int, precision int, tol float, seed int`,
		doc: `Draw another outcome of capacity.search_separability.
			Attempts with i+1 features succeed with entry i of ~probability~. Each i has as many
			as ~dichotomies~, or as many as ~tol~ asks for if that is 0.`},
	"capacity.separate": {run: separate,
		takes: `out coef float64[n], out weights float64[m], out numbers float64[3],
			out separable int64[1], x float64[m,n], y float64[m], bias bool`,
		doc: `Find the hyperplane of largest margin between points with ~y~ = 1 and -1.
			~numbers~ are the margin, the bias, and the length of the combination of points by
			~weights~.`},

	"core.check_blas": {run: checkBLAS,
		takes: `vectors text`,
		doc:   `Check the BLAS and LAPACK in use by a JSON document of test vectors.`},
	"core.fault": {run: fault,
		takes: `mode 'panic'|'panic in a task'|'nil'|'sleep'|'memory'|` +
			`'numerical'|'subjects'|'overrun'|'scratch'`,
		doc: `Break on purpose; for tests, and only if NETREP_FAULTS was set when the process
			started. A library built with -asan also reads past the end of ~mode~ or of scratch memory.`},
	"core.use_blas": {run: useBLAS,
		takes: `routines int64[routines]?, threads int64[functions]?`,
		doc: `Use Fortran's BLAS and LAPACK at the addresses ~routines~, 0 for those that are
			missing, in the order that the Python package knows. ~threads~ holds pairs of
			functions that get and set the number of threads of a library. Only the first call
			counts.`},

	"metrics.aligned_distance": {run: alignedDistance,
		takes: `out distance float64[1], x float64[m,n], y float64[m,n], rank int, score ` +
			scores,
		doc: `Compute the distance of two aligned networks, of at most ~rank~ aligned
			features.`},
	"metrics.center": {run: center,
		takes: `out mean float64[n], out centered float64[m,n], x float64[m,n]`,
		doc:   `Subtract the means of columns.`},
	"metrics.convolution_distances": {run: convolutionDistances,
		takes: `out distances float64[shifts], out limit float64[1],
			products float64[shifts*n,n], group 'orth'|'perm', score ` + scores + `,
			norm_x float, norm_y float`,
		doc: `Compute the distances of two layers at several shifts after the best alignment of
			channels, given the ~products~ X'Y of each shift below each other, and the norms of
			X and Y. Below ~limit~ distances are inaccurate.`},
	"metrics.energy_distance": {run: energyDistance,
		takes: `out distance float64[1], t float64[n,n], x float64[m*repeats,n],
			y float64[m*repeats,n], ` + energy,
		doc: `Compute the energy distance of responses ~x~ and of ~y~ aligned by ~t~, of m
			inputs with ~repeats~ rows each.`},
	"metrics.energy_fit": {run: energyFit,
		takes: `out t float64[n,n], out weights float64[m*repeats*repeats]?,
			out losses float64[max_iter+1], out counts int64[2], x float64[m*repeats,n],
			y float64[m*repeats,n], ` + energy,
		doc: `Align responses ~y~ to ~x~ for the least energy distance. ~counts~ holds the
			number of ~losses~, and 1 if the fit converged.`},
	"metrics.gaussian_distance": {run: gaussianDistance,
		takes: `out distance float64[1], t float64[n,n], x_means float64[m,d],
			x_covs float64[m*d,d], y_means float64[m,d], y_covs float64[m*d,d], ` + gaussian,
		doc: `Compute the distance of normal responses to m inputs, those of y aligned by ~t~.
			~alpha~ from 0 to 2 weighs means against covariances, which are below each other; n
			is ~neurons~, of which d is a multiple.`},
	"metrics.gaussian_fit": {run: gaussianFit,
		takes: `out t float64[n,n], out losses float64[max_iter], out counts int64[2],
			x_means float64[m,d], x_covs float64[m*d,d], y_means float64[m,d],
			y_covs float64[m*d,d], from_means bool, starts list of float64[n,n], ` + gaussian,
		doc: `Align normal responses of y to those of x, from the alignment of the means if
			~from_means~, and from each of ~starts~. ~counts~ holds the number of ~losses~, and
			1 if the fit converged. The rest is as in metrics.gaussian_distance.`},
	"metrics.linear_align": {run: linearAlign,
		takes: `out wx float64[n,n], out wy float64[n,n], out rank int64[1], xw float64[m,n],
			yw float64[m,n], zx float64[n,n], zy float64[n,n]`,
		doc: `Align two networks by what metrics.linear_partial_fit returns for each. The first
			~rank~ of the aligned features carry the alignment.`},
	"metrics.linear_partial_fit": {run: linearPartialFit,
		takes: `out mean float64[n], out xw float64[m,n], out z float64[n,n], x float64[m,n],
			alpha float, center bool, preserve_variance bool`,
		doc: `Center the columns of ~x~ and whiten them in part, from none at ~alpha~ = 1 to all
			at 0, by the matrix ~z~, which may be scaled to keep the total variance.`},
	"metrics.permutation_match": {run: permutationMatch,
		takes: `out columns int64[n], x float64[m,n], y float64[m,n]`,
		doc: `Find the order of the columns of ~y~ that has the largest inner product with
			~x~.`},
	"metrics.transport": {run: transport,
		takes: `out flow float64[q,p], out steps float64[k,4]?, out count int64[1],
			cost float64[p,q], supply float, room float, mass float`,
		doc: `Send ~mass~ from the rows to the columns of ~cost~ as cheaply as can be, where each
			row has the same ~supply~ and each column the same ~room~. Entry j, i of ~flow~
			goes from i to j. If ~steps~ is not empty, its first ~count~ rows are the paths by
			which more and more was sent, the cheapest first: amount, cost a unit, row, column.
			There must be as many as there may be paths.`},

	"multiset.align": {run: alignAll,
		takes: `out aligned float64[networks*m,n], target float64[m,n], xs list of float64[m,p],
			group ` + groups,
		doc: `Align networks to a target, one below the other.`},
	"multiset.cka_distances": {run: ckaDistances,
		takes: cohortOutputs + `, ` + cohort + `, center bool,
			estimator 'biased'|'unbiased', score 'angular'|'cosine'`,
		doc: `Compare all networks by centered kernel alignment. ` + pairsDoc},
	"multiset.energy_distances": {run: energyDistances,
		takes: cohortOutputs +
			`, out unconverged int64[1], ` + cohort + `, test_repeats int, ` + energy,
		doc: `Measure energy distances between all networks, each responding ~repeats~ times, or
			~test_repeats~ times in ~test~, to an input. ~unconverged~ counts fits. ` +
			pairsDoc},
	"multiset.frechet_mean": {run: frechetMean,
		takes: `out mean float64[m,n], out change float64[1], out sweeps int64[1],
			xs list of float64[m,p], group ` + groups + `, method 'full_batch'|'streaming',
			warm bool, max_iter int, tol float, seed int`,
		doc: `Average networks after their best alignment. ~mean~ holds the start if ~warm~.
			~change~ is the root mean square change of an entry in the last of ~sweeps~, and
			~tol~ its largest, in units of the magnitude of the networks.`},
	"multiset.gaussian_distances": {run: gaussianDistances,
		takes: cohortOutputs +
			`, out unconverged int64[1], means list of float64[m,d],
			covs list of float64[m*d,d], test_means list of float64[m,d],
			test_covs list of float64[m*d,d], first int, from_means bool,
			starts list of float64[n,n], ` + gaussian,
		doc: `Measure distances between networks with normal responses: ~train~ is ~means~ and
			~covs~, ~test~ is ~test_means~ and ~test_covs~, and the rest as in
			metrics.gaussian_fit, ~ridge~ being added to the eigenvalues of ~covs~.
			~unconverged~ counts fits. ` + pairsDoc},
	"multiset.kmeans": {run: kmeans,
		takes: `out centroids float64[clusters*m,n], out dists float64[clusters,k],
			out labels int64[k], out inertia float64[1], out counts int64[2],
			xs list of float64[m,p], apart float64[k,k], max_iter int, restarts int, seed int`,
		doc: `Cluster networks. ~apart~ holds their distances, for the choice of starts.
			~inertia~ is the sum of squared distances from the centroids; ~counts~ holds the
			number of iterations, and 1 if they converged.`},
	"multiset.linear_distances": {run: linearDistances,
		takes: cohortOutputs +
			`, out routes int64[3], ` + cohort + `, alpha float, center bool,
			score ` + scores + `, single bool, tol float`,
		doc: `Measure shape distances between all networks, up to a rotation at ~alpha~ = 1, up
			to a linear map at 0. ~single~ multiplies in float32. ~tol~ is the error that a
			distance may have, 0 for 1e-7. ~routes~ counts distances from Gram matrices, from
			singular values, and from residuals. ` + pairsDoc},
	"multiset.permutation_distances": {run: permutationDistances,
		takes: cohortOutputs + `, ` + cohort + `, center bool, score ` + scores +
			`, single bool`,
		doc: `Measure distances between all networks up to the order of features. ~single~
			multiplies in float32. ` + pairsDoc},

	"rsa.bootstrap": {run: rsaBootstrap,
		takes: `out evaluations float64[draws,models], out ceilings float64[draws,2]?, ` +
			evaluation + `, of_conditions bool, of_subjects bool, seed int`,
		doc: `Evaluate models in samples with replacement of conditions, subjects or both.
			~ceilings~, the bounds of the noise ceiling, may be empty. The rest is as in
			rsa.evaluate.`},
	"rsa.ceilings": {run: rsaCeilings,
		takes: `out bounds float64[points,2], out null float64[permutations,points]?,
			rdms float64[rows,pairs], subjects int, ` + comparison + `, seed int`,
		doc: `Find the lower and the upper bound of the noise ceiling of the RDMs of ~subjects~,
			the rows for each point, such as a time, one after the other. ~null~, which may be
			empty, gets the lower bounds after random permutations of the conditions of each
			subject, the same at all points. Bounds that are undefined are NaN. The rest is as in
			rsa.compare.`},
	"rsa.compare": {run: rsaCompare,
		takes: `out similarities float64[n,others], xs float64[n,pairs],
			ys float64[others,pairs]?, ` + comparison,
		doc: `Compare condensed RDMs ~xs~ with ~ys~, or with each other if ~ys~ is empty.
			~sigma~ is the noise of patterns: empty, a variance of each condition, or the
			entries of a covariance. ~controls~, which may be empty, are RDMs to which a
			least-squares fit is removed from all others.`},
	"rsa.evaluate": {run: rsaEvaluate,
		takes: `out similarities float64[models,subjects]?,
			out ceiling float64[2,subjects]?, out without float64[subjects]?, ` + evaluation,
		doc: `Compare the RDMs of models with those of subjects. ~ceiling~, if not empty, gets
			the lower and the upper bound of the noise ceiling of each, and ~without~ the lower
			bound of all others than each: NaN if they are not defined. ~sigma~ and ~controls~
			are as in rsa.compare.`},
	"rsa.map_draws": {run: mapDraws,
		takes: `out largest float64[draws], out t float64[draws,points]?,
			out enhanced float64[draws,points]?, x float64[subjects,points],
			weights float64[draws,subjects], start int64[points+1], neighbors int64[neighbors]?,
			df float, first int, extremity 'mass'|'tfce'|'max', alternative 'two-sided'|'greater'|'less',
			threshold float, extent float, height float`,
		doc: `Find the largest value of the maps of t that follow from deviations ~x~ from the
			mean, for each row of ~weights~: signs / sqrt(n), or sqrt(n / (n1 n2)) for the members
			of the first of two groups and 0 for the others. It is the mass of a cluster of points
			whose t is beyond ~threshold~, the value of threshold-free cluster enhancement with
			the powers ~extent~ and ~height~, or t. Point i is a neighbor of ~neighbors~ from
			~start~ i to i+1, and each of them of it. ~df~ is the number of degrees of freedom;
			with the number ~first~ of subjects of the first group, not 0, each group has a
			variance of its own and Welch's t is turned into a normal deviate.
			~t~ and ~enhanced~, which only 'tfce' fills, may be empty.`},
	"rsa.permute": {run: rsaPermute,
		takes: `out null float64[permutations,models], ` + evaluation + `, seed int`,
		doc: `Evaluate models, as rsa.evaluate does and on average over subjects, after random
			permutations of the conditions of the models, or of what controls leave of them: NaN
			where a similarity is then undefined.`},
	"rsa.ranks": {run: rsaRanks,
		takes: `out ranks float64[pairs], x float64[pairs]`,
		doc: `Rank the entries ~x~ of an RDM, from 1. Those that only rounding tells apart share
			the mean of their ranks.`},
	"rsa.rdms": {run: rsaRDMs,
		takes: `out rdms float64[networks,c(c-1)/2], xs list of float64[m,p],
			conditions int64[rows]?, folds int64[rows]?, n_conditions int, n_folds int,
			metric ` + rdmMetrics + `, prior float, weight float,
			covariances list of float64[p,p]`,
		doc: `Compute condensed RDMs of responses. ~conditions~ are those of the rows of all
			~xs~, one after the other, counted from 0, or empty if row i is condition i; ~folds~
			likewise, for 'crossnobis', 'decoding' (accuracies of linear discriminant analysis)
			and 'nearest_centroid' (those of the nearest mean). ~prior~ and ~weight~ are the
			rate that 'poisson' expects, and how many observations that counts for.
			~covariances~ are those of the noise of each fold of the first, the second, ... of
			~xs~, for 'crossnobis', or none if responses are white.`},
	"rsa.searchlight_balls": {run: searchlightBalls,
		takes: `out similarities float64[centers,models], out used int64[centers],
			x float64|float32[rows,columns], transposed bool, ` + volumeBalls + `, ` + searchlight,
		doc: `Compare the RDM of the voxels around each of ~centers~, positions in a volume,
			with models. ~steps~ leads from a center to each voxel, and ~feature~ is the column
			of each voxel in ~x~, -1 for none. ~x~ is rows x features, or features x rows if
			~transposed~. ~conditions~ and ~folds~ of rows are as in rsa.rdms. Responses are
			whitened by the covariance of ~residuals~, laid out as ~x~, with ~dof~ degrees of
			freedom, from which the mean of each of ~n_groups~ groups of rows is subtracted; by
			the part of ~covariance~ that is of the searchlight if they are empty; and not if
			both are. With ~fold_covariances~, or if the groups are folds, one after the other,
			and ~by_fold~, products of two folds are whitened by the mean of their covariances;
			~dof~ is then that of a fold, 0 for its rows less 1. ~controls~ are as in rsa.compare.
			~used~ is
			the number of voxels without missing responses, and with noise.`},
	"rsa.searchlight_balls_rdms": {run: searchlightBallsRDMs,
		takes: `out rdms float64[centers,c(c-1)/2], out used int64[centers],
			x float64|float32[rows,columns], transposed bool, ` + volumeBalls + `, ` + measured,
		doc: `Compute the condensed RDM of the voxels around each of ~centers~, NaN where it is
			undefined. The rest is as in rsa.searchlight_balls.`},
	"rsa.searchlight_lists": {run: searchlightLists,
		takes: `out similarities float64[lists,models], out used int64[lists],
			x float64|float32[rows,columns], transposed bool, ` + featureLists + `, ` + searchlight,
		doc: `Compare the RDM of each set of features with models. Set i is ~neighbors~ from
			~start~ i to i+1. The rest is as in rsa.searchlight_balls.`},
	"rsa.searchlight_lists_rdms": {run: searchlightListsRDMs,
		takes: `out rdms float64[lists,c(c-1)/2], out used int64[lists],
			x float64|float32[rows,columns], transposed bool, ` + featureLists + `, ` + measured,
		doc: `Compute the condensed RDM of each set of features, NaN where it is undefined. The
			rest is as in rsa.searchlight_lists.`},
	"rsa.window_covariance": {run: windowCovariance,
		takes: `out covariance float64[sensors,sensors], out intensity float64[1],
			x float64[rows,sensors,samples], start int, stop int, groups int64[rows]?,
			n_groups int, dof float, shrinkage ` + shrinkages,
		doc: `Estimate the covariance between sensors from the samples from ~start~ to before
			~stop~, of which each less the mean of its group of rows counts as an observation,
			and how far it was shrunk. It must have an inverse.`},
	"rsa.window_rdms": {run: windowRDMs,
		takes: `out rdms float64[windows,c(c-1)/2], out intensities float64[windows]?,
			x float64[rows,sensors,samples], start int, width int, step int,
			metric ` + rdmMetrics + `, prior float, weight float,
			conditions int64[rows]?, folds int64[rows]?, n_conditions int, n_folds int,
			covariance float64[sensors,sensors]?, groups int64[rows]?, n_groups int,
			dof float, shrinkage ` + shrinkages,
		doc: `Compute condensed RDMs of windows of so many samples, of which the first begins
			at ~start~ and each other ~step~ after the one before. Conditions, folds and prior
			are as in rsa.rdms. Each sample is whitened by ~covariance~; if that is empty
			and ~n_groups~ is not 0, by that of the samples of the window, as rsa.window_covariance
			estimates it, and then ~intensities~ gets how far it was shrunk.`},

	"utils.fwht": {run: walshHadamard,
		takes: `out a float64[n]`,
		doc: `Replace ~a~, of a length that is a power of two, by its Walsh-Hadamard
			transform.`},
	"utils.sq_bures_metric": {run: squaredBures,
		takes: `out distance float64[1], x float64[n,n], y float64[n,n]`,
		doc:   `Compute the squared Bures distance of two positive semi-definite matrices.`},
	"utils.whiten": {run: whiten,
		takes: `out xz float64[m,n], out z float64[n,n], x float64[m,n], alpha float, tol float,
			preserve_variance bool`,
		doc: `Whiten centered columns in part by a matrix ~z~, taking eigenvalues of the
			covariance for at least ~tol~.`},
})

func parseSignatures(table map[string]*routine) map[string]*routine {
	for _, r := range table {
		r.takes, r.doc = oneLine(r.takes), strings.ReplaceAll(oneLine(r.doc), "~", "`")
		r.signature = parseSignature(r.takes)
	}
	return table
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
