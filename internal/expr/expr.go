// Package expr reads expressions such as
//
//	any(is_user("root"), in_group("editors", msg="Only editors"))
//
// into trees of calls. The package knows how an expression is written. The
// caller of Parse says which names exist and which arguments each name takes,
// and gives the tree a meaning.
//
// Strings are those of Go in double quotes. Between the tokens there may be
// spaces, tabs and line ends, and after the last argument a comma. The last
// argument of each call may be a message, msg="…".
package expr

import (
	"strings"
	"unicode/utf8"
)

// MaxBytes is the longest text that Parse reads. The limit bounds the number of
// calls, too, because each call takes some bytes.
const MaxBytes = 64 << 10

// Form is the way in which the calls of one name are written.
type Form struct {
	Takes []Kind // the required arguments, in order
	More  bool   // further arguments of the last kind may follow
	Depth int    // levels of the tree that a call without calls in it stands for; zero counts as 1
}

// Kind is a kind of argument, in the words in which errors describe the kind.
type Kind string

// The kinds of argument.
const (
	AString Kind = "a string in double quotes"
	ACall   Kind = "a predicate"
)

// Call is one call of an expression, with its arguments in order for each kind.
type Call struct {
	Name    string
	Offset  int // of the name, in bytes
	Strings []String
	Calls   []*Call
	Message string // of msg="…"; "" if the call has no message
}

// String is an argument of a Call.
type String struct {
	Value  string
	Offset int // of the opening quote, in bytes
}

// Error is a fault of an expression.
type Error struct {
	Offset int    // in bytes
	Within string // the name of the call around the fault, or "" outside all calls
	Reason string
}

// Parse reads an expression. The function form returns the Form of a name, or
// the reason why no call may have the name. Calls may be nested as deep as
// maxDepth.
func Parse(text string, maxDepth int, form func(name string) (f Form, reason string)) (*Call, *Error) {
	if len(text) > MaxBytes {
		return nil, &Error{0, "", "longer than 64 KiB"}
	}
	if !utf8.ValidString(text) {
		return nil, &Error{validPrefix(text), "", "not valid UTF-8"}
	}
	p := &parser{lexer: lexer{text: text}, maxDepth: maxDepth, form: form}
	call, err := p.call("", 1)
	if err != nil {
		return nil, err
	}
	if p.skipSpace() < len(text) {
		return nil, p.expected("", "the end")
	}
	return call, nil
}

// Position returns the line and the column of an offset in a text, both from 1
// on. Lines end with \n, and each character (code point) is one column, tabs
// included.
func Position(text string, offset int) (line, column int) {
	before := text[:offset]
	lastLine := before[strings.LastIndexByte(before, '\n')+1:]
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(lastLine)
}

// validPrefix returns the length of the longest valid UTF-8 at the beginning of
// s.
func validPrefix(s string) int {
	n := 0
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}
