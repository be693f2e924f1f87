package multiset

import (
	"context"
	"iter"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/floats"

	"netrep_go/core/internal/cmem"
	"netrep_go/core/internal/par"
	"netrep_go/core/linalg"
)

// turns is what rotated networks need to be aligned block after block, each network to
// the sum of the others: block coordinate descent. In the first sweeps that comes as far
// as three times as many alignments to a mean, for each network is part of that, which
// holds the network where it is. Later it slows down.
type turns struct {
	change  [][]float64 // of the alignments of a block
	without float64     // the part of itself that is taken off the sum for a network
	gain    float64     // by the last sweep, of |mean|^2
	slow    bool        // whether the last sweep gained little less than the one before
}

// A block has this part of the networks, but two at least, so that they are aligned in
// parallel, and no more than keep memory small.
const (
	blockShare   = 0.25
	largestBlock = 32
)

// Of themselves, networks leave a little in the sum: without, what no other network tells
// would be turned at will. Among many, more than all is taken off, which saves a sweep in
// four, until the mean shrinks by that.
const (
	almostAll    = 0.99
	moreThanAll  = 1.2
	manyNetworks = 10
)

// slowTurns is the gain of a sweep, in units of that of the last one, from which on
// sweeps are left to the descent.
const slowTurns = 0.5

// newTurns returns room in the arena for sweeps over the networks of the space, of which
// no more than most take turns. The caller checks arena.Err.
func (s *space) newTurns(arena *cmem.Arena, most int) *turns {
	for _, net := range s.nets {
		net.own = arena.Float64s(net.rank * net.rank)
	}
	t := &turns{change: make([][]float64, blockSize(most))} // heap: a few
	for i := range t.change {
		t.change[i] = arena.Float64s(s.rank * s.rank)
	}
	return t
}

// blockSize returns how many of k networks take their turn together. Two that are all
// would only swap places.
func blockSize(k int) int {
	if k < 3 {
		return 1
	}
	return min(max(2, int(blockShare*float64(k))), largestBlock)
}

// prepareTurns computes what networks add to their own products.
func (s *space) prepareTurns(ctx context.Context) error {
	par.Expect(ctx, len(s.nets))
	return s.workers.For(ctx, len(s.nets), func(_ *spaceWorker, i int) error {
		net := s.nets[i]
		linalg.Gram(net.own, net.data, net.stride, s.rows, net.rank)
		return nil
	})
}

// gather is the first sweep: it aligns fresh networks, block after block, to the sum of
// those that are aligned already, of the mean if there are none, and of those before them,
// and makes the mean the average of all. It leaves in next the mean before, if there were none.
func (s *space) gather(ctx context.Context, aligned, fresh []*network) error {
	clear(s.next)
	if len(aligned) > 0 {
		clear(s.mean)
		if err := s.add(ctx, aligned); err != nil {
			return err
		}
	}
	for first, last := range s.eachBlock(len(fresh)) {
		block := fresh[first:last]
		if err := s.align(ctx, block); err != nil {
			return err
		}
		if err := s.add(ctx, block); err != nil {
			return err
		}
	}
	for j, sum := range s.next {
		s.mean[j], s.next[j] = sum/s.count(), s.mean[j]-sum
	}
	s.turns.gain, s.turns.slow, s.turns.without = math.Inf(1), false, almostAll
	if len(s.nets) >= manyNetworks {
		s.turns.without = moreThanAll
	}
	return nil
}

// add adds networks to the sum in next and to the mean.
func (s *space) add(ctx context.Context, nets []*network) error {
	return s.workers.For(ctx, s.blocks(), func(_ *spaceWorker, b int) error {
		first, last := s.block(b)
		mean, sum := s.mean[first*s.rank:last*s.rank], s.next[first*s.rank:last*s.rank]
		floats.Sub(mean, sum)
		for _, net := range nets {
			s.addAligned(sum, net, first, last, 1)
		}
		floats.Add(mean, sum)
		return nil
	})
}

// takeTurns is a sweep over networks whose average is the mean, which it keeps so. It
// leaves the mean before it in next.
func (s *space) takeTurns(ctx context.Context) error {
	copy(s.next, s.mean)
	before := floats.Dot(s.mean, s.mean)
	for first, last := range s.eachBlock(len(s.nets)) {
		if err := s.turn(ctx, s.nets[first:last]); err != nil {
			return err
		}
	}
	gain := floats.Dot(s.mean, s.mean) - before
	s.turns.slow = gain >= slowTurns*s.turns.gain
	s.turns.gain = gain
	return nil
}

// eachBlock yields where the blocks of k networks begin and end.
func (s *space) eachBlock(k int) iter.Seq2[int, int] {
	size := blockSize(len(s.nets))
	return func(yield func(first, last int) bool) {
		for first := 0; first < k; first += size {
			if !yield(first, min(first+size, k)) {
				return
			}
		}
	}
}

// turn aligns the networks of a block to the sum of the others. What comes of several at a
// time, or of more than the others, may be smaller; then they are aligned to the mean
// instead, which never is.
func (s *space) turn(ctx context.Context, block []*network) error {
	before := floats.Dot(s.mean, s.mean)
	if err := s.alignBlock(ctx, block, s.turns.without); err != nil {
		return err
	}
	if floats.Dot(s.mean, s.mean) >= (1-rounding)*before {
		return nil
	}
	s.turns.without = almostAll
	for i, net := range block {
		floats.Sub(net.q, s.turns.change[i][:len(net.q)])
	}
	if err := s.addChanges(ctx, block, -1); err != nil {
		return err
	}
	return s.alignBlock(ctx, block, 0)
}

// alignBlock aligns the networks of a block to the mean without the given part of each,
// and updates the mean.
func (s *space) alignBlock(ctx context.Context, block []*network, without float64) error {
	err := s.workers.For(ctx, len(block), func(w *spaceWorker, i int) error {
		net := block[i]
		cross, change := s.product(w, net), s.turns.change[i][:len(net.q)]
		linalg.Gemm(blas.NoTrans, blas.NoTrans, s.rank, net.rank, net.rank, -without/s.count(),
			net.q, net.rank, net.own, net.rank, 1, cross, net.rank)
		copy(change, net.q)
		err := s.rotate(w, net, cross)
		floats.SubTo(change, net.q, change)
		return err
	})
	if err != nil {
		return err
	}
	return s.addChanges(ctx, block, 1)
}

// addChanges adds what a block has changed by, times a sign, to the mean.
func (s *space) addChanges(ctx context.Context, block []*network, sign float64) error {
	return s.workers.For(ctx, s.blocks(), func(_ *spaceWorker, b int) error {
		first, last := s.block(b)
		out := s.mean[first*s.rank : last*s.rank]
		for i, net := range block {
			s.addProduct(out, net, s.turns.change[i], first, last, sign/s.count())
		}
		return nil
	})
}

// moved returns the root mean square difference of the mean and of next.
func (s *space) moved() float64 {
	return floats.Distance(s.mean, s.next, 2) / math.Sqrt(float64(s.rows*s.width))
}

func (s *space) count() float64 { return float64(len(s.nets)) }
