package capi

import (
	"fmt"
	"math"
	"slices"
	"strings"
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
	kindText                     // shape[0] bytes of UTF-8

	kindOutput int32 = 0x100 // flag: the routine may write to the array
)

var kindNames = map[int32]string{
	kindFloat64: "float64", kindFloat32: "float32", kindInt64: "int64", kindFloat: "float",
	kindInt: "int", kindList: "list", kindText: "text",
}

// descriptor is one argument: an array in row-major order or a scalar.
type descriptor struct {
	kind, ndim int32
	shape      [4]int64
	data       [8]byte
}

func (d *descriptor) pointer() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&d.data)) }
func (d *descriptor) float() float64          { return *(*float64)(unsafe.Pointer(&d.data)) }
func (d *descriptor) integer() int64          { return *(*int64)(unsafe.Pointer(&d.data)) }
func (d *descriptor) text() string            { return string(slice[byte](d)) }

// String describes a descriptor in the words of a signature.
func (d *descriptor) String() string {
	name, known := kindNames[d.kind&^kindOutput]
	if !known || d.ndim < 0 || int(d.ndim) > len(d.shape) {
		return fmt.Sprintf("of kind %#x with %d dimensions", d.kind, d.ndim)
	}
	if d.kind&kindOutput != 0 {
		name = "out " + name
	}
	if d.ndim == 0 {
		return name
	}
	return name + strings.ReplaceAll(fmt.Sprint(d.shape[:d.ndim]), " ", ",")
}

// elements returns the number of elements, or an error if the shape is negative
// or its size in bytes overflows.
func (d *descriptor) elements() (int, error) {
	n := int64(1)
	for _, s := range d.shape[:d.ndim] {
		if s < 0 || (s > 0 && n > math.MaxInt64/8/s) {
			return 0, protocolError("has an impossible shape %v", d.shape[:d.ndim])
		}
		n *= s
	}
	if n > 0 && d.pointer() == nil {
		return 0, protocolError("has %d elements without memory", n)
	}
	return int(n), nil
}

// slice returns the elements of an array that is checked, nil if it is empty.
func slice[T any](d *descriptor) []T {
	n, _ := d.elements()
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(d.pointer()), n)
}

// protocol is the error of a caller that does not match this library.
type protocol string

func (p protocol) Error() string { return string(p) }

func protocolError(format string, args ...any) error {
	return protocol(fmt.Sprintf(format, args...))
}

// args is a cursor over the arguments of a call, which match the signature. Each
// method takes the next argument, and panics where the signature has another kind.
type args struct {
	params signature
	rest   []descriptor
}

func (a *args) next(reads string) (*parameter, *descriptor) {
	if len(a.params) == 0 || a.params[0].reads != reads {
		panic(fmt.Sprintf("capi: a routine reads %s, %d from the end", reads, len(a.params)))
	}
	p, d := &a.params[0], &a.rest[0]
	a.params, a.rest = a.params[1:], a.rest[1:]
	return p, d
}

// What the methods for arrays ask for.
var (
	readsVector    = readsArray("float64", 1, false, false)
	readsOutVector = readsArray("float64", 1, true, false)
	readsInts      = readsArray("int64", 1, false, false)
	readsOutInts   = readsArray("int64", 1, true, false)
	readsMatrix    = readsArray("float64", 2, false, false)
	readsOutMatrix = readsArray("float64", 2, true, false)
	readsReals     = readsArray("float64|float32", 2, false, false)
	readsStack     = readsArray("float64", 3, false, false)
	readsMatrices  = readsArray("float64", 2, false, true)
)

func array[T any](a *args, reads string) []T { _, d := a.next(reads); return slice[T](d) }

// vector takes a one-dimensional input.
func (a *args) vector() []float64 { return array[float64](a, readsVector) }

// outVector takes a one-dimensional output.
func (a *args) outVector() []float64 { return array[float64](a, readsOutVector) }

// ints takes a one-dimensional integer input.
func (a *args) ints() []int64 { return array[int64](a, readsInts) }

// outInts takes a one-dimensional integer output.
func (a *args) outInts() []int64 { return array[int64](a, readsOutInts) }

// outFloat takes an output of one number, whose size its signature must give.
func (a *args) outFloat() *float64 { return &a.outVector()[0] }

// outInt takes an output of one integer, likewise.
func (a *args) outInt() *int64 { return &a.outInts()[0] }

// truth is what an integer output holds for a truth value.
func truth(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// matrix takes a two-dimensional input, nil if it is empty.
func (a *args) matrix() *mat.Dense { _, d := a.next(readsMatrix); return dense(d) }

// outMatrix takes a two-dimensional output, nil if it is empty.
func (a *args) outMatrix() *mat.Dense { _, d := a.next(readsOutMatrix); return dense(d) }

func dense(d *descriptor) *mat.Dense {
	data := slice[float64](d)
	if data == nil {
		return nil
	}
	return mat.NewDense(int(d.shape[0]), int(d.shape[1]), data)
}

// matrices takes a list of two-dimensional inputs, nil if the list is empty.
func (a *args) matrices() []*mat.Dense {
	_, head := a.next(readsMatrices)
	var list []*mat.Dense
	for i := range head.shape[0] {
		list = append(list, dense(&a.rest[i]))
	}
	a.rest = a.rest[head.shape[0]:]
	return list
}

// float takes a number.
func (a *args) float() float64 { _, d := a.next("float"); return d.float() }

// int takes an integer.
func (a *args) int() int { _, d := a.next("int"); return int(d.integer()) }

// seed takes an integer as the seed of random numbers.
func (a *args) seed() uint64 { return uint64(a.int()) }

// bool takes a truth value.
func (a *args) bool() bool { _, d := a.next("bool"); return d.integer() != 0 }

// text takes a text.
func (a *args) text() string { _, d := a.next("text"); return d.text() }

// option takes one of the words in the signature, and returns its position there:
// the order of the words is that of the constants in Go.
func (a *args) option() int {
	p, d := a.next("option")
	return slices.Index(p.choices, d.text())
}
