package policyfile

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// Errors name the file, the line and the key, and what to write instead.
func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "p.yaml: rbac: invalid: the file is empty"},
		{"# nothing\n", "p.yaml: rbac: invalid: the file is empty"},
		{"- name: x", "p.yaml:1: rbac: invalid: the file: expected a mapping of keys to values, found a list"},
		{"groups: []", `p.yaml:1: rbac: invalid: the file: the key "name" is missing`},
		{"name: x\n---\nname: y\n", "p.yaml:2: rbac: invalid: a file has one document"},
		{"name: x\ngrops: []", `p.yaml:1: rbac: invalid: the file: there is no key "grops": did you mean "groups"?`},
		{"name: x\nname: y", "p.yaml:2: rbac: invalid: name: the key is also in line 1"},
		{"name: 12", "p.yaml:1: rbac: invalid: name: 12 is no text: write it in quotes"},
		{"name: [x]", "p.yaml:1: rbac: invalid: name: expected a text, found a list"},
		{"name:", "p.yaml:1: rbac: invalid: name: expected a text, found no value: leave out the key"},
		{"name: ' x'", `p.yaml:1: rbac: invalid: name: " x": leading or trailing space`},
		{"name: x\ngroups:", "p.yaml:2: rbac: invalid: groups: expected a list, found no value: leave out the key"},
		{"name: &n x\ngroups:\n- name: *n", "p.yaml:3: rbac: invalid: name: expected a text, found an alias: write the value itself"},
		{"name: x\ngroups:\n- <<: {note: x}\n  name: a", `p.yaml:3: rbac: invalid: groups: there is no key "<<"`},
		{"name: x\ngroups:\n- note: n", `p.yaml:3: rbac: invalid: groups: the key "name" is missing`},
		{"name: x\ngroups:\n- name: a\n- name: b\n- name: a", "p.yaml:5: rbac: invalid: groups: the group a is also in line 3"},
		{"name: x\ngroups:\n- name: a\n  grants:\n  - p\n  - permission: p\n    note: n", "p.yaml:6: rbac: invalid: grants: the grant p to a is also in line 5"},
		{"name: x\ngroups:\n- name: a\n  grants: [post..*]", `p.yaml:4: rbac: invalid: grants: "post..*": a pattern has no empty segment`},
		{"name: x\ngroups:\n- name: a\n  grants: [{permission: p, nota: n}]", `p.yaml:4: rbac: invalid: grants: there is no key "nota": did you mean "note"?`},
		{"name: x\npermissions:\n- name: p*", `p.yaml:3: rbac: invalid: name: "p*": contains *`},
		{"name: x\nsections:\n- name: s\n  position: first", `p.yaml:4: rbac: invalid: position: expected a whole number, found "first"`},
		{"name: x\nsections:\n- name: s\n  position: 1.5", `p.yaml:4: rbac: invalid: position: expected a whole number, found "1.5"`},
		{"name: x\nseparations:\n- name: s\n  groups: [a, a]\n  cardinality: 2", "p.yaml:4: rbac: invalid: groups: a is named twice"},
		{"name: x\nseparations:\n- name: s\n  groups: [a, b]", `p.yaml:3: rbac: invalid: separations: the key "cardinality" is missing`},
		{"name: x\nseparations:\n- name: s\n  groups: [a, b]\n  cardinality: 2\n  dynamic: maybe", `p.yaml:6: rbac: invalid: dynamic: expected true or false, found "maybe"`},
		{"name: x\ndelegations:\n- group: a", `p.yaml:3: rbac: invalid: delegations: the key "assign" is missing`},
		{"name: x\nmemberships:\n- user: amy\n  group: a\n  until: tomorrow", `p.yaml:5: rbac: invalid: until: expected a time such as 2030-01-31T00:00:00Z, found "tomorrow"`},
		{"name: x\nmemberships:\n- user: amy\n  group: a\n- user: AMY\n  group: a", "p.yaml:5: rbac: invalid: memberships: the membership amy in a is also in line 3"},
		{"name: x\nmemberships:\n- user: a  b\n  group: a", `p.yaml:3: rbac: invalid: user: "a  b": not a user name`},
		{"name: x\n  groups: []", "p.yaml:2: rbac: invalid: mapping values are not allowed in this context"},
		{`{"name": "x", "groups": [{"name": 1}]}`, "p.yaml:1: rbac: invalid: name: 1 is no text: write it in quotes"},
	} {
		_, err := Read("p.yaml", []byte(c.text))
		if !errors.Is(err, rbac.ErrInvalid) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n%v\nwant\n%s", c.text, err, c.want)
		}
	}
}

// All errors come at once, up to a number that people can read.
func TestReadReportsAllErrors(t *testing.T) {
	_, err := Read("p.yaml", []byte("name: x\nsections:\n- name: 1\n- title: t\ngroup: []\n"))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("three errors: %v", err)
	}
	_, err = Read("p.yaml", []byte("name: x\nsections:\n"+strings.Repeat("- name: 1\n", 100)))
	if err == nil || strings.Count(err.Error(), "\n") != maxErrors || !strings.HasSuffix(err.Error(), errTooMany.Error()) {
		t.Errorf("many errors: %v", err)
	}
}

// JSON of other programs is read like that of ours.
func TestReadJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"name":"\ud83d\ude00 \\ud83d\\ude00"}`:   "😀 \\ud83d\\ude00",
		"\n {\t\"name\":\n\t\"caf\u00e9\\/bar\" }": "café/bar",
	} {
		f, err := Read("p.json", []byte(text))
		must(t, err)
		equal(t, text, f.Name, want)
	}
}
