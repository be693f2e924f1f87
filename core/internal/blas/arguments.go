package blas

import (
	"math"

	"gonum.org/v1/gonum/blas"
)

// fits reports whether a holds a non-empty rows x cols matrix of stride ld
// whose sizes are representable as a Fortran integer.
func fits[T float32 | float64](a []T, rows, cols, ld int) bool {
	return 0 < rows && rows <= math.MaxInt32 &&
		0 < cols && cols <= ld && ld <= math.MaxInt32 &&
		(rows-1)*ld+cols <= len(a)
}

// fitsVector is fits for a vector of n elements and increment inc.
func fitsVector(x []float64, n, inc int) bool {
	if inc < 0 {
		inc = -inc
	}
	return fits(x, n, 1, inc)
}

func isTranspose(t blas.Transpose) bool {
	return t == blas.NoTrans || t == blas.Trans || t == blas.ConjTrans
}

func isUplo(ul blas.Uplo) bool { return ul == blas.Upper || ul == blas.Lower }

func isSide(s blas.Side) bool { return s == blas.Left || s == blas.Right }

// flipTranspose returns the Fortran flag of the other orientation.
func flipTranspose(t blas.Transpose) byte {
	if t == blas.NoTrans {
		return byte(blas.Trans)
	}
	return byte(blas.NoTrans)
}

// flipUplo returns the Fortran flag of the other triangle.
func flipUplo(ul blas.Uplo) byte {
	if ul == blas.Upper {
		return byte(blas.Lower)
	}
	return byte(blas.Upper)
}

// flipSide returns the Fortran flag of the other side.
func flipSide(s blas.Side) byte {
	if s == blas.Left {
		return byte(blas.Right)
	}
	return byte(blas.Left)
}
