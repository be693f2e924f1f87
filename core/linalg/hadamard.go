package linalg

// WalshHadamard replaces a, whose length is a power of two, by H a, where H is
// the Hadamard matrix of entries +1 and -1 in natural order: H = [1] for length
// 1 and [[H, H], [H, -H]] for twice the length. H H = len(a) I.
//
// Halves are transformed before they are combined, so that all but the last
// steps run in cache.
func WalshHadamard(a []float64) {
	n := len(a)
	if n&(n-1) != 0 {
		panic("linalg: length is not a power of two")
	}
	switch {
	case n > 4:
		half := n / 2
		WalshHadamard(a[:half])
		WalshHadamard(a[half:])
		butterfly(a[:half], a[half:])
	case n == 4:
		s, d, t, e := a[0]+a[1], a[0]-a[1], a[2]+a[3], a[2]-a[3]
		a[0], a[1], a[2], a[3] = s+t, d+e, s-t, d-e
	case n == 2:
		a[0], a[1] = a[0]+a[1], a[0]-a[1]
	}
}

// butterfly replaces lo and hi by their sum and difference.
func butterfly(lo, hi []float64) {
	hi = hi[:len(lo)]
	for i, x := range lo {
		y := hi[i]
		lo[i], hi[i] = x+y, x-y
	}
}
