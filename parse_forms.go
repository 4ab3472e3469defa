package rbac

import (
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
)

// What an argument can be, as errors say it.
const (
	aString    = "a string in double quotes"
	aPredicate = "a predicate"
)

// form is how a predicate is written.
type form struct {
	takes []string                // the arguments that there must be: aString or aPredicate
	more  bool                    // further ones of the last kind may follow
	check func(text string) error // each string, before build; an *Error
	build func(texts []string, parts []Predicate) Predicate
}

// forms is the vocabulary of expressions.
var forms = map[string]form{
	"all":                  {[]string{aPredicate}, true, nil, func(_ []string, p []Predicate) Predicate { return All(p[0], p[1:]...) }},
	"any":                  {[]string{aPredicate}, true, nil, func(_ []string, p []Predicate) Predicate { return Any(p[0], p[1:]...) }},
	"not":                  {[]string{aPredicate}, false, nil, func(_ []string, p []Predicate) Predicate { return Not(p[0]) }},
	"in":                   {[]string{aString, aPredicate}, false, checkScope, func(s []string, p []Predicate) Predicate { return In(s[0], p[0]) }},
	"is_anonymous":         bare(IsAnonymous),
	"not_anonymous":        bare(NotAnonymous),
	"is_user":              single(canonicalUser, IsUser),
	"is_user_id":           single(idOf, IsUserID),
	"in_group":             single(groupOf, InGroup),
	"in_all_groups":        listing(groupOf, InAllGroups),
	"in_any_group":         listing(groupOf, InAnyGroup),
	"has_permission":       single(permissionOf, HasPermission),
	"has_all_permissions":  listing(permissionOf, HasAllPermissions),
	"has_any_permission":   listing(permissionOf, HasAnyPermission),
	"from_net":             listing(netOf, FromNet),
	"authenticated_within": single(loginWithin, AuthenticatedWithin),
}

func bare(make func() Predicate) form {
	return form{build: func([]string, []Predicate) Predicate { return make() }}
}

// single is the form of a predicate of one value, which read makes of its text.
func single[T any](read func(string) (T, error), make func(T) Predicate) form {
	f := listing(read, func(value T, _ ...T) Predicate { return make(value) })
	f.more = false
	return f
}

// listing is the form of a predicate of one or more values.
func listing[T any](read func(string) (T, error), make func(T, ...T) Predicate) form {
	return form{
		takes: []string{aString},
		more:  true,
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
			return make(values[0], values[1:]...)
		},
	}
}

func groupOf(name string) (string, error) { return name, validName("group", "Name", name) }

func permissionOf(name string) (string, error) {
	if reason := policy.PermissionFault(name); reason != "" {
		return "", invalid("permission", name, "Name", reason)
	}
	return name, validName("permission", "Name", name)
}

func checkScope(scope string) error {
	return invalid("predicate", "in", "", badScope(scope))
}

// idOf takes the one form in which ids are printed.
func idOf(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 || id == uuid.Nil {
		return uuid.Nil, invalid("predicate", "is_user_id", "", strconv.Quote(printable(text, 64))+" is no id of a user")
	}
	return id, nil
}

// unwritten are the words that String prints where there is no expression.
var unwritten = map[string]string{
	"func": "a Func is Go code, which an expression cannot name",
	"nil":  "it stands for a predicate that was missing",
	"…":    "it stands for parts that were left out, because there were too many or too deep ones",
}

func formOf(name string) (form, error) {
	f, ok := forms[name]
	if ok {
		return f, nil
	}
	name = printable(name, maxName)
	reason := unwritten[name]
	if reason == "" {
		reason = "there is no such predicate"
		if meant := suggestion(name, slices.Sorted(maps.Keys(forms))); meant != "" {
			reason += "; " + meant
		}
	}
	return form{}, &Error{Kind: ErrInvalid, Record: "predicate", Name: name, Reason: reason}
}

// call is a predicate as it is read.
type call struct {
	name  string
	at    int // in bytes
	level int // the outermost has 1
	form  form
	texts []string
	parts []Predicate
	msg   string
}

func (c *call) count() int { return len(c.texts) + len(c.parts) }

// wants is what the next argument may be, "" if there is no next one.
func (c *call) wants() string {
	n, takes := c.count(), c.form.takes
	switch {
	case n < len(takes):
		return takes[n]
	case c.form.more:
		return takes[len(takes)-1]
	}
	return ""
}
