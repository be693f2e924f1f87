package capi

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// described is what descriptors refer to: their words hide it from the garbage collector.
var described []any

func describe[T any](kind int32, data []T, shape ...int64) descriptor {
	d := descriptor{kind: kind, ndim: int32(len(shape))}
	copy(d.shape[:], shape)
	described = append(described, data)
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
		describe(kindFloat64, x, 3, 2), describe(kindFloat64, y, 3, 2), integer(2), text("angular"))
	if answer != "" || math.Abs(distance[0]-math.Pi/2) > 1e-15 {
		t.Errorf("answer %q, distance %v, want a right angle", answer, distance[0])
	}
}

func text(s string) descriptor { return describe(kindText, []byte(s), int64(len(s))) }

func TestOptionsAreWords(t *testing.T) {
	x, distance := []float64{0, 3, 4, 0}, make([]float64, 1)
	list := []descriptor{describe(kindFloat64|kindOutput, distance, 1),
		describe(kindFloat64, x, 2, 2), describe(kindFloat64, make([]float64, 4), 2, 2), integer(2),
		text("euclidean")}
	if answer := do("metrics.aligned_distance", list...); answer != "" || distance[0] != 5 {
		t.Errorf("answer %q, distance %v, want 5", answer, distance[0])
	}
}

