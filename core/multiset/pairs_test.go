package multiset

import "testing"

func TestTrianglePairs(t *testing.T) {
	for _, k := range []int{2, 3, 8, 9, 10, 16, 101} {
		seen := map[[2]int]bool{}
		for n := range k * (k - 1) / 2 {
			i, j := trianglePair(n, k)
			if i < 0 || i >= j || j >= k || seen[[2]int{i, j}] {
				t.Fatalf("pair %d of %d networks is (%d, %d)", n, k, i, j)
			}
			seen[[2]int{i, j}] = true
		}
	}
	const k = 1 << 20
	if i, j := trianglePair(k*(k-1)/2-1, k); i >= j || j != k-1 || i < k-bandRows {
		t.Errorf("the last pair of %d networks is (%d, %d)", k, i, j)
	}
}

func TestTriangleRow(t *testing.T) {
	const k = 1 << 26 // beyond the precision of the square root
	for _, i := range []int{0, 1, 1000, k / 2, k - 2} {
		if first := triangleRow(rowStart(i, k), k); first != i {
			t.Errorf("the first pair of row %d is in row %d", i, first)
		}
		if last := triangleRow(rowStart(i+1, k)-1, k); last != i {
			t.Errorf("the last pair of row %d is in row %d", i, last)
		}
	}
}
