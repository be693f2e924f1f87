package rsa

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// row returns the neighbors of n points in a row.
func row(n int) Lists {
	l := Lists{Start: []int64{0}}
	for p := range n {
		for _, q := range []int{p - 1, p + 1} {
			if q >= 0 && q < n {
				l.Features = append(l.Features, int64(q))
			}
		}
		l.Start = append(l.Start, int64(len(l.Features)))
	}
	return l
}

// signs returns weights of all sign flips of n subjects.
func signs(n int) *mat.Dense {
	w := mat.NewDense(1<<n, n, nil)
	for k := range 1 << n {
		for i := range n {
			w.Set(k, i, float64(1-2*(k>>i&1))/math.Sqrt(float64(n)))
		}
	}
	return w
}

// extent returns how many points in a row are at least h, up to each side of p.
func extent(t []float64, p int, h float64) int {
	low, high := p, p
	for low > 0 && t[low-1] >= h {
		low--
	}
	for high < len(t)-1 && t[high+1] >= h {
		high++
	}
	return high - low + 1
}

// integral is the enhanced value of a point, by intervals between values of t.
func integral(t []float64, p int) float64 {
	heights := []float64{0}
	for _, h := range t {
		if h > 0 && h <= t[p] {
			heights = append(heights, h)
		}
	}
	slices.Sort(heights)
	sum := 0.0
	for k := 1; k < len(heights); k++ {
		low, high := heights[k-1], heights[k]
		sum += math.Sqrt(float64(extent(t, p, high))) * (math.Pow(high, 3) - math.Pow(low, 3)) / 3
	}
	return sum
}

func TestMapDraws(t *testing.T) {
	const subjects, points = 5, 23
	rng := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(subjects, points, nil)
	for i := range subjects {
		for p := range points {
			x.Set(i, p, rng.NormFloat64()+0.5)
		}
	}
	weights := signs(subjects)
	draws, _ := weights.Dims()
	maps, enhanced := mat.NewDense(draws, points, nil), mat.NewDense(draws, points, nil)
	largest := make([]float64, draws)
	test := MapTest{Neighbors: row(points), DF: subjects - 1, Extremity: Enhanced,
		Alternative: Greater, Extent: 0.5, Height: 2}
	if err := MapDraws(context.Background(), largest, maps, enhanced, x, weights, test); err != nil {
		t.Fatal(err)
	}
	for k := range draws {
		want := 0.0
		for p := range points {
			var mean, ss float64
			for i := range subjects {
				mean += math.Copysign(1, weights.At(k, i)) * x.At(i, p) / subjects
			}
			for i := range subjects {
				d := math.Copysign(1, weights.At(k, i))*x.At(i, p) - mean
				ss += d * d
			}
			close(t, maps.At(k, p), mean/math.Sqrt(ss/(subjects-1)/subjects))
			v := integral(maps.RawRowView(k), p)
			close(t, enhanced.At(k, p), v)
			want = max(want, v)
		}
		close(t, largest[k], want)
	}
	test.Extremity, test.Alternative = Points, Less
	if err := MapDraws(context.Background(), largest, nil, nil, x, weights, test); err != nil {
		t.Fatal(err)
	}
	for k := range draws {
		close(t, largest[k], -slices.Min(maps.RawRowView(k)))
	}
	test.Extremity, test.Alternative, test.Threshold = Masses, TwoSided, 0.8
	if err := MapDraws(context.Background(), largest, nil, nil, x, weights, test); err != nil {
		t.Fatal(err)
	}
	for k := range draws {
		want, sum, sign := 0.0, 0.0, 0.0
		for _, v := range maps.RawRowView(k) {
			if math.Abs(v) <= 0.8 || math.Copysign(1, v) != sign {
				sum = 0
			}
			if sign = math.Copysign(1, v); math.Abs(v) > 0.8 {
				sum += math.Abs(v)
			}
			want = max(want, sum)
		}
		close(t, largest[k], want)
	}
}

// Welch's t by the variances of two groups, as a normal deviate.
func TestMapDrawsOfWelch(t *testing.T) {
	const one, two, points = 2, 4, 3
	x := mat.NewDense(one+two, points, []float64{
		3, 1, 0, 5, 1, 0, -1, -2, 0, 0, 1, 0, -4, 0.5, 0, -3, -1.5, 0})
	weights := mat.NewDense(2, one+two, nil)
	members := [2][one]int{{0, 1}, {3, 5}}
	for k, group := range members {
		for _, i := range group {
			weights.Set(k, i, math.Sqrt(1.0/one+1.0/two))
		}
	}
	maps, largest := mat.NewDense(2, points, nil), make([]float64, 2)
	test := MapTest{Neighbors: row(points), DF: one + two - 2, First: one, Extremity: Points}
	if err := MapDraws(context.Background(), largest, maps, nil, x, weights, test); err != nil {
		t.Fatal(err)
	}
	for k, group := range members {
		for p := range points {
			var first, second []float64
			for i := range one + two {
				if slices.Contains(group[:], i) {
					first = append(first, x.At(i, p))
				} else {
					second = append(second, x.At(i, p))
				}
			}
			m1, v1 := stat.MeanVariance(first, nil)
			m2, v2 := stat.MeanVariance(second, nil)
			v1, v2 = v1/one, v2/two
			want := 0.0
			if v1+v2 > 0 {
				f := (v1 + v2) * (v1 + v2) / (v1*v1/(one-1) + v2*v2/(two-1))
				d := (m1 - m2) / math.Sqrt(v1+v2)
				want = math.Copysign((8*f+1)/(8*f+3)*math.Sqrt(f*math.Log(1+d*d/f)), d)
			}
			close(t, maps.At(k, p), want)
		}
	}
}

func close(t *testing.T, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-10*max(1, math.Abs(want)) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A point without neighbors, silent points, and one draw.
func TestMapDrawsOfLittle(t *testing.T) {
	x := mat.NewDense(2, 3, []float64{1, 0, 2, 3, 0, 2.5})
	w := mat.NewDense(1, 2, []float64{math.Sqrt(0.5), math.Sqrt(0.5)})
	maps, largest := mat.NewDense(1, 3, nil), make([]float64, 1)
	test := MapTest{Neighbors: Lists{Start: []int64{0, 0, 0, 0}}, DF: 1, Extremity: Enhanced}
	test.Extent, test.Height = 3, 1
	if err := MapDraws(context.Background(), largest, maps, nil, x, w, test); err != nil {
		t.Fatal(err)
	}
	for p, want := range []float64{2, 0, 9} {
		close(t, maps.At(0, p), want)
	}
	close(t, largest[0], 81.0/2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := MapDraws(ctx, largest, nil, nil, x, w, test); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v after the context was canceled", err)
	}
}
