// Package rsa is representational similarity analysis: dissimilarity matrices of
// response patterns (RDMs), their comparison, and inference on it.
//
// An RDM of n conditions is a vector of its n(n-1)/2 entries above the diagonal,
// row by row: scipy's squareform order, called condensed.
//
// A dissimilarity of patterns is a row of the table in measures.go, a similarity of
// RDMs one of that in similarity.go: nothing else asks which one it is.
package rsa
