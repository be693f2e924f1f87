package core

import "runtime"

// headroom is what Go's heap has mapped from the beginning, for the small things that a call
// needs beside its scratch: where the system gives no more, their want would end the process.
// It is not touched, so that it takes addresses and no memory.
const headroom = 16 << 20

func init() { reserve(headroom) }

// reserve lets the heap grow by n bytes, which the next collection leaves to others.
//
//go:noinline
func reserve(n int) {
	runtime.KeepAlive(make([]byte, n)) // heap: once, and never touched
}
