package capi

import (
	"fmt"
	"math"
	"netrep_go/core"
	"unsafe"

	"gonum.org/v1/gonum/mat"
)

// Kinds of an argument, as in netrep.h and _native.py.
const (
	kindFloat64 int32 = 1 + iota // array of float64
	kindFloat32                  // array of float32
	kindInt64                    // array of int64
	kindFloat                    // one float64, in data
	kindInt                      // one int64, in data
	kindList                     // shape[0] descriptors follow

	kindOutput int32 = 0x100 // flag: the routine may write to the array
)

// descriptor is one argument: an array in row-major order or a scalar.
type descriptor struct {
	kind, ndim int32
	shape      [4]int64
	data       [8]byte
}

func (d *descriptor) pointer() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&d.data)) }

// elements returns the number of elements, or an error if the shape is negative
// or its size in bytes overflows.
func (d *descriptor) elements() (int, error) {
	n := int64(1)
	for _, s := range d.shape[:d.ndim] {
		if s < 0 || (s > 0 && n > math.MaxInt64/8/s) {
			return 0, protocolError("impossible array shape %v", d.shape[:d.ndim])
		}
		n *= s
	}
	if n > 0 && d.pointer() == nil {
		return 0, protocolError("array of %d elements without memory", n)
	}
	return int(n), nil
}

// protocol is the error of a caller that does not match this library.
type protocol string

func (p protocol) Error() string { return string(p) }

func protocolError(format string, args ...any) error { return protocol(fmt.Sprintf(format, args...)) }

// args is a cursor over the arguments of a call. Each method takes the next
// argument; the first error sticks, and end returns it.
type args struct {
	rest  []descriptor
	taken int
	err   error
}

// end returns the first error, or one if arguments are left over.
func (a *args) end() error {
	if a.err == nil && len(a.rest) > 0 {
		a.err = protocolError("%d arguments too many", len(a.rest))
	}
	return a.err
}

func (a *args) next(kind int32, ndim int) *descriptor {
	if a.err != nil {
		return nil
	}
	if len(a.rest) == 0 {
		a.err = protocolError("argument %d is missing", a.taken)
		return nil
	}
	d := &a.rest[0]
	if d.kind != kind || (ndim >= 0 && d.ndim != int32(ndim)) || d.ndim < 0 || d.ndim > 4 {
		a.err = protocolError("argument %d is of kind %#x with %d dimensions, expected kind %#x with %d", a.taken, d.kind, d.ndim, kind, ndim)
		return nil
	}
	a.rest = a.rest[1:]
	a.taken++
	return d
}

func array[T any](a *args, kind int32, ndim int) ([]T, *descriptor) {
	d := a.next(kind, ndim)
	if d == nil {
		return nil, nil
	}
	n, err := d.elements()
	if err != nil {
		a.err = err
		return nil, nil
	}
	if n == 0 {
		return nil, d
	}
	return unsafe.Slice((*T)(d.pointer()), n), d
}

// ints takes a one-dimensional integer input.
func (a *args) ints() []int64 { x, _ := array[int64](a, kindInt64, 1); return x }

// vector takes a one-dimensional input, nil if it is empty.
func (a *args) vector() []float64 { x, _ := array[float64](a, kindFloat64, 1); return x }

// outVector takes a one-dimensional output.
func (a *args) outVector() []float64 {
	x, _ := array[float64](a, kindFloat64|kindOutput, 1)
	return x
}

// outInts takes a one-dimensional integer output.
func (a *args) outInts() []int64 {
	x, _ := array[int64](a, kindInt64|kindOutput, 1)
	return x
}

// matrix takes a two-dimensional input that is not empty.
func (a *args) matrix() *mat.Dense { return a.dense(kindFloat64, false) }

// optionalMatrix takes a two-dimensional input, nil if it is empty.
func (a *args) optionalMatrix() *mat.Dense { return a.dense(kindFloat64, true) }

// outMatrix takes a two-dimensional output that is not empty.
func (a *args) outMatrix() *mat.Dense { return a.dense(kindFloat64|kindOutput, false) }

// optionalOutMatrix takes a two-dimensional output, nil if it is empty.
func (a *args) optionalOutMatrix() *mat.Dense { return a.dense(kindFloat64|kindOutput, true) }

func (a *args) dense(kind int32, optional bool) *mat.Dense {
	data, d := array[float64](a, kind, 2)
	switch {
	case a.err != nil:
		return nil
	case len(data) == 0 && optional:
		return nil
	case len(data) == 0:
		a.err = core.Invalidf("argument %d is an empty array of shape %v", a.taken-1, d.shape[:2])
		return nil
	}
	return mat.NewDense(int(d.shape[0]), int(d.shape[1]), data)
}

// matrices takes a list of two-dimensional inputs, nil if the list is empty.
func (a *args) matrices() []*mat.Dense {
	d := a.next(kindList, 1)
	if d == nil {
		return nil
	}
	if n := d.shape[0]; n < 0 || n > int64(len(a.rest)) {
		a.err = protocolError("a list of %d with %d arguments left", n, len(a.rest))
		return nil
	}
	var list []*mat.Dense
	for range d.shape[0] {
		list = append(list, a.matrix())
	}
	return list
}

// float takes a number.
func (a *args) float() float64 {
	if d := a.next(kindFloat, 0); d != nil {
		return *(*float64)(unsafe.Pointer(&d.data))
	}
	return math.NaN()
}

// int takes an integer.
func (a *args) int() int {
	if d := a.next(kindInt, 0); d != nil {
		return int(*(*int64)(unsafe.Pointer(&d.data)))
	}
	return 0
}

// bool takes an integer as a truth value.
func (a *args) bool() bool { return a.int() != 0 }
