package capi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"netrep_go/core"
)

// A signature lists the arguments of a routine in order, outputs first, as
// "name kind, name kind, ...", "out name kind" if the routine fills it. Kinds are
//
//	float, int, bool            a number, an integer, 0 or 1
//	float64[m,n], int64[n]      an array in row-major order
//	float64|float32[m,n]        an array of either
//	float64[m,n]?               an array that may be empty
//	list of float64[m,p]        a list of arrays
//	'orth'|'perm'               one of these words
//	text                        any text
//
// A size is a number or a word, which stands for one number throughout a call.
// Sizes of arrays in lists may differ from item to item, and a size such as k*m or
// n(n-1)/2 is a remark: the routine checks these itself.
type signature []parameter

type parameter struct {
	name, kind string
	// reads is what the cursor's method for it asks for.
	reads    string
	output   bool
	optional bool
	list     bool
	types    []int32 // kinds of descriptors that it may have
	sizes    []string
	choices  []string
}

// scalars are the kinds without dimensions.
var scalars = map[string]int32{"float": kindFloat, "int": kindInt, "bool": kindInt}

// arrays are the kinds with elements.
var arrays = map[string]int32{"float64": kindFloat64, "float32": kindFloat32, "int64": kindInt64}

// parseSignature panics if the text is no signature: it is a constant of ours.
func parseSignature(text string) signature {
	var s signature
	if text == "" {
		return s
	}
	for _, argument := range strings.Split(text, ", ") {
		rest, output := strings.CutPrefix(argument, "out ")
		name, kind, _ := strings.Cut(rest, " ")
		s = append(s, parseKind(name, kind, output))
	}
	return s
}

func parseKind(name, kind string, output bool) parameter {
	p := parameter{name: name, kind: kind, output: output, reads: kind}
	if scalar, ok := scalars[kind]; ok {
		p.types = []int32{scalar}
		return p
	}
	if kind == "text" || kind[0] == '\'' {
		p.types, p.sizes = []int32{kindText}, []string{"length"}
		if kind != "text" {
			p.reads, p.choices = "option", strings.Split(strings.ReplaceAll(kind, "'", ""), "|")
		}
		return p
	}
	kind, p.list = strings.CutPrefix(kind, "list of ")
	kind, p.optional = strings.CutSuffix(kind, "?")
	element, sizes, _ := strings.Cut(strings.TrimSuffix(kind, "]"), "[")
	p.sizes = strings.Split(sizes, ",")
	for _, name := range strings.Split(element, "|") {
		p.types = append(p.types, arrays[name]|p.flag())
	}
	p.reads = readsArray(element, len(p.sizes), p.output, p.list)
	return p
}

// readsArray is what the cursor's methods for arrays ask for.
func readsArray(element string, ndim int, output, list bool) string {
	return fmt.Sprintf("%s/%d out=%t list=%t", element, ndim, output, list)
}

func (p *parameter) flag() int32 {
	if p.output {
		return kindOutput
	}
	return 0
}

// check tells which of the arguments does not match the signature.
func (s signature) check(list []descriptor) error {
	sizes := map[string]int64{}
	for i := range s {
		used, err := s[i].check(list, sizes)
		if err != nil {
			return fmt.Errorf("argument %d (%s) %w", i, s[i].name, err)
		}
		list = list[used:]
	}
	if len(list) > 0 {
		return protocolError("%d arguments too many", len(list))
	}
	return nil
}

// check returns how many descriptors of the list belong to the parameter.
func (p *parameter) check(list []descriptor, sizes map[string]int64) (int, error) {
	if len(list) == 0 {
		return 0, protocolError("is missing")
	}
	if !p.list {
		return 1, firstError(p.checkOne(&list[0]), p.compare(&list[0], sizes))
	}
	head, items := &list[0], list[1:]
	if head.kind != kindList || head.ndim != 1 {
		return 0, protocolError("is %v, expected %s", head, p.kind)
	}
	n := head.shape[0]
	if n < 0 || n > int64(len(items)) {
		return 0, protocolError("is a list of %d with %d arguments left", n, len(items))
	}
	for i := range items[:n] {
		if err := p.checkOne(&items[i]); err != nil {
			return 0, fmt.Errorf("at %d %w", i, err)
		}
	}
	return 1 + int(n), nil
}

func (p *parameter) checkOne(d *descriptor) error {
	if !slices.Contains(p.types, d.kind) || d.ndim != int32(len(p.sizes)) {
		return protocolError("is %v, expected %s", d, p.kind)
	}
	if p.kind == "bool" && d.integer() != 0 && d.integer() != 1 {
		return protocolError("is %d, expected 0 or 1", d.integer())
	}
	if d.ndim == 0 {
		return nil
	}
	n, err := d.elements()
	switch {
	case err != nil:
		return err
	case p.choices != nil && !slices.Contains(p.choices, d.text()):
		return core.Invalidf("must be one of %s, got %q", p.kind, d.text())
	case n == 0 && !p.optional && p.kind != "text":
		return core.Invalidf("is empty, of shape %v", d.shape[:d.ndim])
	}
	return nil
}

// compare compares the sizes of an array with those of the arrays before it.
func (p *parameter) compare(d *descriptor, sizes map[string]int64) error {
	if len(p.sizes) != int(d.ndim) || d.kind == kindText || slices.Contains(d.shape[:d.ndim], 0) {
		return nil
	}
	for axis, word := range p.sizes {
		size := d.shape[axis]
		want, known := sizes[word]
		if number, err := strconv.ParseInt(word, 10, 64); err == nil {
			want, known = number, true
		}
		if known && size != want {
			return core.Invalidf("is %v, expected %s with %s = %d", d, p.kind, word, want)
		}
		if isWord(word) {
			sizes[word] = size
		}
	}
	return nil
}

func isWord(size string) bool {
	return strings.Trim(size, "abcdefghijklmnopqrstuvwxyz_") == ""
}
