package rsa

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/cmem"
)

// volume returns responses of n conditions to the voxels of a 4 x 3 x 5 grid, and
// balls of the six nearest voxels around all of them.
func volume(n int) (*Responses, Balls) {
	rng := rand.New(rand.NewPCG(1, 2))
	balls := Balls{
		Shape: [3]int{4, 3, 5},
		Steps: []int64{0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1},
	}
	for v := range int64(60) {
		balls.Centers = append(balls.Centers, v)
		balls.Column = append(balls.Column, v)
	}
	x := &Responses{Rows: n, Features: 60, Row: 60, Column: 1, Doubles: make([]float64, n*60)}
	for k := range x.Doubles {
		x.Doubles[k] = float64(float32(rng.NormFloat64()))
	}
	return x, balls
}

func randomModels(count, n int) *mat.Dense {
	rng := rand.New(rand.NewPCG(3, 4))
	models := mat.NewDense(count, Pairs(n), nil)
	for k := range models.RawMatrix().Data {
		models.RawMatrix().Data[k] = rng.Float64()
	}
	return models
}

func runSearchlights(
	t *testing.T, x *Responses, around Neighborhoods, models *mat.Dense,
) (scores []float64, used []int64) {
	t.Helper()
	count, _ := models.Dims()
	dst := mat.NewDense(around.Len(), count, nil)
	used = make([]int64, around.Len())
	measured := Measured{Responses: x, Design: Design{Conditions: x.Rows}}
	err := Searchlights(context.Background(), dst, used, measured, around, Comparison{}, models)
	if err != nil {
		t.Fatal(err)
	}
	return dst.RawMatrix().Data, used
}

func TestSearchlightsAreRDMsComparedOneByOne(t *testing.T) {
	x, balls := volume(7)
	models := randomModels(40, 7) // more than a tile
	got, used := runSearchlights(t, x, balls, models)
	var arena cmem.Arena
	defer arena.Free()
	builder := newBuilder(&arena, Dissimilarity{}, 7, 0, 7)
	for k := range balls.Len() {
		features := balls.Append(nil, k)
		if used[k] != int64(len(features)) {
			t.Errorf("searchlight %d used %d features, want %d", k, used[k], len(features))
		}
		patterns, rdm := mat.NewDense(7, len(features), nil), mat.NewDense(1, Pairs(7), nil)
		for c := range 7 {
			for j, f := range features {
				patterns.Set(c, j, x.Doubles[c*60+int(f)])
			}
		}
		err := builder.condensed(context.Background(), rdm.RawRowView(0), patterns, Design{Conditions: 7})
		if err != nil {
			t.Fatal(err)
		}
		want := mat.NewDense(1, 40, nil)
		if err := Compare(context.Background(), want, rdm, models, Comparison{}); err != nil {
			t.Fatal(err)
		}
		for j, v := range want.RawRowView(0) {
			if math.Abs(got[k*40+j]-v) > 1e-12 {
				t.Errorf("searchlight %d, model %d: %v, want %v", k, j, got[k*40+j], v)
			}
		}
	}
}

func TestBallsAreCutAtTheEdges(t *testing.T) {
	_, balls := volume(3)
	for k, want := range map[int][]int64{
		0: {0, 1, 5, 15}, 22: {7, 17, 21, 22, 23, 27, 37}, 59: {44, 54, 58, 59},
	} {
		got := balls.Append(nil, k)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("around %d: %v, want %v", k, got, want)
		}
	}
	balls.Column[1] = -1
	balls.Column[5] = 30
	if got := balls.Append(nil, 0); !slices.Equal(got, []int64{0, 15, 30}) {
		t.Errorf("got %v", got)
	}
}

func TestSearchlightsInAnyLayout(t *testing.T) {
	x, balls := volume(6)
	models := randomModels(3, 6)
	want, _ := runSearchlights(t, x, balls, models)
	lists := Lists{Start: []int64{0}}
	for k := range balls.Len() {
		lists.Features = balls.Append(lists.Features, k)
		lists.Start = append(lists.Start, int64(len(lists.Features)))
	}
	single := *x
	single.Doubles, single.Singles = nil, make([]float32, len(x.Doubles))
	turned := Responses{Rows: 6, Features: 60, Row: 1, Column: 6}
	turned.Doubles = make([]float64, len(x.Doubles))
	for k, v := range x.Doubles {
		single.Singles[k] = float32(v)
		turned.Doubles[k%60*6+k/60] = v
	}
	layouts := map[string]*Responses{"single": &single, "turned": &turned, "lists": x}
	for name, layout := range layouts {
		got, _ := runSearchlights(t, layout, lists, models)
		if !slices.Equal(got, want) {
			t.Errorf("%s: other scores", name)
		}
	}
}

func TestSearchlightsLeaveOutWhatIsNotFinite(t *testing.T) {
	x, balls := volume(6)
	models := randomModels(2, 6)
	x.Doubles[2*60+1] = math.NaN()
	x.Doubles[5*60+15] = math.Inf(1)
	got, used := runSearchlights(t, x, balls, models)
	balls.Column[1], balls.Column[15] = -1, -1
	want, fewer := runSearchlights(t, x, balls, models)
	if !slices.Equal(used, fewer) || used[0] != 2 {
		t.Errorf("used %v, want %v", used, fewer)
	}
	for k := range want {
		if got[k] != want[k] && !(math.IsNaN(got[k]) && math.IsNaN(want[k])) {
			t.Errorf("score %d is %v, want %v", k, got[k], want[k])
		}
	}
	for v := range 60 {
		x.Doubles[3*60+v] = 1 // a constant response
	}
	got, _ = runSearchlights(t, x, balls, models)
	for _, v := range got {
		if !math.IsNaN(v) {
			t.Fatalf("a constant response has the score %v", v)
		}
	}
}
