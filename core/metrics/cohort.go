package metrics

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

// checkCohort checks that all networks saw the same samples and that test
// belongs to train.
func checkCohort(train, test []*mat.Dense) error {
	if len(train) == 0 {
		return core.Invalidf("at least one network is needed, got none")
	}
	if err := equalSamples(train, "network"); err != nil {
		return err
	}
	if test == nil {
		return nil
	}
	if len(test) != len(train) {
		return core.Invalidf("there are %d networks in the training data and %d in the test data", len(train), len(test))
	}
	for k := range train {
		_, p := train[k].Dims()
		if _, pt := test[k].Dims(); pt != p {
			return core.Invalidf("network %d has %d features and held-out network %d has %d", k, p, k, pt)
		}
	}
	return equalSamples(test, "held-out network")
}

func equalSamples(xs []*mat.Dense, name string) error {
	want, _ := xs[0].Dims()
	for k, x := range xs {
		if m, _ := x.Dims(); m != want {
			return core.Invalidf("%s %d has %d samples and %s 0 has %d; all networks must see the same samples", name, k, m, name, want)
		}
	}
	return nil
}

// checkAngles checks that network k has an angle to others, on the training
// data and on the held-out data, if there is any.
func checkAngles(k int, norm, testNorm float64, heldOut bool) error {
	if err := usableNorm(norm); err != nil {
		return fmt.Errorf("network %d: %w", k, err)
	}
	if !heldOut {
		return nil
	}
	if err := usableNorm(testNorm); err != nil {
		return fmt.Errorf("held-out network %d: %w", k, err)
	}
	return nil
}
