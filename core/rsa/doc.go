// Package rsa is representational similarity analysis: dissimilarity matrices of
// response patterns (RDMs), their comparison, and inference on it.
//
// An RDM of n conditions is a vector of its n(n-1)/2 entries above the diagonal,
// row by row: scipy's squareform order, called condensed.
package rsa
