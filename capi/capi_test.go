package capi

import (
	"math"
	"strings"
	"testing"
	"unsafe"
)

func describe[T any](kind int32, data []T, shape ...int64) descriptor {
	d := descriptor{kind: kind, ndim: int32(len(shape))}
	copy(d.shape[:], shape)
	*(*unsafe.Pointer)(unsafe.Pointer(&d.data)) = unsafe.Pointer(unsafe.SliceData(data))
	return d
}

func integer(v int64) descriptor {
	d := descriptor{kind: kindInt}
	*(*int64)(unsafe.Pointer(&d.data)) = v
	return d
}

func do(routine string, list ...descriptor) string {
	return Call(routine, uintptr(unsafe.Pointer(unsafe.SliceData(list))), len(list), 0)
}

func TestCall(t *testing.T) {
	x := []float64{1, 0, 0, 1, 0, 0}
	y := []float64{0, 1, 0, 0, 0, 1}
	distance := make([]float64, 1)
	answer := do("metrics.aligned_distance", describe(kindFloat64|kindOutput, distance, 1),
		describe(kindFloat64, x, 3, 2), describe(kindFloat64, y, 3, 2), integer(2), integer(0))
	if answer != "" || math.Abs(distance[0]-math.Pi/2) > 1e-15 {
		t.Errorf("answer %q, distance %v, want a right angle", answer, distance[0])
	}
}

func TestCallRefuses(t *testing.T) {
	x, out := make([]float64, 6), make([]float64, 1)
	distance := describe(kindFloat64|kindOutput, out, 1)
	matrix := describe(kindFloat64, x, 3, 2)
	for want, list := range map[string][]descriptor{
		"4 argument 1 is missing":                                {distance},
		"4 argument 0 is of kind":                                {describe(kindFloat64, out, 1), matrix, matrix, integer(2), integer(0)},
		"4 1 arguments too many":                                 {distance, matrix, matrix, integer(2), integer(0), integer(0)},
		"4 impossible array shape [-3 -2]":                       {distance, describe(kindFloat64, x, -3, -2), matrix, integer(2), integer(0)},
		"4 impossible array shape [1099511627776 1099511627776]": {distance, describe(kindFloat64, x, 1<<40, 1<<40), matrix, integer(2), integer(0)},
		"4 array of 6 elements":                                  {distance, describe[float64](kindFloat64, nil, 3, 2), matrix, integer(2), integer(0)},
		"1 expected":                                             {distance, matrix, describe(kindFloat64, x, 2, 3), integer(2), integer(0)},
		"1 argument":                                             {distance, matrix, describe(kindFloat64, x, 0, 3), integer(2), integer(0)},
		"1 X: the":                                               {distance, matrix, matrix, integer(2), integer(0)},
	} {
		if got := do("metrics.aligned_distance", list...); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := do("metrics.no_such"); !strings.HasPrefix(got, "4 unknown routine") {
		t.Errorf("got %q", got)
	}
}

// FuzzArgs feeds arbitrary bytes as descriptors to every routine. Pointers are
// replaced by one to real memory, as no check could find out that they lie.
func FuzzArgs(f *testing.F) {
	f.Add([]byte{1, 1, 0, 0, 2, 0, 0, 0, 3}, uint8(0))
	memory := make([]float64, 1<<12)
	names := strings.Fields(Routines)
	f.Fuzz(func(t *testing.T, raw []byte, which uint8) {
		name := names[int(which)%len(names)]
		if name == "core.use_blas" { // would jump to the addresses
			return
		}
		const size = int(unsafe.Sizeof(descriptor{}))
		list := make([]descriptor, len(raw)/size+1)
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&list[0])), len(list)*size), raw)
		for i := range list {
			d := &list[i]
			isArray := d.kind&^kindOutput <= kindInt64
			if n, err := d.elementsIfSane(); isArray && (err != nil || n > len(memory)) {
				return
			}
			if isArray {
				*(*unsafe.Pointer)(unsafe.Pointer(&d.data)) = unsafe.Pointer(&memory[0])
			}
		}
		if answer := do(name, list...); strings.HasPrefix(answer, "5") {
			t.Errorf("%s broke: %s", name, answer)
		}
	})
}

func (d *descriptor) elementsIfSane() (int, error) {
	if d.ndim < 0 || d.ndim > 4 {
		return 0, nil
	}
	return d.elements()
}
