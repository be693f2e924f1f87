//go:build !asan

package core

import "unsafe"

// Overrun reads past the end of n bytes, where the library is built with -asan.
func Overrun(unsafe.Pointer, int) error { return noOverrun() }

// OverrunScratch reads past the end of scratch memory, where the library is built with -asan.
func OverrunScratch() error { return noOverrun() }

func noOverrun() error { return Invalidf("mode: no overrun is in a library built without -asan") }
