package rbac

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rbac-go/rbac/internal/names"
)

// maxExpression is in bytes. It bounds the number of parts, too, since each takes some.
const maxExpression = 64 << 10

// Parse makes a predicate of an expression, such as its String prints:
//
//	any(is_user("root"), has_permission("manage"), msg="Only administrators")
//
// The predicates are
//
//	all(p, …)  any(p, …)  not(p)
//	is_user("bob")  is_user_id("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
//	is_anonymous()  not_anonymous()
//	in_group("a")  in_all_groups("a", …)  in_any_group("a", …)
//	has_permission("a")  has_all_permissions("a", …)  has_any_permission("a", …)
//	from_net("10.0.0.0/8", …)  authenticated_within("15m")
//
// each as the constructor of that name makes it, and with a last argument msg="…" as [WithMessage] does.
// Strings are those of Go in double quotes, as [strconv.Quote] prints them. Between the words there may be
// spaces, tabs and line ends, and after the last argument a comma.
//
// Parse is the inverse of String: what p prints is parsed into a predicate that prints the same and
// decides alike, as long as it has at most 64 KiB. There are exceptions: a [Func], which is Go code
// and cannot be named here, and what is broken for everybody, such as Not(nil) or InGroup("").
//
// The error is a [*ParseError], which is ErrInvalid: the expression is not in this form, has an argument that its
// predicate cannot use, is longer than 64 KiB, is not UTF-8 or is nested deeper than 100.
//
// An expression decides who gets in, so take it only from those who may decide that. Whether its groups and
// permissions exist is another question: ask [Authority.Validate].
func Parse(s string) (Predicate, error) {
	if len(s) > maxExpression {
		return nil, (&parser{text: s}).errorAt(0, "", "longer than 64 KiB")
	}
	ps := &parser{text: s}
	if !utf8.ValidString(s) {
		return nil, ps.errorAt(validLength(s), "", "not valid UTF-8")
	}
	p, err := ps.predicate("", 1)
	if err != nil {
		return nil, err
	}
	if !ps.atEnd() {
		return nil, ps.expected("", "the end")
	}
	return p, nil
}

// ParseError is the ErrInvalid of [Parse].
type ParseError struct {
	// Line and Column tell where the fault is, from 1 on. A column is one
	// character (code point), a tab too; lines end with \n.
	Line, Column int
	// Err tells what the fault is. Its Record is "predicate", and its Name the
	// predicate around the fault, if any; or it is the error on an invalid name of a "user", "group" or "permission".
	Err *Error
}

