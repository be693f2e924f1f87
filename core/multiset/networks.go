package multiset

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/linalg"
)

// checkNetworks checks the networks against the shape of their mean.
func checkNetworks(mean *mat.Dense, xs []*mat.Dense) error {
	if len(xs) == 0 {
		return core.Invalidf("at least one network is needed")
	}
	m, n := mean.Dims()
	for i, x := range xs {
		rows, cols := x.Dims()
		if rows != m {
			return core.Invalidf("%v has %d samples, expected %d", core.Network(i), rows, m)
		}
		if cols > n {
			return core.Invalidf("%v has %d features, more than the %d of the reference",
				core.Network(i), cols, n)
		}
	}
	return nil
}

// magnitude is that of an entry of the networks, padded to a width.
func magnitude(xs []*mat.Dense, width int) float64 {
	var size float64
	for _, x := range xs {
		size = math.Hypot(size, linalg.Norm(x))
	}
	m, _ := xs[0].Dims()
	return linalg.Magnitude(size, len(xs)*m*width)
}

// copyPadded copies x into the leading columns of dst and clears the others.
func copyPadded(dst, x *mat.Dense) {
	dst.Zero()
	dst.Copy(x)
}
