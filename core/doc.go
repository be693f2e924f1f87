// Package core is the root of the computations of netrep_go: errors, long jobs
// and the BLAS in use. What is computed is in the packages below it, which know
// nothing of Python; package capi is the gateway from there.
//
// # Packages
//
// Imports run one way, internal <- core <- linalg <- optimize <- {metrics, capacity,
// rsa} <- multiset, and those in braces do not import each other:
//
//	multiset   distances in sets of networks, for any Cohort; means and k-means
//	metrics    distances between two networks, and their Cohorts
//	capacity   mean-field capacity and geometry of manifolds, separability
//	rsa        dissimilarity matrices, their similarities, bootstrap, searchlights
//	optimize   linear assignment and transport, the groups that alignments are chosen from,
//	           projections on cones, minima over subspaces
//	linalg     what gonum lacks: whitening, certified nuclear norms, polar factors
//	core       errors, Job contexts, which BLAS runs
//	internal   blas: the seam to the process's BLAS and LAPACK
//	           par: the only place that starts goroutines
//	           cmem: large scratch memory, from the C heap
//
// Files follow the same rule: what two files of a package share is in a file named
// after it, not in its first user's.
//
// # Conventions
//
// A matrix of activations has one row a sample and one column a feature, in
// row-major order, as *mat.Dense or as a []float64 with its dimensions. X and Y
// are two networks, m samples, p features; a network k of a cohort has p_k. A
// prime is a transpose, |A| the Frobenius norm and |A|_* the nuclear norm.
//
// Functions are stateless: they write to memory of the caller and keep nothing.
// Long ones take a context first, which may be a Job (see NewJob), and report
// to it through the loops of par; no struct keeps one. Results never depend on the
// number of workers: tasks are fixed blocks, and sums over tasks are ordered.
//
// What data can cause comes back as an error that is ErrInvalid, ErrNumerical
// or ErrNoMemory and whose text is for users; what it is about, such as network 3,
// stands in it as a Subject. Misuse by our own code panics, and the gateway
// recovers. Scratch that grows with the data is allocated from a cmem.Arena, once
// a worker (par.Each), because running out of Go's own heap would kill the
// interpreter.
package core
