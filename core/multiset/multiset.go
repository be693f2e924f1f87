// Package multiset measures distances within and between sets of networks. It
// knows a metric only as a Cohort.
package multiset

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"netrep_go/core/internal/par"
)

// Cohort is a list of networks under one metric. What concerns one network is
// done once, by Prepare; what is left to a pair, by Distance. A worker number
// is never used by two calls at a time, so each has its own workspace; results
// may not depend on it.
type Cohort interface {
	// Len returns the number of networks.
	Len() int
	// Reserve allocates the workspaces of the given number of workers.
	Reserve(workers int) error
	// Prepare reduces network k to what its pairs need.
	Prepare(ctx context.Context, worker, k int) error
	// Distance returns the distance of networks i and j on the training data
	// and on the held-out data, if there is any.
	Distance(ctx context.Context, worker, i, j int) (train, test float64, err error)
}

// PairwiseDistances stores the distances between all networks of the cohort in
// the symmetric matrices train and test, which is nil without held-out data.
func PairwiseDistances(ctx context.Context, c Cohort, train, test *mat.Dense) error {
	k := c.Len()
	zeroDiagonal(train)
	zeroDiagonal(test)
	pair := func(t int) (i, j int) { return trianglePair(t, k) }
	return measure(ctx, c, k*(k-1)/2, pair, func(i, j int, dTrain, dTest float64) {
		train.Set(i, j, dTrain)
		train.Set(j, i, dTrain)
		if test != nil {
			test.Set(i, j, dTest)
			test.Set(j, i, dTest)
		}
	})
}

// CrossDistances stores the distances from each of the first n networks of the
// cohort (rows) to each of the others (columns) in train and test, which is nil
// without held-out data.
func CrossDistances(ctx context.Context, c Cohort, n int, train, test *mat.Dense) error {
	columns := c.Len() - n
	pair := func(t int) (i, j int) {
		first := t / columns / bandRows * bandRows
		rows, u := min(bandRows, n-first), t-first*columns
		return first + u%rows, n + u/rows
	}
	return measure(ctx, c, n*columns, pair, func(i, j int, dTrain, dTest float64) {
		train.Set(i, j-n, dTrain)
		if test != nil {
			test.Set(i, j-n, dTest)
		}
	})
}

// bandRows is the number of rows of a distance matrix that are filled together,
// column by column: their networks stay in the cache while the others pass, which
// otherwise cost a seventh of the time.
const bandRows = 8

// trianglePair returns the t-th of the pairs i < j < k, in bands of rows.
func trianglePair(t, k int) (i, j int) {
	first := triangleRow(t, k) / bandRows * bandRows
	rows, u := min(bandRows, k-first), t-rowStart(first, k)
	if corner := rows * (rows - 1) / 2; u >= corner {
		u -= corner
		return first + u%rows, first + rows + u/rows
	}
	for j = 1; u >= j; j++ {
		u -= j
	}
	return first + u, first + j
}

// triangleRow returns the row of the t-th of the pairs i < j < k, row by row.
func triangleRow(t, k int) int {
	b := float64(2*k - 1)
	i := int((b - math.Sqrt(max(0, b*b-8*float64(t)))) / 2)
	for i > 0 && rowStart(i, k) > t {
		i--
	}
	for rowStart(i+1, k) <= t {
		i++
	}
	return i
}

// rowStart is the number of pairs before the first one of row i.
func rowStart(i, k int) int { return i * (2*k - i - 1) / 2 }

// measure prepares the cohort and stores the distances of n pairs.
func measure(
	ctx context.Context, c Cohort, n int,
	pair func(t int) (i, j int), store func(i, j int, train, test float64),
) error {
	workers := par.Workers(ctx, max(c.Len(), n))
	if err := c.Reserve(workers); err != nil {
		return err
	}
	par.Expect(ctx, c.Len()+n)
	err := par.For(ctx, c.Len(), workers, func(worker, k int) error {
		return c.Prepare(ctx, worker, k)
	})
	if err != nil {
		return err
	}
	return par.For(ctx, n, workers, func(worker, t int) error {
		i, j := pair(t)
		train, test, err := c.Distance(ctx, worker, i, j)
		if err == nil {
			store(i, j, train, test)
		}
		return err
	})
}

func zeroDiagonal(d *mat.Dense) {
	if d == nil {
		return
	}
	n, _ := d.Dims()
	for i := range n {
		d.Set(i, i, 0)
	}
}
