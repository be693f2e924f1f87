//go:build !asan

package cmem

// smallest is the size from which on memory is taken from regions; below, the C heap
// is faster.
const smallest = 256 << 10
