package rsa

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

// recording returns responses of 24 observations, of 6 conditions in 4 folds, and their
// design.
func recording(sensors, samples int) (Recording, Design) {
	rng := rand.New(rand.NewPCG(5, 6))
	x := Recording{Rows: 24, Sensors: sensors, Samples: samples,
		Data: make([]float64, 24*sensors*samples)}
	for k := range x.Data {
		x.Data[k] = 3 + rng.NormFloat64()
	}
	d := Design{Conditions: 6, Folds: 4}
	for o := range int64(24) {
		d.Condition, d.Fold = append(d.Condition, o%6), append(d.Fold, o/6)
	}
	return x, d
}

func windowRDMs(
	t *testing.T, x Recording, at Windows, count int, m Measure, design Design, noise *Noise,
) *mat.Dense {
	t.Helper()
	dst := mat.NewDense(count, Pairs(design.Conditions), nil)
	err := WindowRDMs(
		context.Background(), dst, nil, x, at, Dissimilarity{Measure: m}, design, noise)
	if err != nil {
		t.Fatal(err)
	}
	return dst
}

// However windows lie and tasks are cut, an RDM is that of the samples in its window.
func TestWindowsAreRDMsOneByOne(t *testing.T) {
	x, design := recording(3, 29)
	for _, at := range []Windows{{0, 1, 1}, {2, 1, 3}, {1, 4, 1}, {0, 5, 7}, {3, 2, 11}, {0, 29, 1}} {
		count := (x.Samples-at.First-at.Width)/at.Step + 1
		for _, m := range []Measure{Correlation, Crossnobis} {
			found := windowRDMs(t, x, at, count, m, design, nil)
			for k := range count {
				cut := mat.NewDense(24, at.Width*3, nil)
				for o := range 24 {
					for s := range 3 {
						for w := range at.Width {
							sample := at.First + k*at.Step + w
							cut.Set(o, s*at.Width+w, x.Data[(o*3+s)*x.Samples+sample])
						}
					}
				}
				want := mat.NewDense(1, 15, nil)
				err := RDMs(context.Background(), want, []*mat.Dense{cut},
					Dissimilarity{Measure: m}, []Design{design})
				if err != nil {
					t.Fatal(err)
				}
				for j, v := range found.RawRowView(k) {
					if math.Abs(v-want.At(0, j)) > 1e-12 {
						t.Fatalf("%v of %+v: entry %d of window %d is %v, want %v",
							m, at, j, k, v, want.At(0, j))
					}
				}
			}
		}
	}
}

// The noise of a window of all samples is that of all samples, and given noise is a noise
// like any other.
func TestNoiseOfOneWindowIsPooled(t *testing.T) {
	x, design := recording(5, 13)
	for kind := range Shrinkages() {
		noise := Noise{Group: design.Condition, Groups: 6, Freedom: 18 * 13,
			Shrinkage: Shrinkage(kind)}
		own := windowRDMs(t, x, Windows{0, 13, 1}, 1, Crossnobis, design, &noise)
		covariance := mat.NewDense(5, 5, nil)
		intensity, err := PooledCovariance(context.Background(), covariance, x, 0, 13, noise)
		if err != nil {
			t.Fatal(err)
		}
		if !(intensity >= 0 && intensity <= 1) {
			t.Errorf("the intensity is %v", intensity)
		}
		given := windowRDMs(
			t, x, Windows{0, 13, 1}, 1, Crossnobis, design, &Noise{Covariance: covariance})
		if !slices.EqualFunc(own.RawRowView(0), given.RawRowView(0),
			func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("%s: got %v and %v", Shrinkages()[kind], own, given)
		}
	}
}

// The sums of a pooled covariance are cut in parts that do not depend on workers.
func TestPooledCovarianceDoesNotDependOnWorkers(t *testing.T) {
	x, design := recording(4, 300)
	noise := Noise{Group: design.Condition, Groups: 6, Freedom: 18 * 290, Shrinkage: ShrinkDiagonal}
	run := func(workers int64) *mat.Dense {
		dst := mat.NewDense(4, 4, nil)
		ctx := core.NewJob(&[core.ControlWords]int64{3: workers})
		if _, err := PooledCovariance(ctx, dst, x, 7, 297, noise); err != nil {
			t.Fatal(err)
		}
		return dst
	}
	if one, four := run(1), run(4); !mat.Equal(one, four) {
		t.Errorf("got %v and %v", one, four)
	}
}

// Samples are gathered one by one or some at a time, wherever they begin.
func TestGather(t *testing.T) {
	x, _ := recording(3, 37)
	for from := range 37 {
		for to := from; to <= 37; to++ {
			n := to - from
			dst := make([]float64, 24*n*3)
			x.gather(dst, from, to)
			for k, v := range dst {
				o, sample, sensor := k/(n*3), k/3%n, k%3
				if want := x.Data[(o*3+sensor)*37+from+sample]; v != want {
					t.Fatalf("samples %d to %d: number %d is %v, want %v", from, to, k, v, want)
				}
			}
		}
	}
}

// Whatever is not finite is found where responses are whitened, also late.
func TestWhitenedResponsesMustBeFinite(t *testing.T) {
	const missing = "responses that are NaN cannot be whitened by noise"
	identity := mat.NewDense(3, 3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1})
	for _, m := range []Measure{Euclidean, Crossnobis, Centroids} {
		for _, v := range []float64{math.NaN(), math.Inf(1), 1e200} {
			for o := range 24 {
				x, design := recording(3, 9)
				x.Data[(o*3+1)*9+5] = v
				want := "data set 2: " + missing
				if v == 1e200 {
					want = "data set 2: " + errRange.Error()
				}
				for _, noise := range []*Noise{
					{Covariance: identity},
					{Group: design.Condition, Groups: 6, Freedom: 18 * 2, Shrinkage: Diagonal},
				} {
					if v == 1e200 && (m == Centroids || noise.Covariance == nil) {
						continue // squares are not taken, or noise is as large
					}
					dst := mat.NewDense(4, 15, nil)
					err := WindowRDMs(context.Background(), dst, nil, x, Windows{0, 2, 2},
						Dissimilarity{Measure: m}, design, noise)
					if err == nil || err.Error() != want {
						t.Fatalf("%v, %v in row %d: got %v", m, v, o, err)
					}
				}
			}
		}
	}
}
