package explain

import (
	"strconv"
	"strings"

	"github.com/rbac-go/rbac/internal/policy"
)

// MaxListed keeps messages short: at most MaxListed names are listed, and then
// the number of further names.
const MaxListed = 5

// List joins the first MaxListed names, and appends the number of further
// names.
func List(names []string, separator string) string { return ListOf(names, len(names), separator) }

// ListOf is List for the first of several names; all is the number of
// names.
func ListOf(names []string, all int, separator string) string {
	if all <= MaxListed {
		return strings.Join(names, separator)
	}
	return strings.Join(names[:MaxListed], separator) + " and " + strconv.Itoa(all-MaxListed) + " more"
}

// Violation reads like: fewer than 2 of accounting, auditing may come
// together: bob → seniors → accounting, bob → auditing.
func Violation(v policy.Violation, setGroups []string, user string) string {
	text := "fewer than " + strconv.Itoa(v.Set().Cardinality) + " of " +
		List(setGroups, ", ") + " may come together"
	if v.Scope != "" {
		text += " in " + v.Scope
	}
	var paths []string
	for _, path := range v.Paths() {
		paths = append(paths, strings.Join(append([]string{user}, path...), " → "))
	}
	return text + ": " + List(paths, ", ")
}
