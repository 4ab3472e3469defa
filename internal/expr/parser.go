package expr

import (
	"fmt"

	"github.com/rbac-go/rbac/internal/names"
)

// parser reads calls from the tokens of a lexer.
type parser struct {
	lexer
	maxDepth int
	form     func(name string) (Form, string)
}

// call reads one call. The argument within is the name of the call around it,
// and level is 1 for the outermost call.
func (p *parser) call(within string, level int) (*Call, *Error) {
	c := &Call{Offset: p.skipSpace()}
	if c.Name = p.word(); c.Name == "" {
		return nil, p.expected(within, string(ACall))
	}
	form, reason := p.form(c.Name)
	if reason != "" {
		return nil, &Error{c.Offset, names.Printable(c.Name, names.MaxName), reason}
	}
	if level-1+max(1, form.Depth) > p.maxDepth {
		return nil, &Error{c.Offset, c.Name, fmt.Sprintf("nested deeper than %d", p.maxDepth)}
	}
	return c, p.arguments(c, form, level)
}

// arguments reads the arguments of a call with their parentheses.
func (p *parser) arguments(c *Call, form Form, level int) *Error {
	if !p.accept("(") {
		return p.expected(c.Name, `"("`)
	}
	for !p.accept(")") {
		if err := p.argument(c, form, level); err != nil {
			return err
		}
		if p.accept(",") {
			continue
		}
		if !p.accept(")") {
			return p.expected(c.Name, `"," or ")"`)
		}
		break
	}
	if c.count() < len(form.Takes) {
		p.pos-- // back to the parenthesis
		return p.expected(c.Name, string(c.wants(form)))
	}
	return nil
}

// argument reads one argument: a message, a call or a string, as the form of
// the call requires.
func (p *parser) argument(c *Call, form Form, level int) (err *Error) {
	at := p.skipSpace()
	wants := c.wants(form)
	switch {
	case c.Message != "":
		return p.expected(c.Name, `")"`)
	case p.acceptWord("msg"):
		c.Message, err = p.message(c.Name)
	case wants == "":
		return p.expected(c.Name, `")"`)
	case wants == ACall:
		var part *Call
		part, err = p.call(c.Name, level+1)
		c.Calls = append(c.Calls, part)
	default:
		var value string
		value, err = p.quoted(c.Name)
		c.Strings = append(c.Strings, String{value, at})
	}
	return err
}

// message reads ="…". An empty message would be the same as none, so an author
// who writes one has made a mistake.
func (p *parser) message(within string) (string, *Error) {
	if !p.accept("=") {
		return "", p.expected(within, `"="`)
	}
	at := p.skipSpace()
	msg, err := p.quoted(within)
	if err == nil && msg == "" {
		return "", &Error{at, within, "the msg is empty"}
	}
	return msg, err
}

func (c *Call) count() int { return len(c.Strings) + len(c.Calls) }

// wants returns the kind of the next argument, "" if no further argument may
// follow.
func (c *Call) wants(form Form) Kind {
	n := c.count()
	switch {
	case n < len(form.Takes):
		return form.Takes[n]
	case form.More:
		return form.Takes[len(form.Takes)-1]
	}
	return ""
}
