package metrics

import (
	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
)

// checkCohort checks that all networks saw the same samples and that test
// belongs to train.
func checkCohort(train, test []*mat.Dense) error {
	if err := checkLengths(len(train), len(test)); err != nil {
		return err
	}
	if err := equalSamples(train, core.Network); err != nil || len(test) == 0 {
		return err
	}
	for k := range train {
		_, p := train[k].Dims()
		if _, pt := test[k].Dims(); pt != p {
			return core.Invalidf("%v has %d features and %v has %d",
				core.Network(k), p, core.HeldOut(k), pt)
		}
	}
	return equalSamples(test, core.HeldOut)
}

// checkLengths checks the numbers of networks in the training and test data.
func checkLengths(train, test int) error {
	if train == 0 {
		return core.Invalidf("at least one network is needed, got none")
	}
	if test > 0 && test != train {
		return core.Invalidf("there are %d networks in the training data and %d in the test data",
			train, test)
	}
	return nil
}

func equalSamples(xs []*mat.Dense, subject func(k int) core.Subject) error {
	want, _ := xs[0].Dims()
	for k, x := range xs {
		if m, _ := x.Dims(); m != want {
			return core.Invalidf("%v has %d samples and %v has %d; all networks must see the same samples",
				subject(k), m, subject(0), want)
		}
	}
	return nil
}

// checkAngles checks that network k has an angle to others, on the training
// data and on the held-out data, if there is any.
func checkAngles(k int, norm, testNorm float64, heldOut bool) error {
	if err := usableNorm(norm); err != nil {
		return core.Errorf("%v: %w", core.Network(k), err)
	}
	if !heldOut {
		return nil
	}
	if err := usableNorm(testNorm); err != nil {
		return core.Errorf("%v: %w", core.HeldOut(k), err)
	}
	return nil
}