func TestCallRefuses(t *testing.T) {
	x, out := make([]float64, 6), make([]float64, 1)
	distance, two := describe(kindFloat64|kindOutput, out, 1), integer(2)
	matrix := describe(kindFloat64, x, 3, 2)
	float := descriptor{kind: kindFloat}
	for want, list := range map[string][]descriptor{
		"4 argument 1 (x) is missing": {distance},
		"4 argument 0 (distance) is float64[1], expected float64[1]": {
			describe(kindFloat64, out, 1), matrix, matrix, two, text("angular")},
		"4 argument 2 (y) is int, expected float64[m,n]": {distance, matrix, two},
		"4 argument 3 (rank) is float, expected int":     {distance, matrix, matrix, float},
		"4 argument 3 (rank) is of kind 0x63": {
			distance, matrix, matrix, {kind: 99}},
		"4 1 arguments too many": {
			distance, matrix, matrix, two, text("angular"), two},
		"4 argument 1 (x) has an impossible shape [-3 -2]": {
			distance, describe(kindFloat64, x, -3, -2)},
		"4 argument 1 (x) has an impossible shape [1099511": {
			distance, describe(kindFloat64, x, 1<<40, 1<<40)},
		"4 argument 1 (x) has 6 elements without memory": {
			distance, describe[float64](kindFloat64, nil, 3, 2)},
		"1 argument 0 (distance) is out float64[2], expected": {
			describe(kindFloat64|kindOutput, x, 2)},
		"1 argument 2 (y) is float64[2,3], expected float64[m,n] with m = 3": {
			distance, matrix, describe(kindFloat64, x, 2, 3)},
		"1 argument 1 (x) is empty, of shape [0 3]": {distance, describe(kindFloat64, x, 0, 3)},
		"1 argument 4 (score) must be one of 'angular'|'euclidean', got \"cosine\"": {
			distance, matrix, matrix, two, text("cosine")},
		"1 X: the": {distance, matrix, matrix, two, text("angular")},
	} {
		got := do("metrics.aligned_distance", list...)
		if !strings.HasPrefix(strings.Replace(got, separator, " ", 1), want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := do("metrics.no_such"); !strings.HasPrefix(got, "4"+separator+"unknown routine") {
		t.Errorf("got %q", got)
	}
}

func TestListsAreChecked(t *testing.T) {
	x, y := make([]float64, 6), make([]float64, 4)
	aligned, target := describe(kindFloat64|kindOutput, x, 3, 2), describe(kindFloat64, x, 3, 2)
	list := func(n int64) descriptor { return describe[float64](kindList, nil, n) }
	for want, arguments := range map[string][]descriptor{
		"argument 2 (xs) is float64[3,2], expected list of float64[m,p]": {aligned, target, target},
		"argument 2 (xs) is a list of 2 with 1 arguments left": {
			aligned, target, list(2), target},
		"argument 2 (xs) is a list of -1 with 1 arguments left": {
			aligned, target, list(-1), target},
		"argument 2 (xs) at 1 is float64[4], expected list of float64[m,p]": {
			aligned, target, list(2), target, describe(kindFloat64, y, 4)},
	} {
		got := do("multiset.align", arguments...)
		if want = "4" + separator + want; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Every routine reads what its signature says: here it is given the smallest
// arguments that the signature allows, which most routines refuse, but none breaks.
func TestRoutinesReadTheirSignatures(t *testing.T) {
	for name, r := range routines {
		if name == "core.use_blas" || name == "core.check_blas" {
			continue // one would jump to the addresses, one breaks unless it gets JSON
		}
		var list []descriptor
		for i := range r.signature {
			list = append(list, smallest(&r.signature[i])...)
		}
		if answer := do(name, list...); strings.HasPrefix(answer, "5") {
			t.Errorf("%s broke: %s", name, answer)
		}
		for i := range list { // one too many in the middle, or another kind
			wrong := append(slices.Clone(list[:i]), descriptor{kind: 99})
			if answer := do(name, append(wrong, list[i:]...)...); !strings.HasPrefix(answer, "4") {
				t.Errorf("%s took an argument of no kind: %q", name, answer)
			}
		}
	}
}

// smallest returns a value of a parameter whose sizes are as given, or 1.
func smallest(p *parameter) []descriptor {
	return made(p, map[string]int64{}, func(n int) int { return min(1, n-1) })
}

// made returns a value of a parameter: choose picks one of n sizes, words or numbers.
func made(p *parameter, sizes map[string]int64, choose func(n int) int) []descriptor {
	switch {
	case p.list:
		list := []descriptor{describe[float64](kindList, nil, int64(choose(3)))}
		for range list[0].shape[0] {
			list = append(list, madeArray(p, sizes, choose))
		}
		return list
	case p.choices != nil:
		return []descriptor{text(p.choices[choose(len(p.choices))])}
	case len(p.sizes) > 0:
		return []descriptor{madeArray(p, sizes, choose)}
	}
	d := integer(int64(choose(6)))
	d.kind = p.types[0]
	switch p.kind {
	case "float":
		values := []float64{0, 1, 0.5, -1, 1e300, math.NaN()}
		*(*float64)(unsafe.Pointer(&d.data)) = values[choose(len(values))]
	case "bool":
		d = integer(int64(choose(2)))
	}
	return []descriptor{d}
}

func madeArray(p *parameter, sizes map[string]int64, choose func(n int) int) descriptor {
	shape, n := []int64{}, int64(1)
	for _, word := range p.sizes {
		size, err := strconv.ParseInt(word, 10, 64)
		if known, ok := sizes[word]; ok {
			size = known
		} else if err != nil {
			size = int64(choose(5))
			sizes[word] = size
		}
		shape, n = append(shape, size), n*size
	}
	memory := make([]float64, n+1)
	for i := range memory {
		memory[i] = float64(choose(7) - 3)
	}
	if p.types[0]&^kindOutput == kindInt64 {
		for i := range memory {
			*(*int64)(unsafe.Pointer(&memory[i])) = int64(memory[i])
		}
	}
	return describe(p.types[0], memory, shape...)
}

func TestCursorPanicsWhereTheSignatureIsAnother(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an int was read as a float")
		}
	}()
	a := args{params: parseSignature("rank int"), rest: []descriptor{integer(1)}}
	a.float()
}

func TestErrorsCarryTheirSubjects(t *testing.T) {
	t.Setenv("NETREP_FAULTS", "1")
	want := strings.Join([]string{"1", "data: \x1a, \x1a and \x1a differ", "network 1",
		"held-out network 0", "condition 2"}, separator)
	if got := do("core.fault", text("subjects")); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzArgs feeds arbitrary bytes as descriptors to every routine. Pointers are
// replaced by one to real memory, as no check could find out that they lie.
func FuzzArgs(f *testing.F) {
	f.Add([]byte{1, 1, 0, 0, 2, 0, 0, 0, 3}, uint8(0))
	memory := make([]float64, 1<<12)
	names := slices.Sorted(maps.Keys(routines))
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

// FuzzValues calls every routine with arguments that match its signature: none
// breaks or takes long.
func FuzzValues(f *testing.F) {
	names := seeded(f)
	f.Fuzz(func(t *testing.T, raw []byte, which uint8) {
		name := names[int(which)%len(names)]
		call := arguments(name, raw)
		finishes(t, name, call.list)
	})
}

// FuzzNearlyRight spoils one argument of such calls.
func FuzzNearlyRight(f *testing.F) {
	names := seeded(f)
	f.Fuzz(func(t *testing.T, raw []byte, which uint8) {
		name := names[int(which)%len(names)]
		call := arguments(name, raw)
		d := &call.list[call.choose(len(call.list))]
		switch axis := call.choose(4); call.choose(6) {
		case 0:
			d.kind ^= 1 << call.choose(10)
			if d.kind == kindList { // the memory is not of descriptors, but their number is checked
				d.shape[0] = 1 << 40
			}
		case 1:
			d.ndim = int32(call.choose(7)) - 1
		case 2:
			d.shape[axis] = -1 - int64(call.choose(3))
		case 3:
			d.shape[axis] = 1 << (40 + call.choose(23))
		case 4:
			d.shape[axis] = max(0, d.shape[axis]-1)
		case 5:
			if d.ndim > 0 {
				clear(d.data[:])
			}
		}
		if elements, err := d.elementsIfSane(); err == nil && elements > 1<<12 {
			return // more than there is, and who could tell
		}
		finishes(t, name, call.list)
	})
}

// seeded gives a fuzz target a start at each routine that takes data, and returns them.
func seeded(f *testing.F) []string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(routines)),
		func(name string) bool { return strings.HasPrefix(name, "core.") })
	for which := range names {
		f.Add([]byte{3}, uint8(which))
		f.Add([]byte{2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4}, uint8(which))
	}
	return names
}

// generated is a list of arguments that match a signature, and how they are chosen.
type generated struct {
	list   []descriptor
	choose func(n int) int
}

func arguments(name string, raw []byte) (call generated) {
	described = described[:0]
	at := 0
	call.choose = func(n int) int {
		if len(raw) == 0 {
			return min(1, n-1)
		}
		at++
		return int(raw[at%len(raw)]) % n
	}
	sizes := map[string]int64{}
	for i := range routines[name].signature {
		call.list = append(call.list, made(&routines[name].signature[i], sizes, call.choose)...)
	}
	return call
}

// finishes fails where a call breaks or takes long.
func finishes(t *testing.T, name string, list []descriptor) {
	timer := time.AfterFunc(10*time.Second, func() { panic(name + " hangs") })
	defer timer.Stop()
	if answer := do(name, list...); strings.HasPrefix(answer, "5") {
		t.Errorf("%s broke: %s", name, answer)
	}
}

func (d *descriptor) elementsIfSane() (int, error) {
	if d.ndim < 0 || d.ndim > 4 {
		return 0, nil
	}
	return d.elements()
}

// What fuzzing has found: an output for one network, covariances, and no network.
func TestCovariancesOfNoNetworkAreRefused(t *testing.T) {
	out := make([]float64, 3)
	list := func(n int64) descriptor { return describe[float64](kindList, nil, n) }
	got := do("rsa.rdms", describe(kindFloat64|kindOutput, out, 1, 3), list(0),
		describe[int64](kindInt64, nil, 0), describe[int64](kindInt64, nil, 0), integer(3), integer(1),
		text("crossnobis"), number(0), number(0), list(1), describe(kindFloat64, []float64{1}, 1, 1))
	if !strings.HasPrefix(got, "1"+separator) {
		t.Errorf("got %q", got)
	}
}

func number(v float64) descriptor {
	d := descriptor{kind: kindFloat}
	*(*float64)(unsafe.Pointer(&d.data)) = v
	return d
}
