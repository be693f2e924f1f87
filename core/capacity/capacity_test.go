package capacity

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

func gaussian(rng *rand.Rand, m, n int) *mat.Dense {
	x := mat.NewDense(m, n, nil)
	for i := range x.RawMatrix().Data {
		x.RawMatrix().Data[i] = rng.NormFloat64()
	}
	return x
}

// A segment of half length R at distance 1 has 1/capacity = 1/2 + (2/pi) atan R.
func TestSegments(t *testing.T) {
	for _, r := range []float64{0.1, 1, 3} {
		x := mat.NewDense(2, 3, []float64{1, r, 0, 1, -r, 0})
		want := 0.5 + 2/math.Pi*math.Atan(r)
		for _, estimator := range []Estimator{Count, Norm} {
			f := MeanField{Kappas: []float64{0}, Draws: 40000, Antithetic: true, Estimator: estimator, Seed: 1}
			dst := mat.NewDense(1, Quantities, nil)
			if err := f.Measure(context.Background(), dst, nil, []*mat.Dense{x}, make([]float64, 3), nil, nil); err != nil {
				t.Fatal(err)
			}
			row := dst.RawRowView(0)
			if gap := math.Abs(row[InverseCapacity] - want); gap > 3*row[InverseCapacity+1]+1e-12 {
				t.Errorf("R=%g, estimator %d: 1/capacity %g, want %g", r, estimator, row[InverseCapacity], want)
			}
			if math.Abs(row[DimensionCos]-1) > 1e-9 {
				t.Errorf("R=%g: dimension %g", r, row[DimensionCos])
			}
		}
	}
}

// Directions are taken out of centers and deviations alike.
func TestDirections(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := gaussian(rng, 6, 8)
	direction := mat.NewDense(1, 8, []float64{0, 0, 1, 0, 0, 0, 0, 0})
	without := mat.DenseCopyOf(x)
	for i := range 6 {
		without.Set(i, 2, 0)
	}
	f := MeanField{Kappas: []float64{0, 1}, Draws: 50, Seed: 3}
	got, want := mat.NewDense(2, Quantities, nil), mat.NewDense(2, Quantities, nil)
	origin := make([]float64, 8)
	if err := f.Measure(context.Background(), got, nil, []*mat.Dense{x}, origin, direction, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Measure(context.Background(), want, nil, []*mat.Dense{without}, origin, nil, nil); err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(got, want, 1e-10) {
		t.Errorf("got %v, want %v", mat.Formatted(got), mat.Formatted(want))
	}
}

func TestCenterAtOrigin(t *testing.T) {
	x := mat.NewDense(2, 1, []float64{1, -1})
	f := MeanField{Kappas: []float64{0}, Draws: 2}
	if f.Measure(context.Background(), mat.NewDense(1, Quantities, nil), nil, []*mat.Dense{x}, []float64{0}, nil, nil) == nil {
		t.Error("a center at the origin was accepted")
	}
}

// The hyperplane of largest margin between two points is half way between them.
func TestSeparate(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{0, 1, 4, 1})
	found := Separation{W: make([]float64, 2), Weights: make([]float64, 2)}
	err := Separate(context.Background(), &found, x, []float64{-1, 1}, true)
	if err != nil || !found.Separable || math.Abs(found.Margin-2) > 1e-12 || !floats.EqualApprox(found.W, []float64{0.5, 0}, 1e-12) || math.Abs(found.Bias+1) > 1e-12 {
		t.Errorf("%+v, %v", found, err)
	}
	err = Separate(context.Background(), &found, x, []float64{-1, 1}, false)
	if err != nil || !found.Separable || math.Abs(floats.Dot(found.W, []float64{0, 1})+1) > 1e-12 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestRemoveCorrelations(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	centers := gaussian(rng, 20, 400)
	shared := gaussian(rng, 1, 400)
	for i := range 20 {
		floats.AddScaled(centers.RawRowView(i), 4*rng.NormFloat64(), shared.RawRowView(0))
	}
	mean := make([]float64, 400)
	for i := range 20 {
		floats.AddScaled(mean, 1.0/20, centers.RawRowView(i))
	}
	for i := range 20 {
		floats.Sub(centers.RawRowView(i), mean)
	}
	var gram mat.Dense
	gram.Mul(centers, centers.T())
	weights := mat.NewDense(20, 6, nil)
	dst := Removals{Weights: weights, Means: mat.NewDense(7, MeansOfPairs, nil),
		Norms: mat.NewDense(7, 20, nil), Stability: make([]float64, 7)}
	opts := RemovalOptions{Most: 6, Repeats: 3, MaxIter: 1000, Tol: 1e-6}
	found, err := RemoveCorrelations(context.Background(), dst, &gram, opts)
	if err != nil || found.K != 1 || !found.Converged {
		t.Fatalf("%+v, %v", found, err)
	}
	var direction mat.VecDense
	direction.MulVec(centers.T(), weights.ColView(0))
	if math.Abs(direction.Norm(2)-1) > 1e-8 {
		t.Errorf("length of the direction: %g", direction.Norm(2))
	}
	if overlap := math.Abs(mat.Dot(&direction, shared.RowView(0))) / floats.Norm(shared.RawRowView(0), 2); overlap < 0.95 {
		t.Errorf("overlap %g", overlap)
	}
}
