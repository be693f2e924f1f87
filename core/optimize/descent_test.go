package optimize

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"netrep_go/core/internal/cmem"
)

// quadratic returns the negative gradient of sum_i c_i x_i^2 / 2 with c from 0.01 to 1, of
// which a step along it never overshoots.
func quadratic(r, x []float64) {
	for i, v := range x {
		r[i] = -v * math.Pow(0.01, float64(i)/float64(len(x)-1))
	}
}

// TestLBFGSFindsTheMinimum with and without a preconditioner, powers of ten.
func TestLBFGSFindsTheMinimum(t *testing.T) {
	for _, scale := range []float64{1e-150, 1, 1e150} {
		for _, preconditioned := range []bool{false, true} {
			var arena cmem.Arena
			l := NewLBFGS(&arena, 6, 6, preconditioned)
			x, g := []float64{1, -2, 3, 4, -5, 6}, make([]float64, 6)
			for i := range x {
				x[i] *= scale
			}
			residual := func() []float64 {
				r := slices.Clone(g)
				for i := range r {
					if preconditioned {
						r[i] *= math.Pow(10, float64(i)/5)
					}
				}
				return r
			}
			quadratic(g, x)
			for range 40 {
				old, r := slices.Clone(g), residual()
				move, pull := slices.Clone(r), slices.Clone(g)
				if !preconditioned {
					pull = move
				}
				l.Direction(move, pull)
				for i, v := range move {
					x[i] += v
				}
				quadratic(g, x)
				pair, next := l.Room(), residual()
				copy(pair.Step, move)
				for i := range next {
					pair.Residual[i] = r[i] - next[i]
					pair.Gradient[i] = old[i] - g[i]
				}
				l.Keep()
			}
			for _, v := range x {
				if !(math.Abs(v) < 1e-9*scale) {
					t.Errorf("scale %g, preconditioned %v: ends at %g", scale, preconditioned, x)
				}
			}
			arena.Free()
		}
	}
}

func TestLBFGSKeepsWhatIsConvexOnly(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	l := NewLBFGS(&arena, 2, 2, false)
	for _, pair := range [][2][2]float64{
		{{1, 0}, {-1, 0}}, // concave
		{{1, 0}, {0, 1}},  // no curvature
		{{1, 0}, {0, 0}},  // no change
		{{1, 0}, {10, 0}}, // more than alternation can overshoot
		{{math.NaN(), 0}, {1, 0}},
	} {
		room := l.Room()
		copy(room.Step, pair[0][:])
		copy(room.Gradient, pair[1][:])
		l.Keep()
		if r := []float64{3, 4}; l.Direction(r, r) || r[0] != 3 || r[1] != 4 {
			t.Errorf("%v was kept: %v", pair, r)
		}
	}
}

// rotations is an alternation on 2 x 2 matrices whose image is closer to the identity, by
// the factor rate in the angle, and whose loss is the square of the sine.
func rotations(rate float64, calls *int) Alternation {
	return func(image, cross, t []float64) (float64, error) {
		*calls++
		cross[0], cross[1], cross[2], cross[3] = 1, 0, 0, 1
		angle := rate * math.Atan2(t[1], t[0])
		image[0], image[1], image[2], image[3] = math.Cos(angle), math.Sin(angle), -math.Sin(angle), math.Cos(angle)
		return t[1] * t[1], nil
	}
}

func TestDescent(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	d := NewDescent(&arena, Orthogonal, 2)
	start := []float64{math.Cos(0.5), math.Sin(0.5), -math.Sin(0.5), math.Cos(0.5)}
	for _, rate := range []float64{0.01, 0.5, 0.9, 0.999} {
		calls := 0
		settings := DescentSettings{MaxIter: 100, Tol: 1e-12, Before: math.Inf(1)}
		losses, converged, err := d.Run(start, settings, rotations(rate, &calls))
		if err != nil || !converged || calls > 10 || len(losses) != calls || math.Abs(d.Best[1]) > 1e-5 {
			t.Errorf("rate %g: %v after %d, %v", rate, losses, calls, err)
		}
	}
}

// TestDescentTakesBack: a loss that rises at all that is not an alternation.
func TestDescentTakesBack(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	d := NewDescent(&arena, Orthogonal, 2)
	start := []float64{math.Cos(0.5), math.Sin(0.5), -math.Sin(0.5), math.Cos(0.5)}
	calls, next := 0, math.Sin(0.5)
	inner := rotations(0.9, &calls)
	strict := func(image, cross, t []float64) (float64, error) {
		loss, err := inner(image, cross, t)
		if math.Abs(t[1]-next) > 1e-12 {
			return 1, err
		}
		next = image[1]
		return loss, err
	}
	for _, most := range []int{1, 2, 5, 6, 7, 30} {
		next = math.Sin(0.5)
		losses, converged, err := d.Run(start, DescentSettings{MaxIter: most, Tol: -1, Before: math.Inf(1)}, strict)
		if err != nil || converged || len(losses) != most {
			t.Errorf("%d losses: %v, %v", most, losses, err)
		}
		for k := 1; k < most; k++ {
			if losses[k] > losses[k-1] {
				t.Errorf("losses %v rise", losses)
			}
		}
		if last := losses[most-1]; math.Abs(last-d.Best[1]*d.Best[1]) > 1e-15 {
			t.Errorf("the loss is %g at the end and not %g", d.Best[1]*d.Best[1], last)
		}
	}
}

func TestDescentErrors(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	fault := errors.New("fault")
	d := NewDescent(&arena, Permutation, 2)
	_, _, err := d.Run([]float64{1, 0, 0, 1}, DescentSettings{MaxIter: 3}, func(_, _, _ []float64) (float64, error) { return 0, fault })
	if !errors.Is(err, fault) {
		t.Errorf("got %v", err)
	}
}

// TestFollowStaysWhereNothingPulls: of the maxima for a C of low rank, the one near t.
func TestFollowStaysWhereNothingPulls(t *testing.T) {
	var arena cmem.Arena
	defer arena.Free()
	const n = 6
	rng := rand.New(rand.NewPCG(1, 2))
	d := NewDescent(&arena, Orthogonal, n)
	for _, scale := range []float64{1e-140, 1, 1e140} {
		last := make([]float64, n*n)
		SetIdentity(last, n)
		last[0], last[1], last[n], last[n+1] = 0, 1, -1, 0
		c, image := make([]float64, n*n), make([]float64, n*n)
		for i := range 2 {
			for j := range 2 {
				c[i*n+j] = scale * rng.NormFloat64()
			}
		}
		want, copied := nuclear2(c, n), slices.Clone(c)
		inner, err := d.Follow(image, copied, last)
		if err != nil || math.Abs(inner-want) > 1e-12*want {
			t.Errorf("scale %g: maximum %g instead of %g, %v", scale, inner, want, err)
		}
		for i := 2; i < n; i++ {
			if math.Abs(image[i*n+i]-1) > 1e-6 {
				t.Errorf("scale %g: row %d moved to %v", scale, i, image[i*n:(i+1)*n])
			}
		}
	}
}

// nuclear2 returns the nuclear norm of the leading 2 x 2 block: |s1 + s2|^2 = |A|^2 + 2 |det A|.
func nuclear2(c []float64, n int) float64 {
	a, b, e, f := c[0], c[1], c[n], c[n+1]
	size := max(math.Abs(a), math.Abs(b), math.Abs(e), math.Abs(f))
	a, b, e, f = a/size, b/size, e/size, f/size
	return size * math.Sqrt(a*a+b*b+e*e+f*f+2*math.Abs(a*f-b*e))
}
