// Package linalg is the linear algebra that gonum lacks: nuclear norms and polar
// factors that take the cheap way over a Gram matrix under a certificate, inverse roots
// from poles, partial whitening, the factor of a wide matrix, and small helpers on
// row-major slices. Types with workspaces belong to one worker, in memory of a
// cmem.Arena.
package linalg
