package rsa

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

func stack(rows [][]float64) *mat.Dense {
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		x.SetRow(i, row)
	}
	return x
}

// TestSamples compares evaluations of given samples with rsatoolbox's.
func TestSamples(t *testing.T) {
	data, err := os.ReadFile("../../tests/golden/rsatoolbox.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Bootstrap struct {
			Models, Subjects [][]float64
			Samples          []map[string][]float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	models, subjects := stack(golden.Bootstrap.Models), stack(golden.Bootstrap.Subjects)
	for similarity := Spearman; similarity <= WhitenedCosine; similarity++ {
		name := similarity.String()
		e := Evaluation{Comparison{Similarity: similarity}, models, subjects, true}
		var arena cmem.Arena
		defer arena.Free()
		r, err := e.resampling(&arena, true, true)
		if err != nil {
			t.Fatal(err)
		}
		w := e.newWorker(r)
		defer w.arena.Free()
		for k, want := range golden.Bootstrap.Samples {
			for c, v := range want["conditions"] {
				w.sample.conditions[c] = int32(v)
			}
			for s, v := range want["subjects"] {
				w.sample.subjects[s] = int32(v)
			}
			r.weigh(&w.sample)
			if err := w.evaluate(context.Background()); err != nil {
				t.Fatal(err)
			}
			got := make([]float64, len(want[name]))
			w.average(got[:w.models])
			w.bounds(got[w.models:])
			for i := range got {
				if !scalar.EqualWithinAbs(got[i], want[name][i], 1e-10) {
					t.Errorf("%s, sample %d, %d: got %v, want %v",
						name, k, i, got[i], want[name][i])
				}
			}
		}
	}
}

// TestWeighted compares what presorted entries and their weights give with RDMs in
// which conditions stand as often as they were drawn, with ties and missing entries.
func TestWeighted(t *testing.T) {
	const n, models, subjects = 20, 2, 4
	rng := rand.New(rand.NewPCG(1, 1))
	for _, levels := range []int{3, 9, 1 << 30} {
		x := mat.NewDense(models+subjects, Pairs(n), nil)
		for k := range x.RawMatrix().Data {
			x.RawMatrix().Data[k] = float64(rng.IntN(levels))
		}
		x.Set(1, 3, math.NaN())
		x.Set(4, 100, math.NaN())
		for _, s := range []Similarity{Spearman, TauA, TauB, RhoA} {
			e := Evaluation{Comparison{Similarity: s}, x.Slice(0, models, 0, Pairs(n)).(*mat.Dense),
				x.Slice(models, models+subjects, 0, Pairs(n)).(*mat.Dense), true}
			var arena cmem.Arena
			defer arena.Free()
			r, err := e.resampling(&arena, true, true)
			if err != nil {
				t.Fatal(err)
			}
			w := e.newWorker(r)
			defer w.arena.Free()
			for draw := range 4 {
				r.draw(&w.sample, rng)
				if draw == 0 { // weights of more than a word of bits
					clear(w.sample.conditions)
					copy(w.sample.conditions, []int32{9, 8, 1, 2})
					r.weigh(&w.sample)
				}
				var results [2][]float64
				for k, method := range []method{w.method, &copyMethod{}} {
					if err := method.evaluate(context.Background(), w); err != nil {
						t.Fatal(err)
					}
					results[k] = make([]float64, models+2)
					w.average(results[k][:models])
					w.bounds(results[k][models:])
				}
				if !floats.EqualApprox(results[0], results[1], 1e-13) {
					t.Errorf("%v, %d levels, draw %d: got %v, want %v",
						s, levels, draw, results[0], results[1])
				}
			}
		}
	}
}

func benchmarkBootstrap(b *testing.B, s Similarity) {
	const models, subjects, draws = 7, 12, 100
	rng := rand.New(rand.NewPCG(1, 2))
	fill := func(rows int) *mat.Dense {
		x := mat.NewDense(rows, Pairs(92), nil)
		for k := range x.RawMatrix().Data {
			x.RawMatrix().Data[k] = math.Abs(rng.NormFloat64())
		}
		return x
	}
	e := Evaluation{Comparison{Similarity: s}, fill(models), fill(subjects), true}
	evaluations, ceilings := mat.NewDense(draws, models, nil), mat.NewDense(draws, 2, nil)
	for b.Loop() {
		err := e.Bootstrap(context.Background(), evaluations, ceilings, true, false, 1)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBootstrapSpearman(b *testing.B) { benchmarkBootstrap(b, Spearman) }
func BenchmarkBootstrapCosine(b *testing.B)   { benchmarkBootstrap(b, CosineSimilarity) }
func BenchmarkBootstrapKendall(b *testing.B)  { benchmarkBootstrap(b, TauA) }

// TestWorkers resamples and permutes on one worker and on two.
func TestWorkers(t *testing.T) {
	const n, draws = 7, 12
	all := randomRDMs(t, 5, n)
	models := all.Slice(0, 2, 0, Pairs(n)).(*mat.Dense)
	subjects := all.Slice(2, 5, 0, Pairs(n)).(*mat.Dense)
	run := func(s Similarity) []*mat.Dense {
		e := Evaluation{Comparison{Similarity: s}, models, subjects, true}
		results := make([]*mat.Dense, 3)
		for k := range results {
			results[k] = mat.NewDense(draws, 2, nil)
		}
		conditions := s != Bures && s != NegativeRiemannian
		err := e.Bootstrap(context.Background(), results[0], results[1], conditions, true, 5)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Permute(context.Background(), results[2], 5); err != nil {
			t.Fatal(err)
		}
		return results
	}
	for s := Spearman; s <= NegativeRiemannian; s++ {
		previous := runtime.GOMAXPROCS(1)
		one := run(s)
		runtime.GOMAXPROCS(max(2, previous))
		two := run(s)
		runtime.GOMAXPROCS(previous)
		for k := range one {
			for i, v := range one[k].RawMatrix().Data {
				if w := two[k].RawMatrix().Data[i]; v != w && !(math.IsNaN(v) && math.IsNaN(w)) {
					t.Errorf("%v, result %d: %v on one worker, %v on two", s, k, v, w)
				}
			}
		}
	}
}
