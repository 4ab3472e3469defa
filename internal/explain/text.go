package explain

import (
	"strconv"
	"strings"
	"time"

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

// Ago is exact to the minute, and within the first minute to the second.
func Ago(age time.Duration) string {
	switch {
	case age < time.Second:
		return "just now"
	case age < time.Minute:
		return Duration(age.Truncate(time.Second)) + " ago"
	}
	return Duration(age.Truncate(time.Minute)) + " ago"
}

// Duration prints 15m0s as 15m, and 2h0m0s as 2h.
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
