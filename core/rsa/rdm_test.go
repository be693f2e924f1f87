package rsa

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/internal/cmem"
)

// byDefinition returns the dissimilarity of two patterns over the features that
// both have.
func byDefinition(m Measure, x, y []float64) float64 {
	var n, sx, sy float64
	for j := range x {
		if !math.IsNaN(x[j] + y[j]) {
			n, sx, sy = n+1, sx+x[j], sy+y[j]
		}
	}
	if m != Correlation {
		sx, sy = 0, 0
	}
	var xx, yy, xy, square, poisson float64
	for j := range x {
		if math.IsNaN(x[j] + y[j]) {
			continue
		}
		a, b := x[j]-sx/n, y[j]-sy/n
		xx, yy, xy = xx+a*a, yy+b*b, xy+a*b
		square += (a - b) * (a - b)
		r, s := (x[j]+0.1)/1.1, (y[j]+0.1)/1.1
		poisson += (r - s) * (math.Log(r) - math.Log(s))
	}
	switch m {
	case Correlation, Cosine:
		return 1 - xy/math.Sqrt(xx*yy)
	case Euclidean:
		return math.Sqrt(square * float64(len(x)) / n)
	case SquaredEuclidean:
		return square * float64(len(x)) / n
	case Poisson:
		return poisson / n
	}
	panic("no definition of " + m.String())
}

// randomResponses has a share of NaN.
func randomResponses(n, p int, lacking float64) *mat.Dense {
	rng := rand.New(rand.NewPCG(3, uint64(p)))
	x := mat.NewDense(n, p, nil)
	for k := range x.RawMatrix().Data {
		x.RawMatrix().Data[k] = 1 + rng.Float64()
		if rng.Float64() < lacking {
			x.RawMatrix().Data[k] = math.NaN()
		}
	}
	return x
}

// rdmOf returns the RDM of one matrix.
func rdmOf(t *testing.T, x *mat.Dense, d Dissimilarity, design Design) []float64 {
	t.Helper()
	rdm := mat.NewDense(1, Pairs(design.Conditions), nil)
	err := RDMs(context.Background(), rdm, []*mat.Dense{x}, d, []Design{design})
	if err != nil {
		t.Fatal(err)
	}
	return rdm.RawRowView(0)
}

// TestMeasures compares RDMs of one and of several blocks of features with their
// definition.
func TestMeasures(t *testing.T) {
	for k := range measures {
		measure := Measure(k)
		if measures[k].folds { // see TestCrossnobis
			continue
		}
		for _, lacking := range []float64{0, 0.1} {
			for _, size := range [][2]int{{3, 40}, {5, 30_000}, {6, 11_000}, {5, 1}, {5, 40}} {
				n, p := size[0], size[1]
				if p == 1 && (measure == Correlation || lacking > 0) {
					continue
				}
				x := randomResponses(n, p, lacking)
				got := rdmOf(t, x, Dissimilarity{measure, 1, 0.1}, Design{Conditions: n})
				for i, k := 0, 0; i < n; i++ {
					for j := i + 1; j < n; j, k = j+1, k+1 {
						want := byDefinition(measure, x.RawRowView(i), x.RawRowView(j))
						if !scalar.EqualWithinAbsOrRel(got[k], want, 1e-13, 1e-10) {
							t.Errorf("%v, %v lacking, %d x %d, pair %d: got %v, want %v",
								measure, lacking, n, p, k, got[k], want)
						}
					}
				}
			}
		}
	}
}

// TestCrossnobis compares with the sum over pairs of observations, in blocks.
func TestCrossnobis(t *testing.T) {
	const n, p, folds = 4, 9000, 3
	design := Design{Conditions: n, Folds: folds}
	for o := range 17 {
		design.Condition = append(design.Condition, int64(o%n))
		design.Fold = append(design.Fold, int64(o/n%folds))
	}
	x := randomResponses(17, p, 0)
	of := func(o, condition int) bool { return int(design.Condition[o]) == condition }
	mean := func(i, j int) float64 {
		var sum, number float64
		for a := range 17 {
			for b := range 17 {
				if of(a, i) && of(b, j) && design.Fold[a] != design.Fold[b] {
					sum += mat.Dot(x.RowView(a), x.RowView(b)) / p
					number++
				}
			}
		}
		return sum / number
	}
	for _, hole := range []bool{false, true} {
		if hole { // a feature that is lacking everywhere changes p alone
			wide := mat.NewDense(17, p+1, nil)
			wide.Augment(x, mat.NewDense(17, 1, nil))
			for o := range 17 {
				wide.Set(o, p, math.NaN())
			}
			x = wide
		}
		got := rdmOf(t, x, Dissimilarity{Measure: Crossnobis}, design)
		if hole {
			x = mat.DenseCopyOf(x.Slice(0, 17, 0, p))
		}
		for i, k := 0, 0; i < n; i++ {
			for j := i + 1; j < n; j, k = j+1, k+1 {
				want := mean(i, i) + mean(j, j) - 2*mean(i, j)
				if !scalar.EqualWithinAbs(got[k], want, 1e-12) {
					t.Errorf("hole %v, pair %d: got %v, want %v", hole, k, got[k], want)
				}
			}
		}
	}
}

