package multiset

import "testing"

func TestTrianglePair(t *testing.T) {
	for _, k := range []int{2, 3, 10, 101} {
		n := 0
		for i := range k {
			for j := i + 1; j < k; j++ {
				if a, b := trianglePair(n, k); a != i || b != j {
					t.Fatalf("pair %d of %d networks is (%d, %d), want (%d, %d)", n, k, a, b, i, j)
				}
				n++
			}
		}
	}
	const k = 1 << 20
	if i, j := trianglePair(k*(k-1)/2-1, k); i != k-2 || j != k-1 {
		t.Errorf("the last pair of %d networks is (%d, %d)", k, i, j)
	}
	if i, j := trianglePair(k-1, k); i != 1 || j != 2 {
		t.Errorf("the first pair of the second row is (%d, %d)", i, j)
	}
}
