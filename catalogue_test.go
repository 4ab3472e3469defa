package rbac_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
)

func blogCatalogue() rbac.Catalogue {
	return rbac.Catalogue{
		Sections: []rbac.Section{{Name: "posts", Title: "Posts", Position: 1}},
		Permissions: []rbac.Permission{
			{Name: "post.read", Title: "Read", Section: "posts"},
			{Name: "post.write", Title: "Write", Section: "posts", Position: 1},
		},
		Groups:       []rbac.Group{{Name: "readers"}, {Name: "editors", DisplayName: "Editors"}},
		Grants:       []rbac.Grant{{Group: "readers", Permission: "post.read"}, {Group: "editors", Permission: "post.write"}},
		Inheritances: []rbac.Inheritance{{Senior: "editors", Junior: "readers"}},
	}
}

func gives(t *testing.T, a *rbac.Authority, group string, want ...string) {
	t.Helper()
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		if got := permissionNames(tx.GroupPermissions(group)); !slices.Equal(got, want) {
			t.Errorf("%s gives %q; want %q", group, got, want)
		}
		return nil
	}))
}

// A catalogue is applied once; declared again it changes nothing.
func TestDeclareTwice(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, blogCatalogue()))
		gives(t, a, "editors", "post.read", "post.write")
		before := dump(t, a)
		must(t, a.Declare(ctx, blogCatalogue()))
		if after := dump(t, a); after != before {
			t.Errorf("the second Declare changed something:\n%s\nbefore:\n%s", after, before)
		}
	})
}

// What an administrator took away or renamed is not restored by a restart.
func TestDeclareRestoresNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, blogCatalogue()))
		h.do(a, revoke("readers", "post.read"))
		h.do(a, func(tx *rbac.Tx) error {
			g, err := tx.Group("editors")
			g.Name = "authors"
			return errors.Join(err, tx.ModifyGroup(g), tx.DeleteInheritance(rbac.Inheritance{Senior: "authors", Junior: "readers"}),
				tx.DeleteSection("posts"), tx.DeletePermission("post.write"))
		})
		before := dump(t, a)
		must(t, a.Declare(ctx, blogCatalogue()))
		if after := dump(t, a); after != before {
			t.Errorf("Declare restored something:\n%s\nbefore:\n%s", after, before)
		}
		// A later catalogue still finds the renamed group by the name it was declared with, and leaves out what was deleted.
		later := blogCatalogue()
		later.Permissions = append(later.Permissions, rbac.Permission{Name: "post.edit", Section: "posts"})
		later.Grants = append(later.Grants, rbac.Grant{Group: "editors", Permission: "post.edit"}, rbac.Grant{Group: "readers", Permission: "post.write"})
		must(t, a.Declare(ctx, later))
		gives(t, a, "authors", "post.edit")
		gives(t, a, "readers")
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteGroup("readers") })
		later.Grants = append(later.Grants, rbac.Grant{Group: "readers", Permission: "post.edit"})
		later.Inheritances = append(later.Inheritances, rbac.Inheritance{Senior: "readers", Junior: "editors"})
		must(t, a.Declare(ctx, later))
	})
}

// Texts follow the program when it changes them, and the administrator until then.
func TestDeclareUpdatesTexts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		c := blogCatalogue()
		must(t, a.Declare(ctx, c))
		h.do(a, func(tx *rbac.Tx) error {
			p, err := tx.Permission("post.read")
			p.Title = "Look at posts"
			return errors.Join(err, tx.ModifyPermission(p))
		})
		title := func() (title string) {
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				p, err := tx.Permission("post.read")
				title = p.Title
				return err
			}))
			return title
		}
		must(t, a.Declare(ctx, c))
		if got := title(); got != "Look at posts" {
			t.Errorf("an unchanged catalogue set the title to %q; the administrator's wording should stay", got)
		}
		c.Permissions[0].Title = "Read posts"
		c.Groups[1].DisplayName = "Editors of posts"
		c.Sections[0].Title = "All posts"
		must(t, a.Declare(ctx, c))
		if got := title(); got != "Read posts" {
			t.Errorf("a changed catalogue left the title %q", got)
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			g, err := tx.Group("editors")
			s, err2 := tx.Sections()
			if g.DisplayName != "Editors of posts" || s[0].Title != "All posts" {
				t.Errorf("texts are %q, %q", g.DisplayName, s[0].Title)
			}
			return errors.Join(err, err2)
		}))
	})
}

// What is there already under a declared name is taken as it is.
func TestDeclareTakesWhatIsThere(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"editors": {"post.write"}})
		h.do(a, func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts", Title: "Mine"}) })
		must(t, a.Declare(ctx, blogCatalogue()))
		gives(t, a, "editors", "post.read", "post.write")
	})
}

// A catalogue with a mistake in it adds nothing and names the mistake.
func TestDeclareRefuses(t *testing.T) {
	mistakes := map[string]func(*rbac.Catalogue){
		`permission "post.raed"`: func(c *rbac.Catalogue) { c.Grants[0].Permission = "post.raed" },
		`group "reader"`:         func(c *rbac.Catalogue) { c.Grants[0].Group = "reader" },
		`group "editor"`:         func(c *rbac.Catalogue) { c.Inheritances[0].Senior = "editor" },
		`section "post"`:         func(c *rbac.Catalogue) { c.Permissions[0].Section = "post" },
		`permission "post.*"`:    func(c *rbac.Catalogue) { c.Permissions[0].Name = "post.*" },
		"readers of editors": func(c *rbac.Catalogue) {
			c.Inheritances = append(c.Inheritances, rbac.Inheritance{Senior: "readers", Junior: "editors"})
		},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		before := dump(t, a)
		for name, spoil := range mistakes {
			c := blogCatalogue()
			spoil(&c)
			if err := a.Declare(ctx, c); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("Declare = %v; want an error about %s", err, name)
			}
			if after := dump(t, a); after != before {
				t.Errorf("a refused catalogue (%s) added something", name)
			}
		}
	})
}

// Two processes that start at once declare the same, once.
func TestDeclareAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		authorities := []*rbac.Authority{h.open(rbac.Config{}), h.open(rbac.Config{})}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if err := authorities[i%2].Declare(ctx, blogCatalogue()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if rev := lastRevision(t, authorities[0]); rev != 1 {
			t.Errorf("the catalogue was applied in %d revisions; want 1", rev)
		}
	})
}
