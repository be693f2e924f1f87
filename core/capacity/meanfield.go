package capacity

// Estimator is a way to estimate 1/capacity from draws t.
type Estimator int

// The estimators, in the order of the gateway. With Pi the projection of
// t + kappa e on the manifold's cone, lambda = Pi'e and n the number of active
// points, E|Pi|² = E[n + kappa lambda], because n is the divergence of the
// projection (Stein's lemma).
const (
	// Count averages n + kappa lambda, but |Pi|², which is never negative, if kappa
	// is.
	Count Estimator = iota
	// Norm averages |Pi|².
	Norm
	// Width averages 1/alpha_0(w) / (1 + |ds|²), where alpha_0 is the capacity of
	// points, ds the anchor point relative to the mean anchor point and w =
	// t'ds + kappa: the approximation of dnn-object-manifolds.
	Width
)

// Frame says which points the samples of a manifold become, before the center's
// axis is appended.
type Frame int

// The frames, in the order of the gateway.
const (
	// Centered points are relative to the center.
	Centered Frame = iota
	// Matlab points are those of calc_manifold_properties2 in dnn-object-manifolds: the
	// axes are those of the QR factorization of the N x M deviations but the last,
	// min(N, M) - 1, and the points are relative to the origin.
	Matlab
)

// MeanField estimates the capacity and the geometry of manifolds in the mean-field
// theory of Chung, Lee & Sompolinsky, Phys. Rev. X 8 (2018) 031003,
// doi:10.1103/PhysRevX.8.031003. Each manifold is taken by itself, relative to its
// center and in units of the distance of the center from the origin, with the
// center's direction e as an axis of its own: points s_j = (x_j, 1).
type MeanField struct {
	Kappas []float64
	// Draws is the number of Gaussian vectors t of each manifold. If Antithetic,
	// it is even, and every other one is the negative of the one before.
	Draws      int
	Antithetic bool
	Estimator  Estimator
	Frame      Frame
	Seed       uint64
}

// Quantities of a manifold at one margin, each followed by its standard error in
// the rows that MeanField.Measure fills. With the anchor point s of a draw t, the
// points' combination that the projection on the cone is proportional to, and its
// deviation ds from the mean anchor point, both without the center's axis:
const (
	InverseCapacity         = 2 * iota // E|Pi|²
	Radius                             // sqrt(E|ds|²)
	Dimension                          // E[(t'ds)² / |ds|²]
	DimensionCos                       // D E[t's / (|t||s|)]², D the dimension of the frame
	DimensionMatlab                    // D E[t'ds / (|(t, t_e)||ds|)]²
	HalfWidth                          // E[t'ds]
	GaussianRadius                     // Radius, with the point of largest t'x_j for s
	GaussianDimension                  // Dimension, likewise
	GaussianDimensionMatlab            // E[t'ds]² / E|ds|², likewise
	GaussianHalfWidth                  // HalfWidth, likewise
	Active                             // E n
	quantities
)

// Quantities is the length of a row.
const Quantities = int(quantities)
