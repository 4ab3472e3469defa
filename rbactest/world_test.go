package rbactest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbactest"
)

const newsroom = `
	# Users come first here: the order does not matter.
	user amy: editor reader
	user Bob:
	user zoe: editor@org:42 chief   # editor in one place only
	user Zhang San: root

	group editor: post.write post.edit
	group chief > editor reader: budget
	group reader :
	group root: *
	group moderator: post.*
	permission post.delete budget
	user max: moderator
`

// Every kind of line adds exactly the described records.
func TestWorld(t *testing.T) {
	a := rbactest.World(t, newsroom)
	all := []string{"budget", "post.delete", "post.edit", "post.write", "rbac.administer"}
	for user, want := range map[string][]string{
		"amy":       {"post.edit", "post.write"},
		"bob":       nil,
		"zoe":       {"budget", "post.edit", "post.write"},
		"zhang san": all,
		"max":       all[1:4],
	} {
		id, err := a.Identity(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(id.Permissions()); !slices.Equal(got, want) {
			t.Errorf("%s has %q; want %q", user, got, want)
		}
	}
	rbactest.Allow(t, a, "zoe", rbac.InGroup("reader"))
	if everywhere, scopes := identity(t, a, "zoe").Scopes("post.edit"); !everywhere || len(scopes) > 1 {
		t.Errorf("zoe may edit in %v, %q", everywhere, scopes)
	}
}

func identity(t *testing.T, a *rbac.Authority, user string) *rbac.Identity {
	t.Helper()
	id, err := a.Identity(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A delegation line lets the members of a group assign others.
func TestWorldDelegations(t *testing.T) {
	a := rbactest.World(t, `
		group lead:
		delegation lead with users: member editor
		group editor > member: post.edit
		group member:
		group chief: post.publish
		delegation chief: member
		user lea: lead@org:1
		user bob: member@org:1
	`)
	err := a.UpdateAs(t.Context(), identity(t, a, "lea"), func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "editor", Scope: "org:1"})
	})
	if err != nil {
		t.Error(err)
	}
	err = a.View(t.Context(), func(tx *rbac.Tx) error {
		list, err := tx.Delegations()
		if len(list) != 2 || list[0].Users || !list[1].Users {
			t.Errorf("got %+v", list)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A scoped membership counts in its scope only.
func TestWorldScopes(t *testing.T) {
	a := rbactest.World(t, "group editor: post.edit\nuser zoe: editor@org:42")
	rbactest.Deny(t, a, "zoe", rbac.HasPermission("post.edit"))
	rbactest.Allow(t, a, "zoe", rbac.In("org:42", rbac.HasPermission("post.edit")))
	rbactest.Deny(t, a, "zoe", rbac.In("org:1", rbac.HasPermission("post.edit")))
}

// The password is the documented password, the clock stands still, and the
// twenty-first ticket ends no other.
func TestWorldLogin(t *testing.T) {
	a := rbactest.World(t, "user Amy:")
	first, err := a.Login(t.Context(), rbac.Login{User: "amy", Password: "Amy password 123"})
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if _, err := a.Issue(t.Context(), rbac.Login{User: "amy"}); err != nil {
			t.Fatal(err)
		}
	}
	ticket, err := a.Ticket(t.Context(), first)
	if want := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC); err != nil || !ticket.Created.Equal(want) {
		t.Errorf("the first ticket is of %v (%v); want %v", ticket.Created, err, want)
	}
	if _, err := a.Login(t.Context(), rbac.Login{User: "amy", Password: "amy password 124"}); err == nil {
		t.Error("another password lets in")
	}
}

// The Authority is closed at the end of the test.
func TestWorldIsClosed(t *testing.T) {
	var a *rbac.Authority
	t.Run("a test", func(t *testing.T) { a = rbactest.World(t, "user amy:") })
	if _, err := a.Identity(t.Context(), "amy"); err == nil {
		t.Error("the Authority outlives its test")
	}
}

// A mistake in the text ends the test with the number of the line.
func TestWorldMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"grup editor:":                     `line 1: "grup editor:" must begin with permission, group, user or delegation`,
		"\n\ngroup editor post.edit":       `line 3: "group editor post.edit" has no colon after the name`,
		"group : post.edit":                `line 1: "group : post.edit" has no name`,
		"delegation lead users: editor":    `line 1: "delegation lead users: editor" does not have the form`,
		"delegation lead: editor":          `line 1: group "lead"`,
		"group lead:\ndelegation lead:":    `line 2: delegation "lead"`,
		"group:":                           `line 1: "group:" must begin with permission`,
		"user : editor":                    `has no name`,
		"permission":                       `line 1: "permission" names no permission`,
		"permission post.*":                `line 1: permission "post.*"`,
		"group chief editor: budget":       `"group chief editor: budget" does not have the form: group chief > editor: budget`,
		"group chief >: budget":            `does not have the form: group chief > editor: budget`,
		"group a > b:":                     `line 1: group "b": rbac: not found`,
		"group a > b:\ngroup b > a:":       `line 2: `,
		"group a:\ngroup a:":               `line 2: group "a": Name: rbac: already exists`,
		"user amy: edtor":                  `line 1: group "edtor": rbac: not found`,
		"group editor:\nuser amy: editor@": `line 2: "editor@": the scope after the @ is missing`,
		"user amy:\nuser Amy:":             `line 2: user "Amy": Name: rbac: already exists`,
		"group a: x.*.*":                   `line 1: grant "x.*.*": Permission: rbac: invalid: a pattern is`,
	} {
		failed := fails(t, func(t testing.TB) { rbactest.World(t, text) })
		failed.expect(t, true, want)
	}
}

// Fill adds all records of a text or none, and names the line of a mistake.
func TestFill(t *testing.T) {
	a := rbactest.World(t, "group reader: post.read")
	rec := fails(t, func(t testing.TB) { rbactest.Fill(t, a, "user amy:\ngroup reader: post.write") })
	if !rec.ended || len(rec.failures) != 1 || !strings.HasPrefix(rec.failures[0], "rbactest.Fill: line 2: ") {
		t.Errorf("a group that exists: %v %q", rec.ended, rec.failures)
	}
	if _, err := a.Identity(t.Context(), "amy"); !errors.Is(err, rbac.ErrNotFound) {
		t.Errorf("amy was added: %v", err)
	}
	rec = fails(t, func(t testing.TB) { rbactest.Fill(t, a, "nonsense") })
	if !rec.ended || !strings.HasPrefix(rec.failures[0], "rbactest.Fill: line 1: ") {
		t.Errorf("a mistake: %v %q", rec.ended, rec.failures)
	}
	rbactest.Fill(t, a, "group writer: post.read post.write\nuser amy: writer reader")
	rbactest.Allow(t, a, "amy", rbac.HasPermission("post.write"))
}
