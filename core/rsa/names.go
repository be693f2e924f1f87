package rsa

import (
	"slices"
	"strings"

	"netrep_go/core"
)

// names returns those of the rows of a table.
func names[T any](table []T, name func(T) string) []string {
	list := make([]string, len(table))
	for k, row := range table {
		list[k] = name(row)
	}
	return list
}

// parse returns the position of a name in a list, or an error that tells what is
// in it.
func parse(kind, name string, list []string) (int, error) {
	k := slices.Index(list, name)
	if k < 0 {
		return 0, core.Invalidf("%s must be one of %s, got %q",
			kind, strings.Join(list, ", "), name)
	}
	return k, nil
}
