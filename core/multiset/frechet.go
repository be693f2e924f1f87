package multiset

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/optimize"
)

// FrechetOptions steers FrechetMean.
type FrechetOptions struct {
	// Group is the set of alignments.
	Group optimize.Group
	// Streaming damps sweep t by the weight of the networks seen before it.
	Streaming bool
	// Warm starts from what the mean holds, else from a network drawn by Seed.
	Warm bool
	// MaxIter is the largest number of sweeps, at least 1.
	MaxIter int
	// Tol ends the iteration once Change is not above it.
	Tol float64
	// Seed draws the network to start from among the widest.
	Seed uint64
}

// FrechetResult tells how FrechetMean ended.
type FrechetResult struct {
	Iterations int
	// Change is the root mean square difference of an entry of the mean from what the
	// networks were aligned to for it, in units of the linalg.Magnitude of the networks.
	Change float64
}

// FrechetMean stores in mean (m x n, n the largest width) a local minimum of
//
//	sum_i min_Q |X_i Q - M|^2
//
// over M, the Q being matrices of the group whose rows are orthonormal, which
// stands for padding narrow X_i with zero columns. A sweep aligns every network
// to the mean held before it, in parallel, and replaces the mean by the average
// of the aligned networks: generalized Procrustes analysis (Gower &
// Dijksterhuis, Procrustes Problems, 2004, chapter 9). Unless Streaming, networks that are
// rotated take turns in the first sweeps (see turns), and later ones are extrapolated (see
// descent); none increases the objective under its alignments.
//
// If Streaming, every aligned network enters a running average one by one: with
// K networks, sweep t gives the old mean the weight ((t-1)K + 1) / (tK + 1).
// The order within a sweep has no influence, as all networks are aligned to the
// same mean.
//
// The result does not depend on the number of workers.
func FrechetMean(
	ctx context.Context, mean *mat.Dense, xs []*mat.Dense, opts FrechetOptions,
) (FrechetResult, error) {
	if err := checkNetworks(mean, xs); err != nil {
		return FrechetResult{}, err
	}
	if err := opts.Group.Check(); err != nil {
		return FrechetResult{}, err
	}
	if opts.MaxIter < 1 {
		return FrechetResult{}, core.Invalidf("max_iter must be at least 1, got %d", opts.MaxIter)
	}
	if !opts.Warm {
		copyPadded(mean, xs[startNetwork(xs, opts.Seed)])
	}
	if opts.Group == optimize.Identity {
		opts.MaxIter, opts.Streaming = 1, false
	}
	var arena cmem.Arena
	defer arena.Free()
	m, n := mean.Dims()
	s, err := newSpace(ctx, &arena, m, n, xs, opts.Group)
	if err != nil {
		return FrechetResult{}, err
	}
	s.takeMean(mean)
	if opts.Group == optimize.Orthogonal && !opts.Streaming {
		s.turns = s.newTurns(&arena, len(xs))
		s.descent = newDescent(&arena, len(s.mean))
		if err := arena.Err(); err != nil {
			return FrechetResult{}, err
		}
		if err := s.prepareTurns(ctx); err != nil {
			return FrechetResult{}, err
		}
	}
	par.Expect(ctx, opts.MaxIter*s.sweepTasks())
	result, err := s.iterate(ctx, opts, magnitude(xs, s.width))
	s.storeMean(mean)
	return result, err
}

// iterate sweeps until the mean rests, by changes in the given unit.
func (s *space) iterate(
	ctx context.Context, opts FrechetOptions, unit float64,
) (FrechetResult, error) {
	result := FrechetResult{Change: math.Inf(1)}
	for result.Change > opts.Tol && result.Iterations < opts.MaxIter {
		kept, change, err := s.sweep(ctx, opts, result.Iterations)
		if err != nil {
			return result, err
		}
		result.Iterations++
		if kept {
			result.Change = change / unit
		}
	}
	if s.descent != nil && s.descent.known {
		s.mean = s.descent.best
	}
	return result, nil
}

// sweep aligns every network once, and reports whether that is kept and by how much an
// entry of the mean changed: networks take turns from the second sweep on for as long as
// that is quick, and then the mean is extrapolated.
func (s *space) sweep(
	ctx context.Context, opts FrechetOptions, sweeps int,
) (kept bool, change float64, err error) {
	k := s.count()
	if s.turns != nil && sweeps == 0 {
		err := s.gather(ctx, nil, s.nets)
		return true, s.moved(), err
	}
	if s.turns != nil && !s.turns.slow {
		err := s.takeTurns(ctx)
		return true, s.moved(), err
	}
	keep := 0.0
	if opts.Streaming {
		seen := float64(sweeps)*k + 1
		keep = seen / (seen + k)
	}
	if err := s.align(ctx, s.nets); err != nil {
		return false, 0, err
	}
	if err := s.average(ctx, keep, (1-keep)/k); err != nil {
		return false, 0, err
	}
	change = s.moved()
	if s.turns != nil && s.turns.slow {
		return s.descent.follow(s.mean, s.next), change, nil
	}
	s.mean, s.next = s.next, s.mean
	return true, change, nil
}

// AlignAll stores X_i Q_i, with the Q_i of the group that brings it closest to
// the target (m x n), in rows [i m, (i+1) m) of dst.
func AlignAll(
	ctx context.Context, dst, target *mat.Dense, xs []*mat.Dense, group optimize.Group,
) error {
	if err := checkNetworks(target, xs); err != nil {
		return err
	}
	if err := group.Check(); err != nil {
		return err
	}
	var arena cmem.Arena
	defer arena.Free()
	m, n := target.Dims()
	s, err := newSpace(ctx, &arena, m, n, xs, group)
	if err != nil {
		return err
	}
	s.takeMean(target)
	par.Expect(ctx, s.sweepTasks()-s.blocks()+len(xs)) // those of align, and to store
	if err := s.align(ctx, s.nets); err != nil {
		return err
	}
	return s.workers.For(ctx, len(xs), func(w *spaceWorker, i int) error {
		s.storeAligned(dst.Slice(i*m, (i+1)*m, 0, n).(*mat.Dense), w, i)
		return nil
	})
}

// startNetwork draws one of the widest networks.
func startNetwork(xs []*mat.Dense, seed uint64) int {
	var widest []int
	width := 0
	for i, x := range xs {
		_, n := x.Dims()
		if n > width {
			width, widest = n, nil
		}
		if n == width {
			widest = append(widest, i) // heap: one a network
		}
	}
	return widest[rand.New(rand.NewPCG(seed, 0)).IntN(len(widest))]
}
