package policyfile

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// A file in an empty store, exported, is the file again: as YAML, as JSON, and
// from one store to the next.
func TestExportIsTheFile(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h, next := open(), open()
		h.users("amy", "bob", "cyd")
		next.users("amy", "bob", "cyd")
		h.apply(blog+members, false)
		equal(t, "the export", h.export(true), blog+members)
		next.apply(h.export(true), false)
		equal(t, "the export of the next store", next.export(true), blog+members)
		equal(t, "the export without memberships", next.export(false), blog)

		data, err := read(t, blog+members).JSON()
		must(t, err)
		f, err := Read("policy.json", data)
		must(t, err)
		again, err := f.YAML()
		must(t, err)
		equal(t, "YAML of the JSON", string(again), blog+members)
	})
}

// A second apply changes nothing and writes nothing.
func TestApplyAgainChangesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h := open()
		h.users("amy", "bob", "cyd")
		if h.apply(blog+members, true) == "" {
			t.Fatal("the first apply does something")
		}
		before := h.Revision()
		equal(t, "the second apply", h.apply(blog+members, true), "")
		equal(t, "the revision", h.Revision(), before)
		equal(t, "a plan", h.plan(blog+members, true).String(), "")
	})
}

// The file decides about every field of the records that it names, and about
// nothing else.
func TestApplyOwnsWhatItNames(t *testing.T) {
	h := inMemory(t)
	h.users("amy", "bob", "cyd")
	h.apply(blog+members, false)
	h.do(func(tx *rbac.Tx) error {
		g, err := tx.Group("editors")
		if err != nil {
			return err
		}
		g.Note = "changed"
		return errors.Join(tx.ModifyGroup(g),
			tx.ModifyGrant(rbac.Grant{Group: "editors", Permission: "post.*"}),
			tx.RevokePermission(rbac.Grant{Group: "readers", Permission: "post.read"}),
			tx.GrantPermission(rbac.Grant{Group: "readers", Permission: "post.edit"}),
			tx.ModifyDelegation(rbac.Delegation{Group: "editors", Assign: []string{"readers"}}),
			tx.SetDSDSetCardinality("desk", 2), tx.AddSSDSetMember("money", "editors"),
			tx.ModifySection(rbac.Section{Name: "posts", Title: "Posts", Position: 3}),
			tx.AddSection(rbac.Section{Name: "own"}),
			tx.ModifyMembership(rbac.Membership{User: "amy", Group: "admins", Note: "boss"}),
			tx.AssignUser(rbac.Membership{User: "amy", Group: "readers"}))
	})
	const want = `~ section "posts": position: 3 → 1
~ group "editors": note: "changed" → "Everybody who writes: staff, too"
~ grant "post.* to editors": note: none → "until the new year"
+ grant "post.read to readers"
~ separation "money (static)": groups: ["auditors","editors","payers"] → ["auditors","payers"]
~ delegation "editors": assign: ["readers"] → ["editors","readers"], note: none → "for teams", users: none → true
~ membership "amy in admins": note: "boss" → none
`
	equal(t, "the plan", h.plan(blog+members, false).String(), want+`? section "own"
? grant "post.edit to readers"
? membership "amy in readers"
`)
	equal(t, "the apply", h.apply(blog+members, false), want)
	equal(t, "what is left", h.plan(blog+members, false).String(), `? section "own"
? grant "post.edit to readers"
? membership "amy in readers"
`)
}

