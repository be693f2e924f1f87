package multiset

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
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
// of the aligned networks: generalised Procrustes analysis (Gower &
// Dijksterhuis, Procrustes Problems, 2004, chapter 9). Unless Streaming, sweeps over
// rotations are extrapolated (see descent), and none increases the objective under its
// alignments.
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
	s, err := newSpace(ctx, &arena, mean, xs, opts.Group)
	if err != nil {
		return FrechetResult{}, err
	}
	if opts.Group == optimize.Orthogonal && !opts.Streaming {
		s.descent = newDescent(&arena, len(s.mean))
		if err := arena.Err(); err != nil {
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
	k := float64(len(s.nets))
	for result.Change > opts.Tol && result.Iterations < opts.MaxIter {
		keep := 0.0
		if opts.Streaming {
			seen := float64(result.Iterations)*k + 1
			keep = seen / (seen + k)
		}
		if err := s.align(ctx); err != nil {
			return result, err
		}
		if err := s.average(ctx, keep, (1-keep)/k); err != nil {
			return result, err
		}
		change := floats.Distance(s.mean, s.next, 2) / math.Sqrt(float64(s.rows*s.width)) / unit
		result.Iterations++
		if s.descent == nil {
			result.Change = change
			s.mean, s.next = s.next, s.mean
		} else if s.descent.follow(s.mean, s.next) {
			result.Change = change
		}
	}
	if s.descent != nil {
		s.mean = s.descent.best
	}
	return result, nil
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
	s, err := newSpace(ctx, &arena, target, xs, group)
	if err != nil {
		return err
	}
	par.Expect(ctx, s.sweepTasks()-s.blocks()+len(xs)) // those of align, and to store
	if err := s.align(ctx); err != nil {
		return err
	}
	m, n := target.Dims()
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
