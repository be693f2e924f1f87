package blas

import (
	"os"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	vectors, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(vectors); err != nil {
		t.Error(err)
	}
}

func TestCheckNamesMismatch(t *testing.T) {
	const gemm = `[{"routine":"dgemm","flags":"NN","m":1,"n":1,"k":1,"alpha":1,"beta":0,
		"a":{"stride":1,"data":[2]},"b":{"stride":1,"data":[3]},"c":{"stride":1,"data":[0]},"want":[7]}]`
	for _, test := range []struct{ vectors, want string }{
		{gemm, `vector 0: dgemm "NN" m=1 n=1 k=1 alpha=1 beta=0: c[0, 0] = 6, want 7`},
		{`[{"routine":"dgetrf"}]`, `unknown routine "dgetrf"`},
		{`[]`, "no vectors"},
		{`{`, "reading vectors"},
	} {
		if err := Check([]byte(test.vectors)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Check(%s) = %v, want an error with %s", test.vectors, err, test.want)
		}
	}
}
