package capi

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
	"unsafe"

	"github.com/klauspost/cpuid/v2"

	"netrep_go/core"
)

func useBLAS(_ context.Context, a *args) error {
	routines, threads := a.ints(), a.ints()
	if err := a.end(); err != nil {
		return err
	}
	return core.UseBLAS(pointers(routines), pointers(threads))
}

func pointers(addresses []int64) []uintptr {
	list := make([]uintptr, len(addresses))
	for i, v := range addresses {
		list[i] = uintptr(v)
	}
	return list
}

// checkBLAS runs a document of test vectors, whose bytes come as int64s padded
// with spaces, on the BLAS and LAPACK in use.
func checkBLAS(_ context.Context, a *args) error {
	words := a.ints()
	if err := a.end(); err != nil || len(words) == 0 {
		return err
	}
	return core.CheckBLAS(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words)))
}

// BLASRoutines lists, separated by spaces, the Fortran routines whose
// addresses core.use_blas takes.
var BLASRoutines = strings.Join(core.BLASRoutines(), " ")

// Info describes the library and the machine, one "key: value" a line.
var Info = info()

func info() string {
	cpu := cpuid.CPU
	return strings.Join([]string{
		"Go: " + runtime.Version(),
		"gonum: " + moduleVersion("gonum.org/v1/gonum"),
		"CPU: " + cpu.BrandName,
		"CPU features: " + strings.Join(cpu.FeatureSet(), " "),
		fmt.Sprintf("cores: %d physical, %d logical", cpu.PhysicalCores, cpu.LogicalCores),
		fmt.Sprintf("cache: L1d %d KiB, L2 %d KiB, L3 %d KiB", cpu.Cache.L1D>>10, cpu.Cache.L2>>10, cpu.Cache.L3>>10),
		fmt.Sprintf("GOMAXPROCS: %d", runtime.GOMAXPROCS(0)),
	}, "\n")
}

func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == path {
				return dep.Version
			}
		}
	}
	return "unknown"
}

// fault breaks on purpose, so that tests can see what is left of the process.
// It is locked unless NETREP_FAULTS was set when the process started.
func fault(ctx context.Context, a *args) error {
	mode := a.int()
	if err := a.end(); err != nil {
		return err
	}
	if os.Getenv("NETREP_FAULTS") == "" {
		return protocolError("core.fault is for tests only: set NETREP_FAULTS")
	}
	switch mode {
	case 0:
		panic("a fault in the routine")
	case 1:
		return core.Parallel(ctx, 8, func(i int) error { panic(fmt.Sprintf("a fault in task %d", i)) })
	case 2:
		var nothing *args
		return nothing.err
	case 3:
		return core.Parallel(ctx, 400, func(int) error { time.Sleep(10 * time.Millisecond); return nil })
	case 4:
		return core.ErrNoMemory
	case 5:
		return core.Numericalf("a fault")
	}
	return core.Invalidf("mode must be in [0, 5], got %d", mode)
}
