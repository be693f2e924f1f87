package rsa

import (
	"errors"
	"strings"
	"testing"

	"netrep_go/core"
)

func TestNames(t *testing.T) {
	for k, name := range Measures() {
		if m, err := ParseMeasure(name); m != Measure(k) || err != nil || m.String() != name {
			t.Errorf("measure %q: got %d, %v", name, m, err)
		}
	}
	for k, name := range Similarities() {
		if s, err := ParseSimilarity(name); s != Similarity(k) || err != nil || s.String() != name {
			t.Errorf("similarity %q: got %d, %v", name, s, err)
		}
	}
	_, err := ParseMeasure("unheard of")
	want := "measure must be one of " + strings.Join(Measures(), ", ") + `, got "unheard of"`
	if !errors.Is(err, core.ErrInvalid) || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
