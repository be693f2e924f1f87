// Package optimize solves the small optimisation problems inside metrics, under
// the names that scipy.optimize has for them.
package optimize
