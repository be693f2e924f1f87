package multiset

import (
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
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

// copyPadded copies x into the leading columns of dst and clears the others.
func copyPadded(dst, x *mat.Dense) {
	dst.Zero()
	dst.Copy(x)
}
