package optimize

import (
	"gonum.org/v1/gonum/floats"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/linalg"
)

// Group is a set of isometries that an alignment is chosen from.
type Group int

// The groups, in the order of the gateway.
const (
	Orthogonal Group = iota
	Permutation
	Identity
)

// Check returns an error if g is not a group.
func (g Group) Check() error {
	if g < Orthogonal || g > Identity {
		return core.Invalidf("unknown group %d", g)
	}
	return nil
}

// Aligner finds the best elements of a group on one workspace. It is not safe for
// concurrent use.
type Aligner struct {
	group      Group
	n          int
	polar      *linalg.Polar
	assignment *Assignment
}

// NewAligner returns a workspace in the arena for n x n matrices. The caller
// checks arena.Err.
func NewAligner(arena *cmem.Arena, group Group, n int) *Aligner {
	a := &Aligner{group: group, n: n}
	switch group {
	case Orthogonal:
		a.polar = linalg.NewPolar(arena, n, n)
		a.polar.Complete = true
	case Permutation:
		a.assignment = NewAssignment(arena, n)
	}
	return a
}

// Align writes to t the n x n element of the group that maximizes <T, C>, and
// returns the maximum. c is overwritten.
func (a *Aligner) Align(t, c []float64) (float64, error) {
	switch a.group {
	case Orthogonal:
		return a.rotate(t, c)
	case Permutation:
		return a.permute(t, c), nil
	}
	SetIdentity(t, a.n)
	return floats.Dot(t, c), nil
}

// rotate takes the inner product with T rather than the nuclear norm, if that
// is no more than certified: errors in T change it in second order only.
func (a *Aligner) rotate(t, c []float64) (float64, error) {
	const tol = 1e-12 // orthogonality of T follows
	accept := func(sum, bound float64) bool { return bound <= tol*sum }
	sum, route, err := a.polar.Factor(t, c, a.n, a.n, accept)
	if route == linalg.ByGram {
		sum = floats.Dot(t, c)
	}
	return sum, err
}

func (a *Aligner) permute(t, c []float64) float64 {
	n := a.n
	floats.Scale(-1, c)
	clear(t)
	var sum float64
	for i, j := range a.assignment.Minimize(c, n, n) {
		t[i*n+int(j)] = 1
		sum -= c[i*n+int(j)]
	}
	return sum
}

// SetIdentity stores the n x n identity in t.
func SetIdentity(t []float64, n int) {
	clear(t)
	for i := range n {
		t[i*n+i] = 1
	}
}
