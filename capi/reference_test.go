package capi

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write cabi/ROUTINES.md from the table of routines")

const preface = `# Routines

What ` + "`netrep_call`" + ` can run, made from the table in capi/routines.go: the arguments of each
routine in order, what it fills ("out") first. Kinds are

| kind | in netrep.h |
| --- | --- |
| ` + "`float`, `int`" + ` | NETREP_FLOAT, NETREP_INT |
| ` + "`bool`" + ` | NETREP_INT, 0 or 1 |
| ` + "`float64[m,n]`, `int64[n]`" + ` | NETREP_FLOAT64, NETREP_INT64: an array in row-major order |
| ` + "`out float64[m,n]`" + ` | NETREP_FLOAT64 + NETREP_OUTPUT: one that the routine fills |
| ` + "`float64[m,n]?`" + ` | the same, or an array with a size of 0 |
| ` + "`list of float64[m,p]`" + ` | NETREP_LIST with the number of arrays, then these |
| words in quotes | NETREP_TEXT, one of the words |
| ` + "`text`" + ` | NETREP_TEXT |

A word in the place of a size stands for one number throughout a call, but for sizes of arrays in
lists, which may differ. No array may share memory with one that is filled.
`

func reference() string {
	var b strings.Builder
	b.WriteString(preface)
	for _, name := range slices.Sorted(maps.Keys(routines)) {
		r := routines[name]
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", name, r.doc)
		for i, argument := range strings.Split(r.takes, ", ") {
			fmt.Fprintf(&b, "%d. `%s`\n", i, argument)
		}
	}
	return b.String()
}

func TestReferenceIsUpToDate(t *testing.T) {
	const path = "cabi/ROUTINES.md"
	if *update {
		if err := os.WriteFile(path, []byte(reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil || string(written) != reference() {
		t.Errorf("%s is out of date (%v): run go generate ./capi", path, err)
	}
}

func TestEveryRoutineSaysWhatItDoes(t *testing.T) {
	for name, r := range routines {
		if !strings.HasSuffix(r.doc, ".") || strings.Count(r.doc, "`")%2 != 0 {
			t.Errorf("%s has no sentence for documentation: %q", name, r.doc)
		}
		for i := range r.signature {
			if p := &r.signature[i]; p.name == "" || slices.Contains(p.types, 0) {
				t.Errorf("%s: argument %d has no name or an unknown kind: %q", name, i, p.kind)
			}
		}
	}
}
