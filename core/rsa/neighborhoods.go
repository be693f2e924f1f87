package rsa

// Neighborhoods are the features of each searchlight.
type Neighborhoods interface {
	// Len is the number of searchlights.
	Len() int
	// Largest bounds the features of one.
	Largest() int
	// Append appends those of searchlight k to dst.
	Append(dst []int64, k int) []int64
}

// Lists are given neighborhoods: that of searchlight k is Features[Start[k]:Start[k+1]].
type Lists struct{ Start, Features []int64 }

// Len is the number of searchlights.
func (l Lists) Len() int { return len(l.Start) - 1 }

// Largest is the length of the longest list.
func (l Lists) Largest() int {
	largest := int64(0)
	for k := range l.Len() {
		largest = max(largest, l.Start[k+1]-l.Start[k])
	}
	return int(largest)
}

// Append appends list k.
func (l Lists) Append(dst []int64, k int) []int64 {
	return append(dst, l.Features[l.Start[k]:l.Start[k+1]]...) // heap: dst has room for Largest
}

// Balls are the voxels of a volume that are near a center. They are found when
// they are asked for: lists of them would take more memory than the responses.
type Balls struct {
	Shape   [3]int
	Centers []int64 // positions in the volume, in row-major order
	Steps   []int64 // three for each voxel of a ball, seen from its center
	Column  []int64 // feature of each voxel of the volume, -1 for none
}

// Len is the number of searchlights.
func (b Balls) Len() int { return len(b.Centers) }

// Largest is the number of voxels in a whole ball.
func (b Balls) Largest() int { return len(b.Steps) / 3 }

// Append appends the features around center k.
func (b Balls) Append(dst []int64, k int) []int64 {
	center := int(b.Centers[k])
	at := [3]int{
		center / (b.Shape[1] * b.Shape[2]), center / b.Shape[2] % b.Shape[1], center % b.Shape[2],
	}
	for s := 0; s < len(b.Steps); s += 3 {
		x, y, z := at[0]+int(b.Steps[s]), at[1]+int(b.Steps[s+1]), at[2]+int(b.Steps[s+2])
		if x < 0 || y < 0 || z < 0 || x >= b.Shape[0] || y >= b.Shape[1] || z >= b.Shape[2] {
			continue
		}
		if column := b.Column[(x*b.Shape[1]+y)*b.Shape[2]+z]; column >= 0 {
			dst = append(dst, column) // heap: likewise
		}
	}
	return dst
}