// After an error nothing has changed, and the error names the line.
func TestApplyIsAllOrNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h := open()
		h.users("amy")
		before := h.export(true)
		for _, c := range []struct {
			text string
			want string
			kind error
		}{
			{"groups:\n  - name: a\n    grants:\n      - no.such", `policy.yaml:5: permission "no.such": rbac: not found`, rbac.ErrNotFound},
			{"groups:\n  - name: a\n    inherits: [b]", `policy.yaml:4: group "b": rbac: not found`, rbac.ErrNotFound},
			{"groups:\n  - name: a\nmemberships:\n  - user: bob\n    group: a", `policy.yaml:5: user "bob": rbac: not found`, rbac.ErrNotFound},
			{"groups:\n  - name: a\n    inherits: [b]\n  - name: b\n    inherits: [a]", `policy.yaml:6: inheritance "b of a": rbac: inheritance cycle: a is or inherits b`, rbac.ErrCycle},
			{"groups:\n  - name: a\n  - name: b\nseparations:\n  - name: s\n    groups: [a, b]\n    cardinality: 3", `policy.yaml:6: SSD set "s": Cardinality: rbac: invalid: 3 is not from 2 to the number of groups, 2`, rbac.ErrInvalid},
			{"groups:\n  - name: a\n  - name: b\nseparations:\n  - name: s\n    groups: [a, b]\n    cardinality: 2\nmemberships:\n  - user: amy\n    group: a\n  - user: amy\n    group: b", "policy.yaml:6: SSD set \"s\": rbac: separation of duty violated: ", rbac.ErrSeparation},
			{"permissions:\n  - name: p\n    section: none", `policy.yaml:3: section "none": rbac: not found`, rbac.ErrNotFound},
		} {
			_, err := Apply(h.ctx(), h.Authority, read(t, "name: x\n"+c.text), false)
			if !errors.Is(err, c.kind) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%q:\n%v\nwant:\n%s", c.text, err, c.want)
			}
			if _, planned := NewPlan(h.ctx(), h.Authority, read(t, "name: x\n"+c.text), false); err != nil && (planned == nil || planned.Error() != err.Error()) {
				t.Errorf("the plan fails as the apply: %v, want %v", planned, err)
			}
		}
		equal(t, "the policy", h.export(true), before)
	})
}

// Cycles and separation of duty are judged by the state at the end.
func TestApplyJudgesTheEnd(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"an inheritance is turned around", `
groups:
  - name: a
    inherits: [b]
  - name: b
    inherits: [c]
  - name: c
`, `
groups:
  - name: c
    inherits: [b]
  - name: b
    inherits: [a]
  - name: a
`},
		{"a user changes sides of a set", `
groups: [{name: a}, {name: b}]
separations: [{name: s, groups: [a, b], cardinality: 2}]
memberships: [{user: amy, group: a}]
`, `
groups: [{name: a}, {name: b}]
separations: [{name: s, groups: [a, b], cardinality: 2}]
memberships: [{user: amy, group: b}]
`},
		{"a set gets other groups than a user has", `
groups: [{name: a}, {name: b}, {name: c}, {name: d}]
separations: [{name: s, groups: [a, b], cardinality: 2}]
memberships: [{user: amy, group: a}, {user: amy, group: c}]
`, `
groups: [{name: a}, {name: b}, {name: c}, {name: d}]
separations: [{name: s, groups: [c, d], cardinality: 2}]
memberships: [{user: amy, group: a}, {user: amy, group: b}, {user: amy, group: c}]
`},
		{"a group leaves a set that needs it, and goes", `
groups: [{name: a}, {name: b}, {name: c}]
separations: [{name: s, groups: [a, b], cardinality: 2}]
`, `
groups: [{name: a}, {name: c}]
separations: [{name: s, groups: [a, c], cardinality: 2}]
`},
		{"the only group of a delegation goes", `
groups: [{name: a}, {name: b}]
delegations: [{group: a, assign: [b]}]
`, `
groups: [{name: a}, {name: c}]
delegations: [{group: a, assign: [c]}]
`},
		{"a section goes", `
sections: [{name: s}]
permissions: [{name: p, section: s}]
`, `
sections: [{name: t}]
permissions: [{name: p, section: t}]
`},
		{"everything goes", blog[len("name: blog\n"):], "memberships: []\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, fresh := inMemory(t), inMemory(t)
			h.users("amy")
			fresh.users("amy")
			h.apply("name: x\n"+c.before, true)
			h.apply("name: x\n"+c.after, true)
			fresh.apply("name: x\n"+c.after, true)
			equal(t, "the policy is that of the second file alone", h.export(true), fresh.export(true))
			equal(t, "a further apply", h.apply("name: x\n"+c.after, true), "")
		})
	}
}
