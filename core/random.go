package core

import "math/rand/v2"

// Shuffle stores a random permutation, that which rng.Perm returns.
func Shuffle(dst []int, rng *rand.Rand) {
	for i := range dst {
		dst[i] = i
	}
	rng.Shuffle(len(dst), func(i, j int) { dst[i], dst[j] = dst[j], dst[i] })
}
