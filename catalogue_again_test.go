package rbac_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// The actor of Declare is the program, unless the context names somebody else.
func TestDeclareNamesTheProgram(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		path, err := os.Executable()
		must(t, err)
		before := a.Revision()
		must(t, a.Declare(ctx, blogCatalogue()))
		must(t, a.Declare(rbac.WithActor(ctx, "installer"), rbac.Catalogue{Groups: []rbac.Group{{Name: "g"}}}))
		log := changesSince(t, a, before)
		first, last := log[0], log[len(log)-1]
		if want := strings.TrimSuffix(filepath.Base(path), ".exe"); first.Actor != want || first.Verified {
			t.Errorf("the actor is %q, verified %v; want %q, asserted", first.Actor, first.Verified, want)
		}
		if last.Actor != "installer" {
			t.Errorf("the actor is %q; want the one that the context names", last.Actor)
		}
	})
}

// A start that declares nothing new writes nothing.
func TestDeclareAgainWritesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		n := 0
		h.store = whileUpdating(h.store, func(name string, _ []any) error {
			if name == "PutDeclaration" {
				n++
			}
			return nil
		})
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, blogCatalogue()))
		if n != 8 {
			t.Errorf("%d declarations were remembered; want each of 8", n)
		}
		n = 0
		must(t, a.Declare(ctx, blogCatalogue()))
		if n != 0 {
			t.Errorf("%d declarations were written again; want none", n)
		}
	})
}

// A declared pattern grants existing permissions: a permission that an
// administrator deleted returns only when the administrator adds the permission
// again.
func TestDeclaredPattern(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, blogCatalogue()))
		h.do(a, func(tx *rbac.Tx) error { return tx.DeletePermission("post.write") })
		c := blogCatalogue()
		c.Groups = append(c.Groups, rbac.Group{Name: "owners"})
		c.Grants = append(c.Grants, rbac.Grant{Group: "owners", Permission: "post.*"})
		must(t, a.Declare(ctx, c))
		gives(t, a, "owners", "post.read")
		h.do(a, addPermission(rbac.Permission{Name: "post.write"}))
		gives(t, a, "owners", "post.read", "post.write")
		h.do(a, revoke("owners", "post.*"))
		must(t, a.Declare(ctx, c))
		gives(t, a, "owners")
	})
}

// A permission that was here before the first Declare, as after an import, gets
// the declared texts that it lacks. The texts of an administrator stay. Plan
// lists the permission, and the menu shows it.
func TestDeclareFillsEmptyTexts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"editors": {"post.read", "post.write"}})
		h.do(a, func(tx *rbac.Tx) error {
			_, err := tx.AddUser(rbac.User{Name: "amy"})
			return errors.Join(err, tx.AssignUser(rbac.Membership{User: "amy", Group: "editors"}),
				modifyPermission(tx, "post.read", func(p *rbac.Permission) { p.Title, p.Position = "Browse", 7 }))
		})
		const want = "~ permission \"post.read\"\n~ permission \"post.write\"\n"
		if plan := must1(a.Plan(ctx, blogCatalogue())).String(); !strings.Contains(plan, want) {
			t.Errorf("got\n%swant\n%s", plan, want)
		}
		for range 2 {
			must(t, a.Declare(ctx, blogCatalogue()))
			menu := a.Menu(must1(a.Identity(ctx, "amy")))
			if len(menu) != 1 || menu[0].Name != "posts" || len(menu[0].Permissions) != 2 {
				t.Fatalf("the menu is %+v", menu)
			}
			first, second := menu[0].Permissions[0], menu[0].Permissions[1]
			if first.Title != "Write" || first.Position != 1 || second.Title != "Browse" || second.Position != 7 {
				t.Errorf("the menu is %+v", menu)
			}
		}
	})
}

// A declaration of the permission of administrators without texts leaves the
// texts that Open has set.
func TestDeclareAdministerWithoutTexts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{Name: "rbac.administer", Position: 7}}}))
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			p, err := tx.Permission("rbac.administer")
			if p.Title != "Administer" || p.Description == "" || p.Position != 7 {
				t.Errorf("got %+v", p)
			}
			return err
		}))
	})
}
