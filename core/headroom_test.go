package core

import (
	"runtime"
	"testing"
)

func TestHeadroomIsLeft(t *testing.T) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapIdle < headroom {
		t.Errorf("the heap has %d bytes to spare, want %d", m.HeapIdle, headroom)
	}
}
