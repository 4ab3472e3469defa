package rbac_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// A refusal is a call that must be refused with one kind of error that names
// one field.
type refusal struct {
	name  string
	call  func(tx *rbac.Tx) error
	kind  error
	field string
}

// refusals run in the world that function world makes.
var refusals = []refusal{
	{"a user needs a name", addUser(rbac.User{}), rbac.ErrInvalid, "Name"},
	{"a user's name is a user name", addUser(rbac.User{Name: "a  b"}), rbac.ErrInvalid, "Name"},
	{"a user's name is taken in any form", addUser(rbac.User{Name: "ＢＯＢ"}), rbac.ErrExists, "Name"},
	{"an e-mail is taken in any case", addUser(rbac.User{Name: "x", Email: "bob@EXAMPLE.com"}), rbac.ErrExists, "Email"},
	{"a subject is taken exactly", addUser(rbac.User{Name: "x", Subject: "auth0|AbC"}), rbac.ErrExists, "Subject"},
	{"an e-mail has no control characters", addUser(rbac.User{Name: "x", Email: "a\n@b"}), rbac.ErrInvalid, "Email"},
	{"a subject has 256 bytes at most", addUser(rbac.User{Name: "x", Subject: strings.Repeat("x", 257)}), rbac.ErrInvalid, "Subject"},
	{"a note is valid UTF-8", addUser(rbac.User{Name: "x", Note: "\xff"}), rbac.ErrInvalid, "Note"},
	{"a display name has no NUL", addUser(rbac.User{Name: "x", DisplayName: "a\x00b"}), rbac.ErrInvalid, "DisplayName"},
	{"an id is taken", func(tx *rbac.Tx) error {
		u, _ := tx.User("amy")
		return addUser(rbac.User{ID: u.ID, Name: "x"})(tx)
	}, rbac.ErrExists, "ID"},
	{"an unknown id cannot be modified", func(tx *rbac.Tx) error { return tx.ModifyUser(rbac.User{ID: uuid.New(), Name: "amy"}) }, rbac.ErrNotFound, "ID"},
	{"a user cannot take another's name", func(tx *rbac.Tx) error {
		u, _ := tx.User("amy")
		u.Name = "Bob"
		return tx.ModifyUser(u)
	}, rbac.ErrExists, "Name"},
	{"nobody is deleted who is not there", func(tx *rbac.Tx) error { return tx.DeleteUser("zoe") }, rbac.ErrNotFound, ""},
	{"a hash has a known format", func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "plain text") }, rbac.ErrInvalid, ""},
	{"a hash needs its user", func(tx *rbac.Tx) error { return tx.SetPasswordHash("zoe", "") }, rbac.ErrNotFound, ""},

	{"a group needs a name", addGroup(rbac.Group{}), rbac.ErrInvalid, "Name"},
	{"a group's name has no space at its end", addGroup(rbac.Group{Name: "a "}), rbac.ErrInvalid, "Name"},
	{"a group's name is taken", addGroup(rbac.Group{Name: "staff"}), rbac.ErrExists, "Name"},
	{"a group cannot take another's name", func(tx *rbac.Tx) error {
		g, _ := tx.Group("staff")
		g.Name = "readers"
		return tx.ModifyGroup(g)
	}, rbac.ErrExists, "Name"},
	{"no group is modified that is not there", func(tx *rbac.Tx) error { return tx.ModifyGroup(rbac.Group{ID: uuid.New(), Name: "staff"}) }, rbac.ErrNotFound, "ID"},
	{"no group is deleted that is not there", func(tx *rbac.Tx) error { return tx.DeleteGroup("zoo") }, rbac.ErrNotFound, ""},

	{"a permission has a name", addPermission(rbac.Permission{}), rbac.ErrInvalid, "Name"},
	{"a permission is no pattern", addPermission(rbac.Permission{Name: "post.*"}), rbac.ErrInvalid, "Name"},
	{"a permission is not everything", addPermission(rbac.Permission{Name: "*"}), rbac.ErrInvalid, "Name"},
	{"a permission's name is taken", addPermission(rbac.Permission{Name: "post.read"}), rbac.ErrExists, "Name"},
	{"a permission's section exists", addPermission(rbac.Permission{Name: "x", Section: "none"}), rbac.ErrNotFound, ""},
	{"a permission's name cannot change", func(tx *rbac.Tx) error {
		p, _ := tx.Permission("post.read")
		p.Name = "post.look"
		return tx.ModifyPermission(p)
	}, rbac.ErrInvalid, "Name"},
	{"a permission's name cannot become another's", func(tx *rbac.Tx) error {
		p, _ := tx.Permission("post.read")
		p.Name = "post.write"
		return tx.ModifyPermission(p)
	}, rbac.ErrInvalid, "Name"},
	{"no permission is modified that is not there", func(tx *rbac.Tx) error {
		return tx.ModifyPermission(rbac.Permission{ID: uuid.New(), Name: "post.read"})
	}, rbac.ErrNotFound, "ID"},
	{"a group's id is taken", func(tx *rbac.Tx) error {
		g, _ := tx.Group("staff")
		return addGroup(rbac.Group{ID: g.ID, Name: "x"})(tx)
	}, rbac.ErrExists, "ID"},
	{"a permission's id is taken", func(tx *rbac.Tx) error {
		p, _ := tx.Permission("post.read")
		return addPermission(rbac.Permission{ID: p.ID, Name: "x"})(tx)
	}, rbac.ErrExists, "ID"},
	{"an e-mail is taken by a modified user, too", func(tx *rbac.Tx) error {
		u, _ := tx.User("amy")
		u.Email = "BOB@example.com"
		return tx.ModifyUser(u)
	}, rbac.ErrExists, "Email"},
	{"a subject is taken by a modified user, too", func(tx *rbac.Tx) error {
		u, _ := tx.User("amy")
		u.Subject = "auth0|AbC"
		return tx.ModifyUser(u)
	}, rbac.ErrExists, "Subject"},
	{"a modified user is checked", func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Note = "\xff"; return tx.ModifyUser(u) }, rbac.ErrInvalid, "Note"},
	{"a modified group is checked", func(tx *rbac.Tx) error { g, _ := tx.Group("staff"); g.Name = ""; return tx.ModifyGroup(g) }, rbac.ErrInvalid, "Name"},
	{"a modified permission is checked", func(tx *rbac.Tx) error {
		p, _ := tx.Permission("post.read")
		p.Title = "\xff"
		return tx.ModifyPermission(p)
	}, rbac.ErrInvalid, "Title"},
	{"a modified permission's section exists", func(tx *rbac.Tx) error {
		p, _ := tx.Permission("post.read")
		p.Section = "none"
		return tx.ModifyPermission(p)
	}, rbac.ErrNotFound, ""},
	{"a modified section is checked", func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "posts", Title: "\xff"}) }, rbac.ErrInvalid, "Title"},
	{"no permission is deleted that is not there", func(tx *rbac.Tx) error { return tx.DeletePermission("x") }, rbac.ErrNotFound, ""},
	{"a section's name is taken", func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts"}) }, rbac.ErrExists, "Name"},
	{"a section has a name", func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{}) }, rbac.ErrInvalid, "Name"},
	{"no section is modified that is not there", func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "x"}) }, rbac.ErrNotFound, ""},
	{"no section is deleted that is not there", func(tx *rbac.Tx) error { return tx.DeleteSection("x") }, rbac.ErrNotFound, ""},

	{"a member is a user", assign("zoe", "staff"), rbac.ErrNotFound, ""},
	{"a membership is in a group", assign("amy", "zoo"), rbac.ErrNotFound, ""},
	{"a membership is made once", assign("AMY", "staff"), rbac.ErrExists, ""},
	{"a scope has no control characters", func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "staff", Scope: "a\x00"})
	}, rbac.ErrInvalid, "Scope"},
	{"a membership's note is valid UTF-8", func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: "bob", Group: "staff", Note: "\xff"})
	}, rbac.ErrInvalid, "Note"},
	{"a membership ends before the year 10000", assignUntil(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), rbac.ErrInvalid, "Until"},
	{"a membership ends before the year 10000 of UTC", assignUntil(time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -3600*5))), rbac.ErrInvalid, "Until"},
	{"an end is not rounded to none", assignUntil(time.Time{}.Add(1)), rbac.ErrInvalid, "Until"},
	{"no end beyond bounds is set later", func(tx *rbac.Tx) error {
		return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Until: time.Unix(1<<40, 0)})
	}, rbac.ErrInvalid, "Until"},
	{"no membership is modified that is not there", func(tx *rbac.Tx) error {
		return tx.ModifyMembership(rbac.Membership{User: "bob", Group: "staff"})
	}, rbac.ErrNotFound, ""},
	{"no membership ends that is not there", func(tx *rbac.Tx) error {
		return tx.DeassignUser(rbac.Membership{User: "amy", Group: "staff", Scope: "org:1"})
	}, rbac.ErrNotFound, ""},

	{"a grant is of a permission", grant("staff", "x"), rbac.ErrNotFound, ""},
	{"a grant is to a group", grant("zoo", "post.read"), rbac.ErrNotFound, ""},
	{"a grant's note is valid UTF-8", func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: "empty", Permission: "post.read", Note: "\xff"})
	}, rbac.ErrInvalid, "Note"},
	{"no grant is revoked that is not there", func(tx *rbac.Tx) error {
		// inherited, not granted
		return tx.RevokePermission(rbac.Grant{Group: "staff", Permission: "post.read"})
	}, rbac.ErrNotFound, ""},
	{"no grant is modified that is not there", func(tx *rbac.Tx) error {
		return tx.ModifyGrant(rbac.Grant{Group: "empty", Permission: "post.read"})
	}, rbac.ErrNotFound, ""},

	{"an inheritance is made once", inherit("staff", "readers"), rbac.ErrExists, ""},
	{"a group does not inherit itself", inherit("staff", "staff"), rbac.ErrCycle, ""},
	{"two groups do not inherit each other", inherit("readers", "staff"), rbac.ErrCycle, ""},
	{"a senior is a group", inherit("zoo", "staff"), rbac.ErrNotFound, ""},
	{"a junior is a group", inherit("staff", "zoo"), rbac.ErrNotFound, ""},
	{"only what is there is taken apart", func(tx *rbac.Tx) error {
		return tx.DeleteInheritance(rbac.Inheritance{Senior: "empty", Junior: "readers"})
	}, rbac.ErrNotFound, ""},
}

// A refused call names the mistake, changes nothing and leaves the transaction
// usable.
func TestRefusedCalls(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		before := dump(t, a)
		for _, r := range refusals {
			t.Run(r.name, func(t *testing.T) {
				err := a.Update(ctx, func(tx *rbac.Tx) error { return r.call(tx) })
				refused(t, err, r)
				err = a.Update(ctx, func(tx *rbac.Tx) error {
					refused(t, r.call(tx), r)
					return nil // refused calls leave the transaction usable
				})
				if err != nil {
					t.Errorf("after a refused call the Update failed: %v", err)
				}
				if after := dump(t, a); after != before {
					t.Errorf("a refused call changed something:\n%s\nbefore:\n%s", after, before)
				}
			})
		}
	})
}

func refused(t *testing.T, err error, r refusal) {
	t.Helper()
	var e *rbac.Error
	if !errors.Is(err, r.kind) || !errors.As(err, &e) || e.Kind != r.kind || e.Field != r.field || e.Record == "" {
		t.Errorf("got %#v (%v); want kind %v, field %q", e, err, r.kind, r.field)
	}
}
