package metrics

// Fit tells how the fit of a stochastic metric went.
type Fit struct {
	// Loss after each iteration of the best start.
	Loss []float64
	// Converged is false if the fit stopped at its largest number of iterations.
	Converged bool
}

// last returns the last of the losses of a fit.
func last(losses []float64) float64 { return losses[len(losses)-1] }
