package metrics

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/optimize"
)

// Gaussian is the family of stochastic shape metrics with a 2-Wasserstein ground
// distance between normal distributions,
//
//	d(X, Y)^2 = min_{T in Group} mean_i  Alpha |mx_i - T'my_i|^2
//	            + (2 - Alpha) B^2(Sx_i, T' Sy_i T)
//
// over the inputs i, where B^2(A, B) = tr A + tr B - 2 tr (A^(1/2) B A^(1/2))^(1/2)
// is the squared Bures distance. Alpha = 0 compares covariances only, 1 is the
// 2-Wasserstein distance, and 2 compares means only.
//
// Where the distributions have t times Neurons dimensions, those of a process at
// t times, T stands for the Kronecker product of the t x t identity and T.
//
// Duong, Zhou, Nassar, Berman, Olieslagers & Williams, ICLR 2023,
// arXiv:2211.11665, where 2 Alpha is the present (Alpha, 2 - Alpha).
type Gaussian struct {
	Alpha float64
	Group optimize.Group
	// Neurons is the size of the alignment, of which the dimension of the
	// distributions is a multiple.
	Neurons int
	// MaxIter bounds the number of alternations of a fit.
	MaxIter int
	// Tol is the decrease of the loss at which a fit has converged, in units of the
	// linalg.Magnitude of the responses as the loss weighs them.
	Tol float64
	// Ridge is added to the eigenvalues of the covariances that a cohort is
	// fitted to.
	Ridge float64
}

// Responses are normal distributions of the responses of a network, in d
// dimensions, to m inputs.
type Responses struct {
	// Means is m x d.
	Means *mat.Dense
	// Covs is (m d) x d: the covariances one below the other.
	Covs *mat.Dense
}

// Check returns an error that names the option that is out of range.
func (g Gaussian) Check() error {
	switch {
	case !(g.Alpha >= 0 && g.Alpha <= 2):
		return core.Invalidf("alpha must be in [0, 2], got %v", g.Alpha)
	case g.MaxIter < 1:
		return core.Invalidf("niter must be at least 1, got %d", g.MaxIter)
	case math.IsNaN(g.Tol):
		return core.Invalidf("tol must be a number, got NaN")
	case !(g.Ridge >= 0):
		return core.Invalidf("eps must not be negative, got %v", g.Ridge)
	case g.Neurons < 1:
		return core.Invalidf("n_dims must be at least 1, got %d", g.Neurons)
	}
	return g.Group.Check()
}

// dims returns the number of inputs and of dimensions of r, or an error if its
// parts do not belong together.
func (g Gaussian) dims(r Responses) (m, d int, err error) {
	m, d = r.Means.Dims()
	if rows, cols := r.Covs.Dims(); rows != m*d || cols != d {
		return 0, 0, core.Invalidf(
			"expected %d covariances of shape (%d, %d), got an array of %d rows and %d columns",
			m, d, d, rows, cols)
	}
	if d%g.Neurons != 0 {
		return 0, 0, core.Invalidf("its %d dimensions are no multiple of n_dims=%d", d, g.Neurons)
	}
	return m, d, nil
}
