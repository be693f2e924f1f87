// Package rsa computes and compares representational dissimilarity matrices (RDMs).
package rsa
