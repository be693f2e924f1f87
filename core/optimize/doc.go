// Package optimize solves the small optimization problems inside metrics, under
// the names that scipy.optimize has for them.
package optimize
