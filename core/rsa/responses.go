package rsa

// Responses are those of features, such as voxels, in rows for conditions or
// observations, in memory of the caller: of either precision and, by the strides, in
// either order.
type Responses struct {
	Rows, Features int
	// The response of feature f in row r is element r*Row + f*Column of
	// Doubles or, if that is nil, of Singles.
	Row, Column int
	Doubles     []float64
	Singles     []float32
}

// rows returns those in [from, to), in the same memory.
func (r *Responses) rows(from, to int) *Responses {
	part := *r
	part.Rows = to - from
	if r.Doubles != nil {
		part.Doubles = r.Doubles[from*r.Row:]
	} else {
		part.Singles = r.Singles[from*r.Row:]
	}
	return &part
}

// gather stores the responses of the features in dst, rows x features.
func (r *Responses) gather(dst []float64, features []int64) {
	if r.Doubles != nil {
		gather(dst, r.Doubles, r, features)
	} else {
		gather(dst, r.Singles, r, features)
	}
}

func gather[T float32 | float64](dst []float64, x []T, r *Responses, features []int64) {
	if r.Column > r.Row { // a feature's responses are next to each other
		for k, f := range features {
			for c, v := range x[int(f)*r.Column:][:r.Rows] {
				dst[c*len(features)+k] = float64(v)
			}
		}
		return
	}
	for c := range r.Rows {
		row, out := x[c*r.Row:], dst[c*len(features):][:len(features)]
		for k, f := range features {
			out[k] = float64(row[int(f)*r.Column])
		}
	}
}

// finite gathers the responses of the features that are finite in every row and
// returns which these are, in the same memory.
func (r *Responses) finite(dst []float64, features []int64) []int64 {
	n := len(features)
	r.gather(dst, features)
	if allFinite(dst[:r.Rows*n]) {
		return features
	}
	kept := features[:0]
	for j, f := range features {
		var sum float64
		for c := range r.Rows {
			v := dst[c*n+j]
			sum += v - v
		}
		if sum == 0 {
			kept = append(kept, f)
		}
	}
	r.gather(dst, kept)
	return kept
}

// allFinite adds up what is NaN of a number that is not finite, in four sums that do
// not wait for each other.
func allFinite(x []float64) bool {
	var a, b, c, d float64
	for ; len(x) >= 4; x = x[4:] {
		a += x[0] - x[0]
		b += x[1] - x[1]
		c += x[2] - x[2]
		d += x[3] - x[3]
	}
	for _, v := range x {
		a += v - v
	}
	return a+b+c+d == 0
}
