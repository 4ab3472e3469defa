package rbac_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store_memory"
)

// RequireUnchanged says who changed a record meanwhile, and what. Changes of
// other records, logins and ended tickets are no conflict.
func TestRequireUnchanged(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.do(a, func(tx *rbac.Tx) error {
			return errors.Join(
				tx.AddSection(rbac.Section{Name: "posts"}),
				alone(tx.AddUser(rbac.User{Name: "zoe"})),
				ssd("pair", 2, "editors", "chiefs")(tx), dsd("post.edit", 2, "editors", "chiefs")(tx))
		})
		tok := h.issue(a, rbac.Login{User: "amy"})
		for _, c := range []struct {
			record, name string
			change       func(*rbac.Tx) error
			action       string // "": no conflict
		}{
			{"user", "AMY", assignIn("amy", "editors", "x"), "AssignUser"},
			{"user", "amy", assign("zoe", "editors"), ""},
			{"user", "amy", func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", someHash) }, "SetPasswordHash"},
			{"user", "zoe", func(tx *rbac.Tx) error { return tx.DeleteUser("zoe") }, "DeleteUser"},
			{"user", "zoe", func(tx *rbac.Tx) error { return alone(tx.AddUser(rbac.User{Name: "zoe"})) }, "AddUser"},
			{"user", "zoe", renameUser("zoe", "zora"), "ModifyUser"},
			{"user", "zora", renameUser("zora", "zoe"), "ModifyUser"},
			{"group", "editors", assign("zoe", "editors"), ""},
			{"group", "editors", grant("editors", "post.*"), "GrantPermission"},
			{"group", "chiefs", inherit("chiefs", "editors"), "AddInheritance"},
			{"group", "editors", func(tx *rbac.Tx) error {
				return tx.DeleteInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "editors"})
			}, "DeleteInheritance"},
			{"group", "chiefs", grant("editors", "post.edit"), ""},
			{"permission", "post.edit", grant("chiefs", "post.edit"), "GrantPermission"},
			{"permission", "post.edit", grant("chiefs", "post.*"), ""},
			{"permission", "post.edit", func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("post.edit", 2) }, ""},
			{"delegation", "chiefs", delegate("chiefs", "editors"), "AddDelegation"},
			{"delegation", "chiefs", grant("chiefs", "post.edit"), ""},
			{"delegation", "heads", all(renameGroup("chiefs", "heads"), func(tx *rbac.Tx) error {
				return tx.ModifyDelegation(rbac.Delegation{Group: "heads", Assign: []string{"editors"}, Users: true})
			}), "ModifyDelegation"},
			{"group", "chiefs", all(renameGroup("heads", "chiefs"), func(tx *rbac.Tx) error { return tx.DeleteDelegation("chiefs") }), "DeleteDelegation"},
			{"delegation", "chiefs", all(delegate("chiefs", "editors"), func(tx *rbac.Tx) error { return tx.DeleteDelegation("chiefs") }), "DeleteDelegation"},
			{"section", "posts", func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "posts", Title: "Posts"}) }, "ModifySection"},
			{"SSD set", "pair", func(tx *rbac.Tx) error { return tx.DeleteSSDSet("pair") }, "DeleteSSDSet"},
			{"DSD set", "post.edit", grant("chiefs", "ring"), ""},
			{"DSD set", "post.edit", func(tx *rbac.Tx) error { return tx.DeleteDSDSet("post.edit") }, "DeleteDSDSet"},
		} {
			since := a.Revision()
			must(t, a.Update(rbac.WithActor(ctx, "bob"), func(tx *rbac.Tx) error {
				if tx.Revision() != since {
					t.Errorf("the transaction begins at %v, not at %v", tx.Revision(), since)
				}
				err := c.change(tx)
				if errors.Is(err, rbac.ErrNotFound) {
					return all(func(tx *rbac.Tx) error { return alone(tx.AddPermission(rbac.Permission{Name: "ring"})) }, c.change)(tx)
				}
				return err
			}))
			err := a.Update(ctx, func(tx *rbac.Tx) error { return tx.RequireUnchanged(since, c.record, c.name) })
			if c.action == "" {
				if err != nil {
					t.Errorf("%s %s: %v", c.record, c.name, err)
				}
				continue
			}
			conflict, ok := errors.AsType[*rbac.ConflictError](err)
			if !ok || !errors.Is(err, rbac.ErrConflict) {
				t.Errorf("%s %s: got %v", c.record, c.name, err)
				continue
			}
			if conflict.Change.Action != c.action || conflict.Change.Actor != "bob" || conflict.Change.Revision != since+1 {
				t.Errorf("%s %s: %+v", c.record, c.name, conflict.Change)
			}
			if text := err.Error(); !strings.Contains(text, `by "bob"`) || !strings.Contains(text, c.action) {
				t.Errorf("the text: %s", text)
			}
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				if err := tx.RequireUnchanged(a.Revision(), c.record, c.name); err != nil && !errors.Is(err, rbac.ErrNotFound) {
					t.Errorf("%s %s, read again: %v", c.record, c.name, err)
				}
				return nil
			}))
		}

		since := a.Revision()
		h.issue(a, rbac.Login{User: "amy"})
		must(t, alone(a.LogoutUser(ctx, "amy")))
		must(t, a.Unlock(ctx, "amy"))
		_, err := a.Identify(ctx, tok)
		wantKind(t, err, rbac.ErrNoTicket)
		must(t, a.Update(ctx, func(tx *rbac.Tx) error { return tx.RequireUnchanged(since, "user", "amy") }))
	})
}

