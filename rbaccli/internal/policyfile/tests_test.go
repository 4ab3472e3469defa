package policyfile

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// run runs a file of tests, and returns the results as lines.
func (h *house) run(text string) string {
	h.t.Helper()
	tests, err := ReadTests("tests.yaml", []byte(text))
	must(h.t, err)
	results, err := tests.Run(h.ctx(), h.Authority)
	must(h.t, err)
	var b strings.Builder
	for _, r := range results {
		b.WriteString(r.String() + "\n")
	}
	return b.String()
}

// Each question passes or fails with its line and the reason.
func TestPolicyTests(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h := open()
		h.users("amy", "bob", "cyd")
		h.apply(blog+members, false)
		equal(t, "the results", h.run(`
- name: administrators
  user: AMY
  may: [post.read, 'any(in_group("admins"), has_permission("invoice.pay"))']
  may_not: [post.edit]
- user: bob
  scope: org:1
  may:
    - post.read
  may_not:
    - invoice.pay
- user: bob
  may_not: [post.read]
- groups: [readers, {group: editors, scope: "org:2"}]
  scope: org:2
  may: [post.edit]
`), `tests.yaml:4: amy may post.read: passed: admins gives post.read by the pattern *
tests.yaml:4: amy may any(in_group("admins"), has_permission("invoice.pay")): passed: amy is in admins, admins gives invoice.pay by the pattern *
tests.yaml:5: amy may not post.edit: FAILED: admins gives post.edit by the pattern *
tests.yaml:9: bob may post.read at org:1: passed: in org:1: editors gives post.read by the pattern post.*
tests.yaml:11: bob may not invoice.pay at org:1: passed: in org:1: needs invoice.pay, which the groups admins, payers give; bob is in editors, readers
tests.yaml:13: bob may not post.read: passed: needs post.read, which the groups admins, editors, readers give; bob's groups hold in org:1 only
tests.yaml:16: a member of readers, editors at org:2 may post.edit at org:2: passed: in org:2: editors gives post.edit
`)
	})
}

// A policy can be tested without users, in an empty store.
func TestPolicyTestsWithoutUsers(t *testing.T) {
	h := inMemory(t)
	h.apply(blog, false)
	before := h.Revision()
	got := h.run(`
- groups: []
  may_not: [post.read]
- groups: [editors]
  may: [post.edit, post.read]
- groups: [editors, payers]
  may: [invoice.pay]
- groups: [auditors, payers]
  may_not: [post.read]
- groups: [writers]
  may_not: [post.read]
`)
	for i, want := range []string{
		"tests.yaml:3: a user without groups may not post.read: passed: ",
		"tests.yaml:5: a member of editors may post.edit: passed: ",
		"tests.yaml:5: a member of editors may post.read: passed: ",
		"tests.yaml:7: a member of editors, payers may invoice.pay: FAILED: ", // the dynamic set
		"tests.yaml:9: a member of auditors, payers may not post.read: FAILED: SSD set \"money\": rbac: separation of duty violated",
		`tests.yaml:11: a member of writers may not post.read: FAILED: group "writers": rbac: not found`,
	} {
		if line := strings.Split(got, "\n")[i]; !strings.HasPrefix(line, want) {
			t.Errorf("%s\nwant %s", line, want)
		}
	}
	equal(t, "the revision", h.Revision(), before)
}

// A file can be tested without a store, also if it has memberships.
func TestPolicyTestsOfAFile(t *testing.T) {
	tests, err := ReadTests("t.yaml", []byte("- groups: [editors]\n  may: [post.read]\n- user: amy\n  may_not: [post.read]\n"))
	must(t, err)
	results, err := tests.RunOn(t.Context(), read(t, blog+members))
	must(t, err)
	if len(results) != 2 || !results[0].Passed || results[1].Passed || results[1].Reason != `user "amy": rbac: not found` {
		t.Errorf("%+v", results)
	}
	if _, err := tests.RunOn(t.Context(), read(t, "name: x\ngroups: [{name: a, grants: [p]}]")); !errors.Is(err, rbac.ErrNotFound) {
		t.Errorf("a policy that no store takes: %v", err)
	}
}

// A test of a user, group or permission that does not exist fails, whatever it
// expects: a typing error must not look like a denial.
func TestPolicyTestsOfUnknownNames(t *testing.T) {
	h := inMemory(t)
	h.users("amy")
	h.apply(blog, false)
	got := h.run(`
- user: amx
  may_not: [post.read]
- user: amy
  may_not: [post.raed, 'in_group("edtiors")', 'not(has_permission("nothing"))']
`)
	if strings.Contains(got, "passed") || strings.Count(got, "FAILED") != 4 ||
		!strings.Contains(got, `user "amx": rbac: not found`) || !strings.Contains(got, `post.read`) {
		t.Error(got)
	}
}

// Errors of a file of tests name file, line and key.
func TestReadTestsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "t.yaml: rbac: invalid: the file is empty",
		"[]":                                "t.yaml: rbac: invalid: the file has no tests",
		"user: amy":                         "t.yaml:1: rbac: invalid: the file: expected a list, found a mapping",
		"- may: [p]":                        `t.yaml:1: rbac: invalid: the file: a test has either the key "user" or the key "groups"`,
		"- user: amy\n  groups: []":         `t.yaml:1: rbac: invalid: the file: a test has either`,
		"- user: amy":                       `t.yaml:1: rbac: invalid: the file: a test asks for something`,
		"- user: amy\n  mey: [p]":           `t.yaml:1: rbac: invalid: the file: there is no key "mey": did you mean "may"?`,
		"- user: amy\n  may: [p.*]":         `t.yaml:2: rbac: invalid: may: "p.*": has the form of a pattern`,
		"- user: amy\n  may: ['any(x']":     `t.yaml:2: rbac: invalid: may: "any(x": line 1, column`,
		"- user: amy\n  scope: ''":          `t.yaml:2: rbac: invalid: scope: "": empty`,
		"- groups: [{scope: x}]\n  may: []": `t.yaml:1: rbac: invalid: groups: the key "group" is missing`,
	} {
		_, err := ReadTests("t.yaml", []byte(text))
		if !errors.Is(err, rbac.ErrInvalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\n%v\nwant\n%s", text, err, want)
		}
	}
}