func TestUndefinedDissimilarities(t *testing.T) {
	x := randomResponses(4, 20, 0)
	for j := range 20 {
		x.Set(2, j, 0.1)
	}
	dst := mat.NewDense(2, Pairs(4), nil)
	ok := randomResponses(4, 7, 0)
	designs := []Design{{Conditions: 4}, {Conditions: 4}}
	err := RDMs(context.Background(), dst, []*mat.Dense{ok, x}, Dissimilarity{}, designs)
	want := "data set 1: the responses to condition 2 are constant over features, so that their " +
		"correlation with others is undefined"
	if !errors.Is(err, core.ErrInvalid) || err.Error() != want {
		t.Errorf("got %v", err)
	}
	x.Set(2, 0, 1e200)
	for _, measure := range []Measure{Correlation, Cosine, SquaredEuclidean} {
		d := Dissimilarity{Measure: measure}
		err := RDMs(context.Background(), dst, []*mat.Dense{x}, d, designs)
		if !errors.Is(err, errRange) {
			t.Errorf("%v of numbers whose squares overflow: got %v", measure, err)
		}
	}
}

// randomRDMs returns RDMs of squared distances of patterns in general position.
func randomRDMs(t *testing.T, count, n int) *mat.Dense {
	t.Helper()
	rdms := mat.NewDense(count, Pairs(n), nil)
	xs, designs := make([]*mat.Dense, count), make([]Design, count)
	for k := range xs {
		xs[k], designs[k] = randomResponses(n, 30+k, 0), Design{Conditions: n}
	}
	d := Dissimilarity{Measure: SquaredEuclidean}
	if err := RDMs(context.Background(), rdms, xs, d, designs); err != nil {
		t.Fatal(err)
	}
	return rdms
}

// TestReferences compares RDMs one at a time with the comparison of all.
func TestReferences(t *testing.T) {
	const n, models = 8, 3
	all := randomRDMs(t, models+2, n)
	refs := all.Slice(0, models, 0, Pairs(n)).(*mat.Dense)
	for s := Spearman; s <= NegativeRiemannian; s++ {
		t.Run(s.String(), func(t *testing.T) {
			want, c := mat.NewDense(models+2, models+2, nil), Comparison{Similarity: s}
			if err := Compare(context.Background(), want, all, nil, c); err != nil {
				t.Fatal(err)
			}
			r, err := newReferences(refs, c)
			if err != nil {
				t.Fatal(err)
			}
			defer r.free()
			scratch, query := r.m.newScratch(&r.arena), r.m.newForms(&r.arena, 1)
			for k := range models + 2 {
				if err := r.m.prepare(&query[0], all.RawRowView(k), scratch); err != nil {
					t.Fatal(err)
				}
				if err := r.m.tile(scratch.tile[:], query, r.forms, scratch); err != nil {
					t.Fatal(err)
				}
				for m, v := range scratch.tile[:models] {
					if !scalar.EqualWithinAbs(v, want.At(k, m), 1e-9) {
						t.Errorf("RDM %d, reference %d: got %v, want %v", k, m, v, want.At(k, m))
					}
				}
			}
		})
	}
}

func BenchmarkRDM(b *testing.B) {
	x := randomResponses(92, 2000, 0)
	var arena cmem.Arena
	defer arena.Free()
	builder := newBuilder(&arena, Dissimilarity{}, 92, 0, 2000)
	dst := make([]float64, Pairs(92))
	for b.Loop() {
		if err := builder.condensed(context.Background(), dst, x, Design{Conditions: 92}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestParts compares RDMs of which workers share the products with those of a few of
// the conditions, and one worker with two.
func TestParts(t *testing.T) {
	const p = 300
	some := []int{0, 1, 175, 176, 255, 351, 352, 519} // parts have 176 conditions
	run := func(x *mat.Dense, d Dissimilarity, n, folds int) []float64 {
		design := Design{Conditions: n, Folds: folds}
		for o := 0; folds > 0 && o < n*folds; o++ {
			design.Condition = append(design.Condition, int64(o%n))
			design.Fold = append(design.Fold, int64(o/n))
		}
		dst := mat.NewDense(1, Pairs(n), nil)
		if err := RDMs(context.Background(), dst, []*mat.Dense{x}, d, []Design{design}); err != nil {
			t.Fatal(err)
		}
		return dst.RawRowView(0)
	}
	for _, measure := range []Measure{Correlation, Cosine, SquaredEuclidean, Poisson, Crossnobis} {
		for _, missing := range []float64{0, 0.01} {
			n, folds := 520, 0
			if measure == Crossnobis {
				folds = 2
			}
			d := Dissimilarity{Measure: measure, Prior: 1, Weight: 0.1}
			x := randomResponses(n*max(1, folds), p, missing)
			part := mat.NewDense(len(some)*max(1, folds), p, nil)
			for o := range part.RawMatrix().Rows {
				part.SetRow(o, x.RawRowView(o/len(some)*n+some[o%len(some)]))
			}
			previous := runtime.GOMAXPROCS(1)
			got := run(x, d, n, folds)
			runtime.GOMAXPROCS(max(2, previous))
			two := run(x, d, n, folds)
			runtime.GOMAXPROCS(previous)
			if !slices.Equal(got, two) {
				t.Errorf("%v: two workers differ from one", measure)
			}
			want, k := run(part, d, len(some), folds), 0
			for a, i := range some {
				for _, j := range some[a+1:] {
					v := got[position(n, int32(i), int32(j))]
					if !scalar.EqualWithinAbsOrRel(v, want[k], 1e-12, 1e-12) {
						t.Errorf("%v, %d and %d: got %v, want %v", measure, i, j, v, want[k])
					}
					k++
				}
			}
		}
	}
}
