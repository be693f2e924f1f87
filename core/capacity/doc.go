// Package capacity measures the geometry of object manifolds and how many of them a
// linear readout can tell apart.
package capacity
