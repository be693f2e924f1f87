package rsa

import "testing"

func TestNames(t *testing.T) {
	for k, name := range Measures() {
		if got := Measure(k).String(); got != name {
			t.Errorf("measure %d is called %q, want %q", k, got, name)
		}
	}
	for k, name := range Similarities() {
		if got := Similarity(k).String(); got != name {
			t.Errorf("similarity %d is called %q, want %q", k, got, name)
		}
	}
}
