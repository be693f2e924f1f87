// Package rsa is representational similarity analysis: dissimilarity matrices of
// response patterns (RDMs), their comparison, and inference on it.
//
// An RDM of n conditions is a vector of its n(n-1)/2 entries above the diagonal,
// row by row: scipy's squareform order, called condensed.
//
// # Ties
//
// Dissimilarities that are equal by definition may differ by rounding, and ranks
// would order them by it. Two rules keep them tied.
//
// Responses that are multiples of a power of two, such as whole numbers, stay so:
// what is subtracted from them to keep products accurate is a multiple too (grid.go),
// and divisors, such as numbers of observations, come last. As long as sums of
// products take less than 53 bits, squared distances and crossnobis then are the
// exact number rounded once, in any order of features; distances are a root of it,
// and 1 - r and 1 - cosine are right to a few units in the last place. Poisson's
// logarithms and whitened responses are not whole: these have rounding of their own.
//
// Whatever ranks or orders the entries of an RDM ties those that rounding may have
// told apart (ranks.go): neighbors in order that differ by at most 32 epsilon of
// the larger one, or of the larger quartile in absolute value; so 1 - r near 0, which
// has the rounding of 1, is tied with 0. Runs of such neighbors are one tie, which
// makes ties transitive. It is one rule for all RDMs, also those computed elsewhere.
//
// # Tables
//
// A dissimilarity of patterns is a row of the table in measures.go, a similarity of
// RDMs one of that in similarity.go: nothing else asks which one it is.
package rsa
