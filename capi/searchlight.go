package capi

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core"
	"netrep_go/core/rsa"
)

// searchlightLists compares the RDMs of given sets of features with models.
func searchlightLists(ctx context.Context, a *args) error {
	dst, used, x := a.outMatrix(), a.outInts(), a.voxels()
	lists, err := a.lists(x)
	if err != nil {
		return err
	}
	return searchlights(ctx, a, dst, used, x, lists)
}

// searchlightBalls compares the RDMs of voxels around centers with models.
func searchlightBalls(ctx context.Context, a *args) error {
	dst, used, x := a.outMatrix(), a.outInts(), a.voxels()
	balls, err := a.balls(x)
	if err != nil {
		return err
	}
	return searchlights(ctx, a, dst, used, x, balls)
}

// searchlightListsRDMs stores the RDMs of given sets of features.
func searchlightListsRDMs(ctx context.Context, a *args) error {
	dst, used, x := a.outMatrix(), a.outInts(), a.voxels()
	lists, err := a.lists(x)
	if err != nil {
		return err
	}
	return rdmsAround(ctx, a, dst, used, x, lists)
}

// searchlightBallsRDMs stores the RDMs of voxels around centers.
func searchlightBallsRDMs(ctx context.Context, a *args) error {
	dst, used, x := a.outMatrix(), a.outInts(), a.voxels()
	balls, err := a.balls(x)
	if err != nil {
		return err
	}
	return rdmsAround(ctx, a, dst, used, x, balls)
}

// lists takes sets of features.
func (a *args) lists(x *rsa.Responses) (rsa.Lists, error) {
	lists := rsa.Lists{Start: a.ints(), Features: a.ints()}
	return lists, firstError(starts(lists), positions(lists.Features, 0, x.Features, "neighbors"))
}

// balls takes centers in a volume and the steps from them.
func (a *args) balls(x *rsa.Responses) (rsa.Balls, error) {
	balls := rsa.Balls{Shape: [3]int{a.int(), a.int(), a.int()}, Centers: a.ints(),
		Steps: a.ints(), Column: a.ints()}
	return balls, firstError(checkVolume(balls),
		positions(balls.Centers, 0, len(balls.Column), "centers"),
		positions(balls.Column, -1, x.Features, "columns"))
}

// checkVolume checks that there is a voxel for each place of the volume, and that
// steps come in threes.
func checkVolume(balls rsa.Balls) error {
	size := len(balls.Column)
	for _, n := range balls.Shape {
		if n <= 0 || size%n != 0 {
			return core.Invalidf("the mask must have the shape of the volume, got %v", balls.Shape)
		}
		size /= n
	}
	if size != 1 || len(balls.Steps)%3 != 0 {
		return core.Invalidf(
			"the mask must have the shape of the volume, got %v, and a ball voxels", balls.Shape)
	}
	return nil
}

func searchlights(
	ctx context.Context, a *args, dst *mat.Dense, used []int64, x *rsa.Responses,
	around rsa.Neighborhoods,
) error {
	models := a.matrix()
	c := rsa.Comparison{Similarity: rsa.Similarity(a.option()), Controls: a.matrix()}
	measured, unmeasured := a.measured(x)
	n, pairs := models.Dims()
	err := firstError(sized(dst, around.Len(), n), length(used, around.Len()), unmeasured)
	if err != nil {
		return err
	}
	conditions := measured.Design.Conditions
	if pairs != rsa.Pairs(conditions) {
		return core.Invalidf("models must be of the conditions of the data, %d pairs, got %d",
			rsa.Pairs(conditions), pairs)
	}
	return rsa.Searchlights(ctx, dst, used, measured, around, c, models)
}

func rdmsAround(
	ctx context.Context, a *args, dst *mat.Dense, used []int64, x *rsa.Responses,
	around rsa.Neighborhoods,
) error {
	measured, err := a.measured(x)
	if err := firstError(err, length(used, around.Len())); err != nil {
		return err
	}
	if err := sized(dst, around.Len(), rsa.Pairs(measured.Design.Conditions)); err != nil {
		return err
	}
	return rsa.SearchlightRDMs(ctx, dst, used, measured, around)
}

