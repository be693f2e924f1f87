package optimize

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"netrep_go/core/internal/cmem"
)

func greatestDivisor(m, n int) int {
	for n > 0 {
		m, n = n, m%n
	}
	return m
}

// moved solves a problem to the end and returns its flow and the sums of what was sent.
func moved(cost []float64, m, n int, supply, room float64) (flow []float64, steps []Step) {
	flow = make([]float64, m*n)
	t := NewTransport(new(cmem.Arena), m, n)
	t.Start(flow, cost, supply, room)
	for {
		step := t.Send(math.Inf(1))
		if step.Sent == 0 {
			return flow, steps
		}
		steps = append(steps, step)
	}
}

func flowCost(flow, cost []float64, m, n int) (sum float64) {
	for i := range m {
		for j := range n {
			sum += flow[j*m+i] * cost[i*n+j]
		}
	}
	return sum
}

// checkSums checks that rows have sent all and columns have no room left.
func checkSums(t *testing.T, flow []float64, m, n int, supply, room float64) {
	t.Helper()
	rows := make([]float64, m)
	for j := range n {
		var sum float64
		for i := range m {
			sum += flow[j*m+i]
			rows[i] += flow[j*m+i]
		}
		if sum != room {
			t.Errorf("column %d gets %v of %v", j, sum, room)
		}
	}
	for i, sum := range rows {
		if sum != supply {
			t.Errorf("row %d sends %v of %v", i, sum, supply)
		}
	}
}

// TestTransportIsAnAssignmentOfCopies gives each unit of supply and of room a row and a
// column of its own.
func TestTransportIsAnAssignmentOfCopies(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	for trial := range 400 {
		m, n := 1+rng.IntN(9), 1+rng.IntN(9)
		cost := make([]float64, m*n)
		for k := range cost {
			cost[k] = rng.NormFloat64()
			if trial%2 == 0 { // ties
				cost[k] = float64(rng.IntN(3)) - 1
			}
		}
		g := greatestDivisor(m, n)
		supply, room := n/g, m/g
		size := m * supply
		copies := make([]float64, size*size)
		for k := range copies {
			copies[k] = cost[k/size/supply*n+k%size/room]
		}
		want := total(copies, size, NewAssignment(new(cmem.Arena), size).Minimize(copies, size, size))
		flow, steps := moved(cost, m, n, float64(supply), float64(room))
		if got := flowCost(flow, cost, m, n); math.Abs(got-want) > 1e-11*float64(size) {
			t.Fatalf("%d x %d: cost %v, want %v", m, n, got, want)
		}
		at := make([]float64, m*n)
		NewSimplex(new(cmem.Arena), m, n).Minimize(at, cost, float64(supply), float64(room), never)
		if got := flowCost(at, cost, m, n); math.Abs(got-want) > 1e-11*float64(size) {
			t.Fatalf("%d x %d: cost %v by the simplex method, want %v", m, n, got, want)
		}
		checkSums(t, at, m, n, float64(supply), float64(room))
		var sent, paid float64
		for k, step := range steps {
			sent += step.Sent
			paid += step.Sent * step.Cost
			if k > 0 && step.Cost < steps[k-1].Cost-1e-12 {
				t.Errorf("step %d costs %v a unit, the one before %v", k, step.Cost, steps[k-1].Cost)
			}
		}
		if sent != float64(size) || math.Abs(paid-want) > 1e-11*float64(size) {
			t.Errorf("%d x %d: sent %v of %d for %v, want %v", m, n, sent, size, paid, want)
		}
	}
}

// TestTransportOfLess compares the cost of sending a part with that of an assignment in
// which the rest goes to rows and columns that cost nothing.
func TestTransportOfLess(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	for range 200 {
		m, n := 1+rng.IntN(7), 1+rng.IntN(7)
		cost := make([]float64, m*n)
		for k := range cost {
			cost[k] = rng.NormFloat64()
		}
		part := 1 + rng.IntN(min(m, n))
		size := m + n - part
		padded := make([]float64, size*size)
		for k := range padded {
			switch i, j := k/size, k%size; {
			case i < m && j < n:
				padded[k] = cost[i*n+j]
			case i >= m && j >= n:
				padded[k] = 1e3
			}
		}
		want := total(padded, size, NewAssignment(new(cmem.Arena), size).Minimize(padded, size, size))
		work := NewTransport(new(cmem.Arena), m, n)
		flow := make([]float64, m*n)
		work.Start(flow, cost, 1, 1)
		for left := float64(part); left > 0; {
			left -= work.Send(left).Sent
		}
		if got := flowCost(flow, cost, m, n); math.Abs(got-want) > 1e-11 {
			t.Fatalf("%d of %d x %d: cost %v, want %v", part, m, n, got, want)
		}
	}
}

// TestTransportSendsFractions stops within a step.
func TestTransportSendsFractions(t *testing.T) {
	work := NewTransport(new(cmem.Arena), 1, 2)
	flow := make([]float64, 2)
	work.Start(flow, []float64{2, 1}, 2, 1)
	first, second := work.Send(0.25), work.Send(5)
	if first != (Step{0.25, 1, 0, 1}) || second != (Step{0.75, 1, 0, 1}) {
		t.Errorf("steps %v and %v", first, second)
	}
	if third, fourth := work.Send(9), work.Send(9); third != (Step{1, 2, 0, 0}) || fourth.Sent != 0 {
		t.Errorf("steps %v and %v", third, fourth)
	}
	if flow[0] != 1 || flow[1] != 1 {
		t.Errorf("flow %v", flow)
	}
}

func BenchmarkTransport(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 0))
	for _, n := range []int{200, 150, 151} {
		m := 200
		cost := negatedCrossProduct(rng, m, n, 1000)
		flow := make([]float64, m*n)
		work := NewTransport(new(cmem.Arena), m, n)
		g := greatestDivisor(m, n)
		b.Run(fmt.Sprintf("%dx%d", m, n), func(b *testing.B) {
			steps := 0
			for range b.N {
				work.Start(flow, cost, float64(n/g), float64(m/g))
				for work.Send(math.Inf(1)).Sent > 0 {
					steps++
				}
			}
			b.ReportMetric(float64(steps)/float64(b.N), "steps")
		})
		simplex := NewSimplex(new(cmem.Arena), m, n)
		b.Run(fmt.Sprintf("%dx%d by the simplex method", m, n), func(b *testing.B) {
			for range b.N {
				simplex.Minimize(flow, cost, float64(n/g), float64(m/g), never)
			}
		})
		if m == n {
			a := NewAssignment(new(cmem.Arena), n)
			b.Run("assignment", func(b *testing.B) {
				for range b.N {
					a.Minimize(cost, m, n)
				}
			})
		}
	}
}
