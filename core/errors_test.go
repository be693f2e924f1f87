package core

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestErrorsCarryTheirSubjectsApartFromTheirText(t *testing.T) {
	plain := Invalidf("%v and %v differ in %d", Network(3), HeldOut(10), 7)
	wrapped := fmt.Errorf("data: %w", plain)
	if want := "data: network 3 and held-out network 10 differ in 7"; wrapped.Error() != want {
		t.Errorf("the text is %q, want %q", wrapped, want)
	}
	if !errors.Is(wrapped, ErrInvalid) || errors.Is(wrapped, ErrNumerical) {
		t.Errorf("%v belongs to the wrong sentinel", wrapped)
	}
	text, subjects := Template(wrapped)
	if want := "data: \x1a and \x1a differ in 7"; text != want {
		t.Errorf("the template is %q, want %q", text, want)
	}
	if want := []Subject{Network(3), HeldOut(10)}; !slices.Equal(subjects, want) {
		t.Errorf("the subjects are %v, want %v", subjects, want)
	}
	if text, subjects := Template(errors.New("100%")); text != "100%" || subjects != nil {
		t.Errorf("an error without subjects has template %q and subjects %v", text, subjects)
	}
}

func TestErrorfKeepsWhatItWraps(t *testing.T) {
	inner := Errorf("covariance 2: %w", Numericalf("unlike %v", HeldOut(4)))
	err := Errorf("%v and %v: %w", Network(1), Network(2), inner)
	if want := "network 1 and network 2: covariance 2: unlike held-out network 4"; err.Error() != want {
		t.Errorf("the text is %q, want %q", err, want)
	}
	if !errors.Is(err, ErrNumerical) || errors.Is(err, ErrInvalid) {
		t.Errorf("%v belongs to the wrong sentinel", err)
	}
	text, subjects := Template(err)
	if want := "\x1a and \x1a: covariance 2: unlike \x1a"; text != want {
		t.Errorf("the template is %q, want %q", text, want)
	}
	if want := []Subject{Network(1), Network(2), HeldOut(4)}; !slices.Equal(subjects, want) {
		t.Errorf("the subjects are %v, want %v", subjects, want)
	}
}