// measured takes what the RDMs of responses are made from.
func (a *args) measured(x *rsa.Responses) (rsa.Measured, error) {
	m := rsa.Measured{Responses: x,
		Dissimilarity: rsa.Dissimilarity{Measure: rsa.Measure(a.option())}}
	var designed, noisy error
	m.Design, designed = a.design(x.Rows)
	noisy = a.noise(&m)
	if err := firstError(designed, noisy); err != nil {
		return m, err
	}
	if m.Design.Conditions < 3 {
		return m, core.Invalidf("an RDM needs at least 3 conditions, got %d", m.Design.Conditions)
	}
	return m, nil
}

// design takes the conditions and folds of so many rows, and how many there are.
func (a *args) design(rows int) (rsa.Design, error) {
	d := rsa.Design{Condition: a.ints(), Fold: a.ints(), Conditions: a.int(), Folds: a.int()}
	return d, firstError(codes(d.Condition, rows, d.Conditions), codes(d.Fold, rows, d.Folds))
}

// noise takes that of responses: one covariance or, if the first is empty, one of each
// fold, or residuals.
func (a *args) noise(m *rsa.Measured) error {
	covariance, err := a.square()
	each := a.matrices()
	noise := &rsa.Noise{Residuals: a.voxels(), Group: a.ints(), Groups: a.int(),
		Freedom: a.float(), Shrinkage: rsa.Shrinkage(a.option())}
	byFold, features, r := a.bool(), m.Responses.Features, noise.Residuals
	switch {
	case err != nil:
		return err
	case (r.Rows > 0) != (r.Features > 0):
		return core.Invalidf("residuals must have rows and features, got %d and %d",
			r.Rows, r.Features)
	case r.Rows > 0:
		if r.Features != features || !(noise.Freedom > 0 || byFold) {
			return core.Invalidf("expected residuals of %d features and degrees of freedom, "+
				"got %d and %v", features, r.Features, noise.Freedom)
		}
		if err := codes(noise.Group, r.Rows, noise.Groups); err != nil || !byFold {
			m.Noise = noise
			return err
		}
		m.FoldNoise, err = noise.Cut(m.Design.Folds)
		return err
	case covariance != nil:
		m.Noise = &rsa.Noise{Covariance: covariance}
		return sized(covariance, features, features)
	}
	for _, s := range each {
		if err := sized(s, features, features); err != nil {
			return err
		}
		m.FoldNoise = append(m.FoldNoise, &rsa.Noise{Covariance: s})
	}
	return manyCovariances(len(each), m.Design.Folds)
}

// manyCovariances checks that there are none or one for each fold.
func manyCovariances(count, folds int) error {
	if count != 0 && count != folds {
		return core.Invalidf("expected a covariance of each of %d folds, got %d", folds, count)
	}
	return nil
}

// square takes a square matrix, nil if it is empty.
func (a *args) square() (*mat.Dense, error) {
	_, d := a.next(readsMatrix)
	if d.shape[0] != d.shape[1] {
		return nil, core.Invalidf("expected a square matrix, got %d x %d", d.shape[0], d.shape[1])
	}
	return dense(d), nil
}

// voxels takes responses in single or double precision, followed by whether they
// are features x rows rather than rows x features.
func (a *args) voxels() *rsa.Responses {
	r := &rsa.Responses{}
	_, d := a.next(readsReals)
	if d.kind == kindFloat32 {
		r.Singles = slice[float32](d)
	} else {
		r.Doubles = slice[float64](d)
	}
	rows, cols := int(d.shape[0]), int(d.shape[1])
	r.Rows, r.Features, r.Row, r.Column = rows, cols, cols, 1
	if a.bool() {
		r.Rows, r.Features, r.Row, r.Column = cols, rows, 1, cols
	}
	return r
}

// starts checks that lists follow each other.
func starts(l rsa.Lists) error {
	if len(l.Start) == 0 || l.Start[0] != 0 || l.Start[len(l.Start)-1] != int64(len(l.Features)) {
		return core.Invalidf("neighbors must be lists that fill their array")
	}
	for k := range l.Len() {
		if l.Start[k] > l.Start[k+1] {
			return core.Invalidf("neighbors must be lists in ascending order")
		}
	}
	return nil
}

// positions checks that integers are in [low, limit).
func positions(x []int64, low, limit int, name string) error {
	for _, v := range x {
		if v < int64(low) || v >= int64(limit) {
			return core.Invalidf("%s must be in [%d, %d), got %d", name, low, limit, v)
		}
	}
	return nil
}
