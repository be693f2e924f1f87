// Package multiset measures distances within and between sets of networks. It
// knows a metric only as a Cohort.
package multiset

import (
	"context"

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
	Prepare(worker, k int) error
	// Distance returns the distance of networks i and j on the training data
	// and on the held-out data, if there is any.
	Distance(worker, i, j int) (train, test float64, err error)
}

// PairwiseDistances stores the distances between all networks of the cohort in
// the symmetric matrices train and test, which is nil without held-out data.
func PairwiseDistances(ctx context.Context, c Cohort, train, test *mat.Dense) error {
	k := c.Len()
	pairs := make([][2]int, 0, k*(k-1)/2)
	for i := range k {
		for j := i + 1; j < k; j++ {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	zeroDiagonal(train)
	zeroDiagonal(test)
	return measure(ctx, c, pairs, func(i, j int, dTrain, dTest float64) {
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
	pairs := make([][2]int, 0, n*(c.Len()-n))
	for i := range n {
		for j := n; j < c.Len(); j++ {
			pairs = append(pairs, [2]int{i, j})
		}
	}
	return measure(ctx, c, pairs, func(i, j int, dTrain, dTest float64) {
		train.Set(i, j-n, dTrain)
		if test != nil {
			test.Set(i, j-n, dTest)
		}
	})
}

// measure prepares the cohort and stores the distances of the pairs.
func measure(ctx context.Context, c Cohort, pairs [][2]int, store func(i, j int, train, test float64)) error {
	workers := par.Workers(ctx, max(c.Len(), len(pairs)))
	if err := c.Reserve(workers); err != nil {
		return err
	}
	par.Expect(ctx, c.Len()+len(pairs))
	if err := par.For(ctx, c.Len(), workers, c.Prepare); err != nil {
		return err
	}
	return par.For(ctx, len(pairs), workers, func(worker, t int) error {
		i, j := pairs[t][0], pairs[t][1]
		train, test, err := c.Distance(worker, i, j)
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
