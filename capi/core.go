package capi

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"netrep_go/core"
)

func useBLAS(_ context.Context, a *args) error {
	return core.UseBLAS(pointers(a.ints()), pointers(a.ints()))
}

func pointers(addresses []int64) []uintptr {
	list := make([]uintptr, len(addresses))
	for i, v := range addresses {
		list[i] = uintptr(v)
	}
	return list
}

func checkBLAS(_ context.Context, a *args) error { return core.CheckBLAS([]byte(a.text())) }

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
		fmt.Sprintf("cache: L1d %d KiB, L2 %d KiB, L3 %d KiB",
			cpu.Cache.L1D>>10, cpu.Cache.L2>>10, cpu.Cache.L3>>10),
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
	word := &a.rest[0]
	mode := a.option()
	if os.Getenv("NETREP_FAULTS") == "" {
		return protocolError("core.fault is for tests only: set NETREP_FAULTS")
	}
	switch mode {
	case 0:
		panic("a fault in the routine")
	case 1:
		return core.Parallel(ctx, 8, func(i int) error {
			panic(fmt.Sprintf("a fault in task %d", i))
		})
	case 2:
		var nothing *args
		nothing.rest = nil
		return nil
	case 3:
		return core.Parallel(ctx, 400, func(int) error {
			time.Sleep(10 * time.Millisecond)
			return nil
		})
	case 4:
		return core.ErrNoMemory
	case 5:
		return core.Numericalf("a fault")
	case 7:
		return core.Overrun(word.pointer(), int(word.shape[0]))
	case 8:
		return core.OverrunScratch()
	}
	err := core.Invalidf(
		"%v, %v and %v differ", core.Network(1), core.HeldOut(0), core.Condition(2))
	return fmt.Errorf("data: %w", err)
}

// Routines holds a line for each routine: its name and, in parentheses, its
// signature. It is a variable, as are BLASRoutines and Info, because gopy writes
// functions in an order that differs from build to build, and variables sorted.
var Routines = routineLines()

func routineLines() string {
	lines := make([]string, 0, len(routines))
	for name, r := range routines {
		lines = append(lines, name+"("+r.takes+")")
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
