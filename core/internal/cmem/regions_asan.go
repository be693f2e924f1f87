//go:build asan

package cmem

import "math"

// smallest is out of reach where AddressSanitizer looks on: it knows where memory of
// the C heap ends, not what is handed out of regions.
const smallest = math.MaxInt
