// Package capi is the gateway.
package capi

// Call runs a routine.
func Call(routine string, args uintptr, n int, control uintptr) string {
	return "4 unknown routine " + routine
}
