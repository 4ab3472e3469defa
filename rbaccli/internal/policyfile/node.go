package policyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"

	"github.com/rbac-go/rbac/internal/names"
)

// maxErrors is the number of errors that a reader reports.
const maxErrors = 20

// reader reads the tree of a YAML or JSON document, and collects all errors,
// each with its line and key. The reader is stricter than yaml.v3: unknown and
// repeated keys, aliases, and values of another type are errors.
type reader struct {
	source string
	errs   []error
}

// parse returns the root of the only document in data.
func (r *reader) parse(data []byte) *yaml.Node {
	if isJSON(data) {
		data = plainJSON(data)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := decoder.Decode(&doc)
	switch {
	case err == nil && decoder.Decode(&second) != io.EOF:
		r.fail(second.Line, "a file has one document")
	case errors.Is(err, io.EOF):
		r.fail(0, "the file is empty")
	case err != nil:
		line, text := 0, strings.TrimPrefix(err.Error(), "yaml: ")
		if m := yamlLine.FindStringSubmatch(text); m != nil {
			line, _ = strconv.Atoi(m[1])
			text = m[2]
		}
		r.fail(line, "%s", text)
	default:
		return doc.Content[0]
	}
	return nil
}

var yamlLine = regexp.MustCompile(`^line (\d+): (.*)$`)

// err returns the errors so far.
func (r *reader) err() error { return errors.Join(r.errs...) }

func (r *reader) fail(line int, format string, args ...any) {
	switch {
	case len(r.errs) < maxErrors:
		r.errs = append(r.errs, invalid(r.source, line, fmt.Sprintf(format, args...)))
	case len(r.errs) == maxErrors:
		r.errs = append(r.errs, errTooMany)
	}
}

// value is a value of a document with its key, for messages.
type value struct {
	*yaml.Node
	key string
}

func (r *reader) failAt(v value, format string, args ...any) {
	r.fail(v.Line, "%s: %s", v.key, fmt.Sprintf(format, args...))
}

// fields are the keys of a mapping, with the functions that read their values.
type fields map[string]func(value)

// mapping reads a mapping. Each of the required keys has to be present.
func (r *reader) mapping(v value, known fields, required ...string) {
	if !r.is(v, yaml.MappingNode, "a mapping of keys to values") {
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(v.Content); i += 2 {
		key, inner := v.Content[i], value{v.Content[i+1], v.Content[i].Value}
		read, ok := known[key.Value]
		switch line, again := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode || !ok:
			r.failAt(v, "there is no key %q%s", key.Value, suggestion(key.Value, known))
		case again:
			r.fail(key.Line, "%s: the key is also in line %d", key.Value, line)
		default:
			seen[key.Value] = key.Line
			read(inner)
		}
	}
	for _, key := range required {
		if seen[key] == 0 {
			r.failAt(v, "the key %q is missing", key)
		}
	}
}

// suggestion returns the keys that a writer may have meant.
func suggestion(key string, known fields) string {
	var keys []string
	for k := range known {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if s := names.Suggestion(key, keys); s != "" {
		return ": " + s
	}
	return ": the keys are " + strings.Join(keys, ", ")
}

// list reads a list.
func (r *reader) list(each func(value)) func(value) {
	return func(v value) {
		if r.is(v, yaml.SequenceNode, "a list") {
			for _, item := range v.Content {
				each(value{item, v.key})
			}
		}
	}
}

// is checks the kind of a value.
func (r *reader) is(v value, kind yaml.Kind, wanted string) bool {
	if v.Kind == kind {
		return true
	}
	r.failAt(v, "expected %s, found %s", wanted, found(v.Node))
	return false
}

// found describes a value of the wrong kind.
func found(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.AliasNode:
		return "an alias: write the value itself"
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "no value: leave out the key"
	}
	return strconv.Quote(n.Value)
}

// text reads a text that check, which is of package names, accepts.
func (r *reader) text(into *string, check func(string) string) func(value) {
	return func(v value) {
		if !r.is(v, yaml.ScalarNode, "a text") {
			return
		}
		if v.ShortTag() != "!!str" {
			if v.ShortTag() == "!!null" {
				r.failAt(v, "expected a text, found %s", found(v.Node))
			} else {
				r.failAt(v, "%s is no text: write it in quotes", v.Value)
			}
			return
		}
		if reason := check(v.Value); reason != "" {
			r.failAt(v, "%q: %s", v.Value, reason)
			return
		}
		*into = v.Value
	}
}

// names reads a list of names without repetition.
func (r *reader) names(into *[]string) func(value) {
	return r.list(func(v value) {
		var name string
		r.text(&name, names.CheckName)(v)
		if name != "" && slices.Contains(*into, name) {
			r.failAt(v, "%s is named twice", name)
		}
		*into = append(*into, name)
	})
}

// number reads a whole number.
func (r *reader) number(into *int) func(value) {
	return func(v value) {
		n, err := strconv.Atoi(v.Value)
		if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!int" || err != nil {
			r.failAt(v, "expected a whole number, found %s", found(v.Node))
			return
		}
		*into = n
	}
}

// flag reads true or false.
func (r *reader) flag(into *bool) func(value) {
	return func(v value) {
		if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!bool" {
			r.failAt(v, "expected true or false, found %s", found(v.Node))
			return
		}
		*into = strings.EqualFold(v.Value, "true")
	}
}

// instant reads a time in the precision of stores.
func (r *reader) instant(into *time.Time) func(value) {
	return func(v value) {
		t, err := time.Parse(time.RFC3339Nano, v.Value)
		if v.Kind != yaml.ScalarNode || err != nil {
			r.failAt(v, "expected a time such as 2030-01-31T00:00:00Z, found %s", found(v.Node))
			return
		}
		*into = t.UTC().Truncate(time.Microsecond)
	}
}

// isJSON reports whether a file is JSON: a mapping in braces, or a list of
// them.
func isJSON(data []byte) bool {
	text := bytes.TrimSpace(data)
	return bytes.HasPrefix(text, []byte("{")) || bytes.HasPrefix(text, []byte("["))
}

// plainJSON rewrites the few things in JSON that YAML reads otherwise: pairs of
// surrogates, escaped slashes, and characters that YAML does not take unless
// escaped.
func plainJSON(data []byte) []byte {
	data = surrogates.ReplaceAllFunc(data, func(m []byte) []byte {
		if len(m) == 2 { // an escaped backslash, or another short escape
			return bytes.Replace(m, []byte(`\/`), []byte("/"), 1)
		}
		high, _ := strconv.ParseUint(string(m[2:6]), 16, 32)
		low, _ := strconv.ParseUint(string(m[8:]), 16, 32)
		return []byte(string(utf16.DecodeRune(rune(high), rune(low))))
	})
	return unreadable.ReplaceAllFunc(data, func(m []byte) []byte {
		return fmt.Appendf(nil, `\u%04x`, []rune(string(m))[0])
	})
}

var (
	surrogates = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\[^u]`)
	unreadable = regexp.MustCompile(`[\x{7f}-\x{9f}\x{2028}\x{2029}\x{feff}\x{fffe}\x{ffff}]`)
)
