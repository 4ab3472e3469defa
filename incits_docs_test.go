package rbac_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// The document lists the 43 functions of INCITS 359, each with functions of
// this package.
func TestINCITSTable(t *testing.T) {
	text, err := os.ReadFile("docs/incits359.md")
	must(t, err)
	functions := map[string]bool{}
	name := regexp.MustCompile("`(Authority\\.)?(\\w+)`")
	for _, line := range strings.Split(string(text), "\n") {
		row := strings.Split(line, "|")
		if len(row) < 6 || !strings.HasPrefix(row[1], " 6.") {
			continue
		}
		functions[strings.TrimRight(row[2], " ●")] = true
		named := name.FindAllStringSubmatch(row[3], -1)
		if len(named) == 0 {
			t.Errorf("%s: nothing is named", row[2])
		}
		for _, m := range named {
			of := reflect.TypeFor[*rbac.Tx]()
			if m[1] != "" {
				of = reflect.TypeFor[*rbac.Authority]()
			}
			if _, ok := of.MethodByName(m[2]); !ok {
				t.Errorf("%s: %v has no %s", row[2], of, m[2])
			}
		}
	}
	if len(functions) != 43 {
		t.Errorf("%d functions are listed; the standard has 43", len(functions))
	}
}

// The document marks the functions that the cases call, and no further
// functions.
func TestINCITSTableMarksTheCases(t *testing.T) {
	fixtures, cases := incitsCases(t)
	called := map[string]bool{}
	for _, c := range cases {
		for _, s := range append(append(fixtures[c.Fixture], c.Setup...), c.Steps...) {
			called[s.Op] = true
		}
	}
	text, err := os.ReadFile("docs/incits359.md")
	must(t, err)
	for _, row := range regexp.MustCompile(`(?m)^\| 6\.[^|]*\| (\w+)( ●)? \|`).FindAllStringSubmatch(string(text), -1) {
		if called[row[1]] != (row[2] != "") {
			t.Errorf("%s is marked %t; the cases call it: %t", row[1], row[2] != "", called[row[1]])
		}
	}
}
