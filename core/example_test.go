package core_test

import (
	"context"
	"errors"
	"fmt"

	"netrep_go/core"
)

func ExampleInvalidf() {
	err := core.Invalidf("%v has %d samples and %v has %d", core.Network(2), 50, core.Network(0), 40)
	fmt.Println(err)
	fmt.Println(errors.Is(err, core.ErrInvalid))
	// Output:
	// network 2 has 50 samples and network 0 has 40
	// true
}

func ExampleNumericalf() {
	err := core.Numericalf("the eigenvalues of covariance %d did not converge", 7)
	fmt.Println(errors.Is(err, core.ErrNumerical))
	// Output: true
}

func ExampleErrorf() {
	err := core.Numericalf("the SVD did not converge")
	err = core.Errorf("%v and %v: %w", core.Network(0), core.Network(3), err)
	fmt.Println(err)
	fmt.Println(errors.Is(err, core.ErrNumerical))
	// Output:
	// network 0 and network 3: the SVD did not converge
	// true
}

// Whoever knows what the user calls network 2 says so.
func ExampleTemplate() {
	text, subjects := core.Template(core.Invalidf("%v has no samples", core.Network(2)))
	fmt.Printf("%q\n", text)
	fmt.Println(subjects[0].Kind, subjects[0].Index)
	// Output:
	// "\x1a has no samples"
	// network 2
}

func ExampleRecover() {
	broken := func() (err error) {
		defer core.Recover(&err)
		panic("a bug")
	}
	var panicked *core.PanicError
	fmt.Println(errors.As(broken(), &panicked), panicked.Value)
	// Output: true a bug
}

func ExampleParallel() {
	squares := make([]int, 5)
	err := core.Parallel(context.Background(), len(squares), func(i int) error {
		squares[i] = i * i
		return nil
	})
	fmt.Println(squares, err)
	// Output: [0 1 4 9 16] <nil>
}

// The caller sees how far a job is, and stops it, through the four words.
func ExampleNewJob() {
	var words [core.ControlWords]int64
	job := core.NewJob(&words)
	err := core.Parallel(job, 10, func(int) error { return nil })
	fmt.Println(words[0], "of", words[1], err)
	words[2] = 1
	fmt.Println(core.Parallel(job, 10, func(int) error { return nil }))
	// Output:
	// 10 of 10 <nil>
	// context canceled
}

func ExampleBLASRoutines() {
	fmt.Println(core.BLASRoutines()[:4])
	// Output: [dgemm sgemm dsyrk ssyrk]
}

// Addresses of 0 leave the routines of gonum in use.
func ExampleUseBLAS() {
	fmt.Println(core.UseBLAS(make([]uintptr, len(core.BLASRoutines())), nil))
	// Output: <nil>
}

func ExampleOneBLASThread() {
	release := core.OneBLASThread()
	defer release()
	fmt.Println("products run in the calling thread")
	// Output: products run in the calling thread
}

func ExampleCheckBLAS() {
	fmt.Println(core.CheckBLAS([]byte(`[{
		"Routine": "dgemm", "Flags": "NN", "M": 1, "N": 1, "K": 2, "Alpha": 1, "Beta": 0,
		"A": {"Stride": 2, "Data": [1, 2]}, "B": {"Stride": 1, "Data": [3, 4]},
		"C": {"Stride": 1, "Data": [0]}, "Want": [11]
	}]`)))
	// Output: <nil>
}
