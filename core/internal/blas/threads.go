package blas

/*
#include <stdint.h>

static int netrep_get_threads(uintptr_t f) { return ((int (*)(void))f)(); }
static void netrep_set_threads(uintptr_t f, int n) { ((void (*)(int))f)(n); }
*/
import "C"

import "sync"

// pools are the thread pools behind the Fortran routines. A BLAS that starts
// threads under our own parallel loops would be slower, and its last bits would
// depend on their number, so inside every call it runs on one.
//
// Calls overlap, so the limit is counted: the first call in notes what it finds
// and the last one out restores it. It is kept here and not in Python, where an
// interrupt may come between any two steps.
var pools struct {
	sync.Mutex
	get, set []uintptr
	holders  int
	found    []C.int
}

// UseThreads installs the functions int get(void) and void set(int) of each
// thread pool: get, set, get, set, and so on.
func UseThreads(functions []uintptr) {
	pools.Lock()
	defer pools.Unlock()
	for i := 0; i+1 < len(functions); i += 2 {
		pools.get = append(pools.get, functions[i])
		pools.set = append(pools.set, functions[i+1])
	}
	pools.found = make([]C.int, len(pools.get))
}

// OneThread limits the pools to one thread until release is called.
func OneThread() (release func()) {
	pools.Lock()
	defer pools.Unlock()
	if pools.holders == 0 {
		for i, get := range pools.get {
			pools.found[i] = C.netrep_get_threads(C.uintptr_t(get))
			C.netrep_set_threads(C.uintptr_t(pools.set[i]), 1)
		}
	}
	pools.holders++
	return releaseThreads
}

func releaseThreads() {
	pools.Lock()
	defer pools.Unlock()
	pools.holders--
	if pools.holders == 0 {
		for i, set := range pools.set {
			C.netrep_set_threads(C.uintptr_t(set), pools.found[i])
		}
	}
}

// Threads returns how many threads the pools have outside of OneThread, the
// most of any, or 0 if there are none.
func Threads() int {
	pools.Lock()
	defer pools.Unlock()
	most := 0
	for i, get := range pools.get {
		if pools.holders == 0 {
			pools.found[i] = C.netrep_get_threads(C.uintptr_t(get))
		}
		most = max(most, int(pools.found[i]))
	}
	return most
}
