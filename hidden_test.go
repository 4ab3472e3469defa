package rbac_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// A name of each kind is refused for a hidden character, and accepted with a
// joiner that its script needs.
func TestHiddenNames(t *testing.T) {
	second := func(_ any, err error) error { return err }
	kinds := map[string]func(tx *rbac.Tx, name string) error{
		"user": func(tx *rbac.Tx, n string) error { return second(tx.AddUser(rbac.User{Name: n})) },
		"email": func(tx *rbac.Tx, n string) error {
			return second(tx.AddUser(rbac.User{Name: "new", Email: n + "@x.example"}))
		},
		"domain": func(tx *rbac.Tx, n string) error {
			return second(tx.AddUser(rbac.User{Name: "new", Email: "new@" + n + ".example"}))
		},
		"another email": func(tx *rbac.Tx, n string) error {
			u, err := tx.User("amy")
			u.Email = n + "@x.example"
			return errors.Join(err, tx.ModifyUser(u))
		},
		"group": func(tx *rbac.Tx, n string) error { return second(tx.AddGroup(rbac.Group{Name: n})) },
		"another group name": func(tx *rbac.Tx, n string) error {
			g, err := tx.Group("staff")
			g.Name = n
			return errors.Join(err, tx.ModifyGroup(g))
		},
		"permission": func(tx *rbac.Tx, n string) error { return second(tx.AddPermission(rbac.Permission{Name: n})) },
		"object": func(tx *rbac.Tx, n string) error {
			return second(tx.AddPermission(rbac.Permission{Name: "new", Object: n}))
		},
		"operation": func(tx *rbac.Tx, n string) error {
			return second(tx.AddPermission(rbac.Permission{Name: "new", Operation: n}))
		},
		"section": func(tx *rbac.Tx, n string) error { return tx.AddSection(rbac.Section{Name: n}) },
		"pattern": func(tx *rbac.Tx, n string) error { return grant("staff", n+".*")(tx) },
		"scope": func(tx *rbac.Tx, n string) error {
			return tx.AssignUser(rbac.Membership{User: "amy", Group: "staff", Scope: n})
		},
		"static set": func(tx *rbac.Tx, n string) error {
			return tx.CreateSSDSet(rbac.SeparationSet{Name: n, Cardinality: 2, Groups: []string{"root", "readers"}})
		},
		"dynamic set": func(tx *rbac.Tx, n string) error {
			return tx.CreateDSDSet(rbac.SeparationSet{Name: n, Cardinality: 2, Groups: []string{"root", "readers"}})
		},
	}
	localStores(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"staff": nil, "root": nil, "readers": nil})
		h.user(a, "amy", "")
		undo := errors.New("undo")
		for kind, add := range kinds {
			for _, name := range []string{"bo\u200bss", "boss\u202e", "\u2066boss", "bo\u00adss", "boss\ufeff", "bo\u200dss", "👨\u200d👩"} {
				err := a.Update(ctx, func(tx *rbac.Tx) error { return add(tx, name) })
				if !errors.Is(err, rbac.ErrInvalid) {
					t.Errorf("%s %q: got %v, want ErrInvalid", kind, name, err)
				}
			}
			for _, name := range []string{"علی\u200cرضا", "ප්\u200dරියන්ත", "क्\u200dषमा", "രാജന്\u200d"} {
				err := a.Update(ctx, func(tx *rbac.Tx) error { return errors.Join(add(tx, name), undo) })
				if err.Error() != undo.Error() {
					t.Errorf("%s %q: got %v", kind, name, err)
				}
			}
		}
		if _, err := a.Issue(ctx, rbac.Login{User: "amy", Label: "key\u202e"}); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("the label of a ticket: got %v", err)
		}
		err := a.Declare(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{Name: "post\u200b.edit"}}})
		if !errors.Is(err, rbac.ErrInvalid) || !strings.Contains(err.Error(), "U+200B") {
			t.Errorf("a declared permission: got %v, which does not name the character", err)
		}
		h.do(a, func(tx *rbac.Tx) error { return second(tx.AddGroup(rbac.Group{Name: "more"})) })
		must(t, a.Update(rbac.WithActor(ctx, "ro\u202eot"), func(tx *rbac.Tx) error { return tx.DeleteGroup("more") }))
		if c := h.lastChange(a); c.Actor != "root" {
			t.Errorf("the actor is logged as %q", c.Actor)
		}
	})
}

// Names that a store has from before still work: no user is locked out by such
// names, and an administrator can change and delete records with hidden
// characters.
func TestHiddenNamesFromBefore(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		const group, permission, scope, set = "edit\u200bors", "post\u200b.edit", "org\u200b:1", "du\u200bties"
		id, other, amy := uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{3}
		must(t, h.store.Update(ctx, func(r store.Records) error {
			return errors.Join(
				r.AddUser(store.UserRecord{User: store.User{ID: amy, Name: "amy", Email: "amy\u200b@x.example"}, EmailKey: "amy\u200b@x.example"}),
				r.PutGroup(store.Group{ID: id, Name: group}), r.PutGroup(store.Group{ID: other, Name: "others"}),
				r.PutSection(store.Section{Name: permission}),
				r.PutPermission(store.Permission{ID: uuid.New(), Name: permission, Section: permission, Object: "po\u200bst"}),
				r.PutGrant(store.Grant{Group: id, Permission: permission}),
				r.PutSeparation(store.Separation{Name: set, Cardinality: 2, Groups: []uuid.UUID{id, other}}),
				r.PutMembership(store.Membership{User: amy, Group: id}),
				r.PutMembership(store.Membership{User: amy, Group: id, Scope: scope}))
		}))
		a := h.open(rbac.Config{Protected: []string{permission}})
		must(t, a.SetPassword(ctx, "amy", goodPassword))
		token, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Groups: []string{group}})
		must(t, err)
		p := rbac.All(rbac.InGroup(group), rbac.HasPermission(permission), rbac.In(scope, rbac.InGroup(group)))
		must(t, a.Judge(ctx, token, p))
		parsed, err := rbac.Parse(fmt.Sprintf("in_group(%q)", group))
		must(t, err)
		must(t, a.Judge(ctx, token, parsed))
		must(t, a.Validate(p))
		h.do(a, func(tx *rbac.Tx) error {
			g, err1 := tx.Group(group)
			g.Note = "of an earlier version"
			u, err2 := tx.UserByEmail("amy\u200b@x.example")
			u.Note = g.Note
			perm, err3 := tx.Permission(permission)
			perm.Title = "edit posts"
			_, err4 := tx.SSDSet(set)
			return errors.Join(err1, err2, err3, err4, tx.ModifyGroup(g), tx.ModifyUser(u), tx.ModifyPermission(perm),
				tx.ModifySection(rbac.Section{Name: permission, Title: "posts"}),
				grant("others", permission)(tx), revoke("others", permission)(tx),
				tx.ModifyMembership(rbac.Membership{User: "amy", Group: group, Scope: scope, Note: "x"}),
				tx.DeassignUser(rbac.Membership{User: "amy", Group: group, Scope: scope}), tx.DeleteSSDSet(set))
		})
		must(t, a.Declare(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{Name: permission}}, Groups: []rbac.Group{{Name: group}},
			Grants: []rbac.Grant{{Group: group, Permission: permission}}}))
		must(t, a.Judge(ctx, token, rbac.HasPermission(permission)))
		h.do(a, func(tx *rbac.Tx) error {
			g, err := tx.Group(group)
			g.Name = "editors"
			return errors.Join(err, tx.ModifyGroup(g))
		})
		must(t, a.Judge(ctx, token, rbac.InGroup("editors")))
	})
}
