package rbac

import (
	"errors"
	"fmt"

	"github.com/rbac-go/rbac/internal/expr"
)

// Parse returns the predicate of an expression, such as String prints:
//
//	any(is_user("root"), has_permission("manage"), msg="Only administrators")
//
// The predicates are
//
//	all(p, …)  any(p, …)  not(p)  in("org:42", p)
//	is_user("bob")  is_user_id("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
//	is_anonymous()  not_anonymous()
//	in_group("a")  in_all_groups("a", …)  in_any_group("a", …)
//	has_permission("a")  has_all_permissions("a", …)  has_any_permission("a", …)
//	from_net("10.0.0.0/8", …)  authenticated_within("15m")
//
// Each is made by the constructor of the same name, and takes a last argument
// msg="…", which acts like [WithMessage]. Strings are those of Go in double quotes,
// as [strconv.Quote] prints them. Between the tokens there may be spaces, tabs and
// line ends, and after the last argument a comma.
//
// Parse is the inverse of String: the printed form of p is parsed into a predicate
// that prints and decides like p, as long as the printed form has at most 64 KiB.
// Two kinds of predicate cannot be parsed: a [Func], which is Go code that no
// expression can name, and a predicate that is broken for everybody, such as
// Not(nil) or InGroup("").
//
// The error is a [*ParseError], which is ErrInvalid. The expression is not in the
// form above, has an argument that its predicate cannot use, is longer than 64 KiB,
// is not UTF-8 or is nested deeper than 100.
//
// An expression decides who gets in, so accept expressions only from people who may
// decide that. Parse does not look up groups and permissions; [Authority.Validate]
// does.
func Parse(s string) (Predicate, error) {
	call, fault := expr.Parse(s, maxDepth, lookUpForm)
	if fault != nil {
		return nil, parseError(s, fault.Offset, invalid("predicate", fault.Within, "", fault.Reason))
	}
	return build(s, call)
}

// ParseError is the ErrInvalid of [Parse].
type ParseError struct {
	// Line and Column are the place of the fault, from 1 on. Each character (code
	// point) is one column, tabs included. Lines end with \n.
	Line, Column int
	// Err describes the fault. Its Record is "predicate" and its Name is the
	// predicate around the fault, if there is one. For the invalid name of a user,
	// group or permission, its Record is "user", "group" or "permission".
	Err *Error
}

// Error reads like: line 1, column 9: predicate "not": rbac: invalid: expected a predicate, found ")".
func (e *ParseError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the [*Error].
func (e *ParseError) Unwrap() error { return e.Err }

// parseError returns an *Error with its place in a text.
func parseError(text string, offset int, err error) *ParseError {
	e := &ParseError{}
	e.Line, e.Column = expr.Position(text, offset)
	e.Err, _ = errors.AsType[*Error](err)
	return e
}

// build makes the predicate of a call in a text.
func build(text string, c *expr.Call) (Predicate, error) {
	form := forms[c.Name]
	var texts []string
	for _, s := range c.Strings {
		if err := form.check(s.Value); err != nil {
			return nil, parseError(text, s.Offset, err)
		}
		texts = append(texts, s.Value)
	}
	var parts []Predicate
	for _, call := range c.Calls {
		part, err := build(text, call)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	p := own(form.build(texts, parts))
	if f, ok := p.rule.(*flawed); ok {
		return nil, parseError(text, c.Offset, invalid("predicate", c.Name, "", f.cause))
	}
	return WithMessage(p, c.Message), nil
}
