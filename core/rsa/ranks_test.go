package rsa

import (
	"slices"
	"testing"
)

func TestRanksTieWhatRoundingTellsApart(t *testing.T) {
	const ulp = 0x1p-52
	for name, c := range map[string]struct{ x, want []float64 }{
		"apart":         {[]float64{3, 1, 2}, []float64{3, 1, 2}},
		"equal":         {[]float64{2, 1, 2, 0}, []float64{3.5, 2, 3.5, 1}},
		"rounding":      {[]float64{0.3, 0.1 + 0.2, 0.1, 1}, []float64{2.5, 2.5, 1, 4}},
		"near 0":        {[]float64{1, 2 * ulp, 0, -ulp}, []float64{4, 2, 2, 2}},
		"a run":         {[]float64{1, 1 + 20*ulp, 1 + 40*ulp, 9}, []float64{2, 2, 2, 4}},
		"small":         {[]float64{1e-300, 2e-300, 3e-300}, []float64{1, 2, 3}},
		"beside a huge": {[]float64{1, 2, 3, 4, 5, 1e40}, []float64{1, 2, 3, 4, 5, 6}},
		"negative":      {[]float64{-1, -1 - 2*ulp, -2, -3}, []float64{3.5, 3.5, 2, 1}},
		"all":           {[]float64{1, 1 + ulp}, []float64{1.5, 1.5}},
		"none":          {nil, nil},
		"one":           {[]float64{7}, []float64{1}},
		"zeros":         {[]float64{0, 0, 0, 5e-324}, []float64{2, 2, 2, 4}},
	} {
		got := make([]float64, len(c.x))
		if err := Ranks(got, c.x); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, c.want)
		}
	}
}