// Error reads like: line 1, column 9: predicate "not": rbac: invalid: expected a predicate, found ")".
func (e *ParseError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the [*Error].
func (e *ParseError) Unwrap() error { return e.Err }

// parser reads a text from left to right. Its methods that read skip white space first.
type parser struct {
	text string
	pos  int // in bytes
}

// predicate reads one. within is the name of the predicate around it, level how deep it is.
func (ps *parser) predicate(within string, level int) (Predicate, error) {
	at := ps.skip()
	name := ps.word()
	if name == "" {
		return nil, ps.expected(within, "a predicate")
	}
	c := &call{name: name, at: at, level: level}
	var err error
	if c.form, err = formOf(name); err != nil {
		return nil, ps.wrap(at, err)
	}
	if level > maxDepth {
		return nil, ps.tooDeep(c)
	}
	if err := ps.arguments(c); err != nil {
		return nil, err
	}
	return ps.build(c)
}

// arguments reads what stands in parentheses.
func (ps *parser) arguments(c *call) error {
	if !ps.accept("(") {
		return ps.expected(c.name, `"("`)
	}
	for !ps.accept(")") {
		if err := ps.argument(c); err != nil {
			return err
		}
		if ps.accept(",") {
			continue
		}
		if !ps.accept(")") {
			return ps.expected(c.name, `"," or ")"`)
		}
		break
	}
	if c.count() < len(c.form.takes) {
		ps.pos-- // back to the parenthesis
		return ps.expected(c.name, c.wants())
	}
	return nil
}

func (ps *parser) argument(c *call) (err error) {
	at := ps.skip()
	switch {
	case c.msg != "":
		return ps.expected(c.name, `")"`)
	case ps.acceptWord("msg"):
		c.msg, err = ps.message(c)
	case c.wants() == "":
		return ps.expected(c.name, `")"`)
	case c.wants() == aPredicate:
		var part Predicate
		part, err = ps.predicate(c.name, c.level+1)
		c.parts = append(c.parts, part)
	default:
		var text string
		if text, err = ps.quoted(c.name); err != nil {
			return err
		}
		c.texts = append(c.texts, text)
		if err := c.form.check(text); err != nil {
			return ps.wrap(at, err)
		}
	}
	return err
}

// message reads ="…". An empty one, which would be none, is a mistake of who wrote it.
func (ps *parser) message(c *call) (string, error) {
	if !ps.accept("=") {
		return "", ps.expected(c.name, `"="`)
	}
	at := ps.skip()
	msg, err := ps.quoted(c.name)
	if err == nil && msg == "" {
		return "", ps.errorAt(at, c.name, "the msg is empty")
	}
	return msg, err
}

func (ps *parser) build(c *call) (Predicate, error) {
	p := own(c.form.build(c.texts, c.parts))
	if c.level-1+p.depth > maxDepth {
		return nil, ps.tooDeep(c)
	}
	if f, ok := p.rule.(*flawed); ok {
		return nil, ps.errorAt(c.at, c.name, f.cause)
	}
	return WithMessage(p, c.msg), nil
}

func (ps *parser) tooDeep(c *call) error {
	return ps.errorAt(c.at, c.name, fmt.Sprintf("nested deeper than %d", maxDepth))
}

// skip goes on behind white space and returns where that is.
func (ps *parser) skip() int {
	rest := strings.TrimLeft(ps.text[ps.pos:], " \t\r\n")
	ps.pos = len(ps.text) - len(rest)
	return ps.pos
}

func (ps *parser) atEnd() bool { return ps.skip() == len(ps.text) }

func (ps *parser) accept(sign string) bool {
	at := ps.skip()
	if !strings.HasPrefix(ps.text[at:], sign) {
		return false
	}
	ps.pos += len(sign)
	return true
}

func (ps *parser) acceptWord(word string) bool {
	at := ps.skip()
	if ps.word() == word {
		return true
	}
	ps.pos = at
	return false
}

// word returns "" where there is none.
func (ps *parser) word() string {
	word := wordAt(ps.text[ps.skip():])
	ps.pos += len(word)
	return word
}

// wordAt takes more than predicates are named with, so that errors name what was written.
func wordAt(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && r != '…' && !unicode.In(r, unicode.L, unicode.M, unicode.N)
	})
	if end < 0 {
		return text
	}
	return text[:end]
}

// quoted reads a string in double quotes.
func (ps *parser) quoted(within string) (string, error) {
	if !ps.accept(`"`) {
		return "", ps.expected(within, aString)
	}
	opened := ps.pos - 1
	var b []byte
	for {
		rest := ps.text[ps.pos:]
		if rest == "" || rest[0] == '\n' {
			return "", ps.errorAt(opened, within, `the string has no closing "`)
		}
		if rest[0] == '"' {
			ps.pos++
			return string(b), nil
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			return "", ps.errorAt(ps.pos, within, `\ begins no escape of a Go string`)
		}
		if multibyte {
			b = utf8.AppendRune(b, r)
		} else {
			b = append(b, byte(r))
		}
		ps.pos = len(ps.text) - len(tail)
	}
}

// expected is the error at the next word, which is another one than that.
func (ps *parser) expected(within, what string) error {
	at := ps.skip()
	return ps.errorAt(at, within, "expected "+what+", found "+foundAt(ps.text[at:]))
}

func foundAt(rest string) string {
	if rest == "" {
		return "the end"
	}
	if word := wordAt(rest); word != "" {
		return "the word " + names.Printable(word, 64)
	}
	_, size := utf8.DecodeRuneInString(rest)
	found := rest[:size]
	if found == `"` {
		return "a string"
	}
	return strconv.Quote(found)
}

func (ps *parser) errorAt(at int, within, reason string) error {
	return ps.wrap(at, &Error{Kind: ErrInvalid, Record: "predicate", Name: within, Reason: reason})
}

// wrap says where an *Error is.
func (ps *parser) wrap(at int, err error) error {
	what, _ := errors.AsType[*Error](err)
	before := ps.text[:at]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &ParseError{Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(line), Err: what}
}

// validLength is how many bytes at the beginning of s are valid UTF-8.
func validLength(s string) int {
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
