package rbac

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/expr"
	"github.com/rbac-go/rbac/internal/names"
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
// msg="…", which acts like [WithMessage]. Strings are Go strings in double
// quotes, as [strconv.Quote] prints them. Spaces, tabs and line ends may stand
// between the tokens, and a comma may follow the last argument.
//
// Parse is the inverse of String: the printed form of p is parsed into a
// predicate that prints and decides like p, as long as the printed form has at
// most 64 KiB. Two kinds of predicate cannot be parsed: a [Func], which is Go
// code that no expression can name, and a predicate that is broken for
// everybody, such as Not(nil) or InGroup("").
//
// The error is a [*ParseError], which is ErrInvalid: the expression is not in
// the form above, has an argument that its predicate cannot use, is longer than
// 64 KiB, is not UTF-8 or is nested deeper than 100.
//
// An expression decides who gets in, so accept expressions only from people who
// may decide that. Parse does not look up groups and permissions;
// [Authority.Validate] does.
func Parse(s string) (Predicate, error) {
	call, fault := expr.Parse(s, maxDepth, lookUpForm)
	if fault != nil {
		return nil, parseError(s, fault.Offset, invalid("predicate", fault.Within, "", fault.Reason))
	}
	return build(s, call)
}

// ParseError is the ErrInvalid of [Parse].
type ParseError struct {
	// Line and Column are the place of the fault, from 1 on. Each character
	// (code point) is one column, tabs included. Lines end with \n.
	Line, Column int
	// Err describes the fault. Its Record is "predicate" and its Name is the
	// predicate around the fault, if there is one. For the invalid name of a
	// user, group or permission, its Record is "user", "group" or "permission".
	Err *Error
}

// Error reads like: line 1, column 9: predicate "not": rbac: invalid: expected
// a predicate, found ")".
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

// form is the way in which a predicate is written, and its constructor.
type form struct {
	expr.Form
	check func(text string) error // of each string, before build; returns an *Error
	build func(texts []string, parts []Predicate) Predicate
}

// forms is the vocabulary of expressions.
var forms = map[string]form{
	"all":                  formOfParts(true, All),
	"any":                  formOfParts(true, Any),
	"not":                  formOfParts(false, func(p Predicate, _ ...Predicate) Predicate { return Not(p) }),
	"in":                   formOfScope(In),
	"is_anonymous":         formOfNothing(IsAnonymous),
	"not_anonymous":        formOfNothing(NotAnonymous),
	"is_user":              formOfOne(canonicalUser, IsUser),
	"is_user_id":           formOfOne(userIDOf, IsUserID),
	"in_group":             formOfOne(groupOf, InGroup),
	"in_all_groups":        formOfList(groupOf, InAllGroups),
	"in_any_group":         formOfList(groupOf, InAnyGroup),
	"has_permission":       formOfOne(permissionOf, HasPermission),
	"has_all_permissions":  formOfList(permissionOf, HasAllPermissions),
	"has_any_permission":   formOfList(permissionOf, HasAnyPermission),
	"from_net":             formOfMany(netOf, FromNet),
	"authenticated_within": formOfOne(loginWithin, AuthenticatedWithin),
}

// formOfParts is the form of a predicate with parts.
func formOfParts(more bool, construct func(Predicate, ...Predicate) Predicate) form {
	return form{
		Form:  expr.Form{Takes: []expr.Kind{expr.ACall}, More: more},
		build: func(_ []string, parts []Predicate) Predicate { return construct(parts[0], parts[1:]...) },
	}
}

// formOfScope is the form of a predicate with a scope and one part.
func formOfScope(construct func(string, Predicate) Predicate) form {
	return form{
		Form:  expr.Form{Takes: []expr.Kind{expr.AString, expr.ACall}},
		check: func(scope string) error { return invalid("predicate", "in", "", badScope(scope)) },
		build: func(texts []string, parts []Predicate) Predicate { return construct(texts[0], parts[0]) },
	}
}

// formOfNothing is the form of a predicate without arguments.
func formOfNothing(construct func() Predicate) form {
	return form{build: func([]string, []Predicate) Predicate { return construct() }}
}

// formOfOne is the form of a predicate of one value, which read returns for a
// string.
func formOfOne[T any](read func(string) (T, error), construct func(T) Predicate) form {
	f := formOfMany(read, func(value T, _ ...T) Predicate { return construct(value) })
	f.More = false
	return f
}

// formOfMany is the form of a predicate of one or more values.
func formOfMany[T any](read func(string) (T, error), construct func(T, ...T) Predicate) form {
	return form{
		Form: expr.Form{Takes: []expr.Kind{expr.AString}, More: true},
		check: func(text string) error {
			_, err := read(text)
			return err
		},
		build: func(texts []string, _ []Predicate) Predicate {
			var values []T
			for _, text := range texts {
				value, _ := read(text) // checked
				values = append(values, value)
			}
			return construct(values[0], values[1:]...)
		},
	}
}

// formOfList is the form of a predicate that stands for a compound with one
// part for each value.
func formOfList[T any](read func(string) (T, error), construct func(T, ...T) Predicate) form {
	f := formOfMany(read, construct)
	f.Depth = 2
	return f
}

func groupOf(name string) (string, error) { return name, validName("group", "Name", name) }

// permissionOf accepts the name of a permission, and no pattern.
func permissionOf(name string) (string, error) {
	if reason := names.CheckNoPattern(name); reason != "" {
		return "", invalid("permission", name, "Name", reason)
	}
	return name, validName("permission", "Name", name)
}

// userIDOf accepts ids in the printed form only.
func userIDOf(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 || id == uuid.Nil {
		return uuid.Nil, invalid("predicate", "is_user_id", "",
			strconv.Quote(names.Printable(text, 64))+" is no id of a user")
	}
	return id, nil
}

// lookUpForm returns the form of a predicate, or the reason why there is none.
func lookUpForm(name string) (f expr.Form, reason string) {
	if f, ok := forms[name]; ok {
		return f.Form, ""
	}
	name = names.Printable(name, names.MaxName)
	if reason := unwritable[name]; reason != "" {
		return expr.Form{}, reason
	}
	reason = "there is no such predicate"
	if question := names.Suggestion(name, slices.Sorted(maps.Keys(forms))); question != "" {
		reason += "; " + question
	}
	return expr.Form{}, reason
}

// unwritable has the words that String prints for predicates that no expression
// can name.
var unwritable = map[string]string{
	"func": "a Func is Go code, which an expression cannot name",
	"nil":  "it stands for a predicate that was missing",
	"…":    "it stands for parts that were left out, because there were too many or too deep ones",
}
