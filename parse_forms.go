package rbac

import (
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/expr"
	"github.com/rbac-go/rbac/internal/names"
)

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

// formOfOne is the form of a predicate of one value, which read returns for a string.
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

// formOfList is the form of a predicate that stands for a compound with one part for each
// value.
func formOfList[T any](read func(string) (T, error), construct func(T, ...T) Predicate) form {
	f := formOfMany(read, construct)
	f.Depth = 2
	return f
}

func groupOf(name string) (string, error) { return name, validName("group", "Name", name) }

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
		return uuid.Nil, invalid("predicate", "is_user_id", "", strconv.Quote(names.Printable(text, 64))+" is no id of a user")
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

// unwritable has the words that String prints for predicates that no expression can
// name.
var unwritable = map[string]string{
	"func": "a Func is Go code, which an expression cannot name",
	"nil":  "it stands for a predicate that was missing",
	"…":    "it stands for parts that were left out, because there were too many or too deep ones",
}
