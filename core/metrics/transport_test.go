package metrics

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

// TestTransportsOfAllMassAgree compares what is sent at once with what is sent along
// one path after the other, in both orientations.
func TestTransportsOfAllMassAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for range 100 {
		p, q := 1+rng.IntN(8), 1+rng.IntN(8)
		cost := mat.NewDense(p, q, nil)
		for i := range p {
			for j := range q {
				cost.Set(i, j, rng.NormFloat64())
			}
		}
		opts := Transport{Supply: float64(q), Room: float64(p), Mass: float64(p * q)}
		flow, stepped := mat.NewDense(q, p, nil), mat.NewDense(q, p, nil)
		steps := mat.NewDense(p*q, 4, nil)
		if _, err := opts.Minimize(context.Background(), flow, nil, cost); err != nil {
			t.Fatal(err)
		}
		n, err := opts.Minimize(context.Background(), stepped, steps, cost)
		if err != nil || n < max(p, q) {
			t.Fatalf("%d steps, error %v", n, err)
		}
		turned, back := mat.DenseCopyOf(cost.T()), mat.NewDense(p, q, nil)
		swapped := Transport{Supply: opts.Room, Room: opts.Supply, Mass: opts.Mass}
		if _, err := swapped.Minimize(context.Background(), back, nil, turned); err != nil {
			t.Fatal(err)
		}
		want := flowCost(flow, cost)
		for _, got := range []float64{flowCost(stepped, cost), flowCost(back, turned)} {
			if !scalar.EqualWithinAbs(got, want, 1e-10) {
				t.Errorf("%d x %d: cost %v, want %v", p, q, got, want)
			}
		}
	}
}

func flowCost(flow, cost *mat.Dense) float64 {
	var product mat.Dense
	product.Mul(cost, flow)
	return product.Trace()
}

func TestTransportsCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	cost, flow := mat.NewDense(3, 2, nil), mat.NewDense(2, 3, nil)
	for _, steps := range []*mat.Dense{nil, mat.NewDense(6, 4, nil)} {
		_, err := Transport{Supply: 2, Room: 3, Mass: 6}.Minimize(ctx, flow, steps, cost)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}

func TestTransportsNeedRoomForTheirPaths(t *testing.T) {
	cost := mat.NewDense(3, 3, []float64{0, 1, 2, 1, 0, 1, 2, 1, 0})
	all := Transport{Supply: 1, Room: 1, Mass: 3}
	for rows := 1; rows < 5; rows++ {
		flow, steps := mat.NewDense(3, 3, nil), mat.NewDense(rows, 4, nil)
		n, err := all.Minimize(context.Background(), flow, steps, cost)
		if few := rows < 3; errors.Is(err, core.ErrInvalid) != few || (n == 3) == few {
			t.Errorf("%d rows: %d paths, error %v", rows, n, err)
		}
	}
}