// A revision that the log cannot answer for is a conflict.
func TestRequireUnchangedSinceTheUnknown(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{KeepChanges: time.Hour})
		require := func(since rbac.Revision, record, name string) error {
			return a.View(ctx, func(tx *rbac.Tx) error { return tx.RequireUnchanged(since, record, name) })
		}
		old := a.Revision()
		wantKind(t, require(old+1, "user", "amy"), rbac.ErrConflict)
		wantKind(t, require(old, "user", "nobody"), rbac.ErrNotFound)
		wantKind(t, require(old, "user", "\x00"), rbac.ErrInvalid)
		wantKind(t, require(old, "menu", "x"), rbac.ErrInvalid)
		h.do(a, func(tx *rbac.Tx) error { return alone(tx.AddGroup(rbac.Group{Name: "one"})) })
		must(t, require(old, "user", "amy"))
		h.clock.Advance(2 * time.Hour)
		h.do(a, func(tx *rbac.Tx) error { return alone(tx.AddGroup(rbac.Group{Name: "two"})) })
		must(t, a.Sweep(ctx))
		err := require(old, "user", "amy")
		if conflict, ok := errors.AsType[*rbac.ConflictError](err); !ok || conflict.Change.Action != "" {
			t.Errorf("older than the log: got %v", err)
		}
		must(t, require(old+1, "user", "amy"))
	})
}

// No more than 10,000 changes are searched: other Updates wait meanwhile.
func TestRequireUnchangedSinceLongAgo(t *testing.T) {
	h := newHouse(t, memorystore.New())
	a := h.office(rbac.Config{})
	h.do(a, func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts"}) })
	since := a.Revision()
	change := func(times int) {
		t.Helper()
		h.do(a, func(tx *rbac.Tx) error {
			for i := range times {
				title := strconv.Itoa(int(a.Revision())) + "." + strconv.Itoa(i)
				if err := tx.ModifySection(rbac.Section{Name: "posts", Title: title}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require := func(record, name string) error {
		return a.View(ctx, func(tx *rbac.Tx) error { return tx.RequireUnchanged(since, record, name) })
	}
	change(10_000)
	must(t, require("user", "amy"))
	wantKind(t, require("user", "nobody"), rbac.ErrNotFound)
	change(1)
	for _, name := range []string{"amy", "nobody"} {
		err := require("user", name)
		if conflict, ok := errors.AsType[*rbac.ConflictError](err); !ok || conflict.Change.Action != "" {
			t.Errorf("10,001 changes later: got %v for %s", err, name)
		}
	}
	err := require("section", "posts")
	if conflict, ok := errors.AsType[*rbac.ConflictError](err); !ok || conflict.Change.Revision != since+2 {
		t.Errorf("the latest change: got %v", err)
	}
}

func renameUser(user, name string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		u, err := tx.User(user)
		u.Name = name
		return errors.Join(err, tx.ModifyUser(u))
	}
}

// wantKind checks the kind of an error.
func wantKind(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("want %v, got %v", kind, err)
	}
}
