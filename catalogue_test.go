package rbac_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
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

// A catalogue is applied once: a second Declare changes nothing.
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

// A restart restores nothing that an administrator deleted or renamed.
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
		// A later catalogue still finds the renamed group by its declared name,
		// and leaves out deleted records.
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

// Texts follow the program when the program changes them, and the administrator
// until then.
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

// An existing record under a declared name is used unchanged.
func TestDeclareTakesWhatIsThere(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"editors": {"post.write"}})
		h.do(a, func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts", Title: "Mine"}) })
		must(t, a.Declare(ctx, blogCatalogue()))
		gives(t, a, "editors", "post.read", "post.write")
	})
}

// A catalogue with a mistake adds nothing, and the error names the mistake.
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

// Two processes that start at once and declare the same catalogue declare the
// catalogue once.
func TestDeclareAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		authorities := []*rbac.Authority{h.open(rbac.Config{}), h.open(rbac.Config{})}
		before := lastRevision(t, authorities[0])
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if err := authorities[i%2].Declare(ctx, blogCatalogue()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if revisions := lastRevision(t, authorities[0]) - before; revisions != 1 {
			t.Errorf("the catalogue was applied in %d revisions; want 1", revisions)
		}
	})
}

// Only fields that the program changed follow the program. Fields that the
// administrator changed stay.
func TestDeclareFollowsFieldByField(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		c := blogCatalogue()
		must(t, a.Declare(ctx, c))
		h.do(a, func(tx *rbac.Tx) error {
			p, err1 := tx.Permission("post.read")
			p.Position, p.Section, p.Description = 9, "mine", "mine"
			g, err2 := tx.Group("editors")
			g.Note = "mine"
			return errors.Join(err1, err2, tx.AddSection(rbac.Section{Name: "mine"}), tx.ModifyPermission(p), tx.ModifyGroup(g),
				tx.ModifySection(rbac.Section{Name: "posts", Title: "Mine", Position: 1}))
		})
		c.Permissions[0].Title, c.Groups[1].DisplayName, c.Sections[0].Position = "Read posts", "Writers", 5
		must(t, a.Declare(ctx, c))
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			p, err1 := tx.Permission("post.read")
			g, err2 := tx.Group("editors")
			s, err3 := tx.Sections()
			if p.Title != "Read posts" || p.Position != 9 || p.Section != "mine" || p.Description != "mine" ||
				g.DisplayName != "Writers" || g.Note != "mine" || s[1].Title != "Mine" || s[1].Position != 5 {
				t.Errorf("after a change of other fields: %+v, %+v, %+v", p, g, s[1])
			}
			return errors.Join(err1, err2, err3)
		}))
		c.Permissions[0].Section, c.Permissions[0].Description, c.Permissions[0].Position, c.Groups[1].Note, c.Sections[0].Title = "", "d", 3, "n", "T"
		must(t, a.Declare(ctx, c))
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			p, err1 := tx.Permission("post.read")
			g, err2 := tx.Group("editors")
			s, err3 := tx.Sections()
			if p.Section != "" || p.Description != "d" || p.Position != 3 || g.Note != "n" || s[1].Title != "T" {
				t.Errorf("after a change of these fields: %+v, %+v, %+v", p, g, s[1])
			}
			return errors.Join(err1, err2, err3)
		}))
		c.Permissions[0].Section = "psots"
		if err := a.Declare(ctx, c); !errors.Is(err, rbac.ErrNotFound) || !strings.Contains(err.Error(), "psots") {
			t.Errorf("a permission moved to an unknown section: %v; want ErrNotFound", err)
		}
	})
}

// A declared group keeps its identity under any name. A group that takes the
// old name gets nothing from the declaration.
func TestDeclaredNameTakenByAnother(t *testing.T) {
	rename := func(tx *rbac.Tx) error {
		g, err := tx.Group("editors")
		g.Name = "authors"
		return errors.Join(err, tx.ModifyGroup(g))
	}
	for name, leave := range map[string]func(*rbac.Tx) error{
		"renamed": rename,
		"deleted": func(tx *rbac.Tx) error { return tx.DeleteGroup("editors") },
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				a := h.open(rbac.Config{})
				c := blogCatalogue()
				must(t, a.Declare(ctx, c))
				h.do(a, both(leave, addGroup(rbac.Group{Name: "editors", Note: "others"})))
				c.Permissions = append(c.Permissions, rbac.Permission{Name: "post.edit"})
				c.Grants = append(c.Grants, rbac.Grant{Group: "editors", Permission: "post.edit"})
				c.Groups = append(c.Groups, rbac.Group{Name: "guests"})
				c.Inheritances = append(c.Inheritances, rbac.Inheritance{Senior: "editors", Junior: "guests"})
				c.Groups[1].Note = "the program's"
				must(t, a.Declare(ctx, c))
				gives(t, a, "editors")
				if name == "renamed" {
					gives(t, a, "authors", "post.edit", "post.read", "post.write")
				}
				must(t, a.View(ctx, func(tx *rbac.Tx) error {
					g, err := tx.Group("editors")
					if g.Note != "others" {
						t.Errorf("the new group's note is %q", g.Note)
					}
					return err
				}))
			})
		})
	}
}

// A permission that an administrator deleted and added again has no grants
// until somebody grants the permission.
func TestDeclaredPermissionAddedAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		must(t, a.Declare(ctx, blogCatalogue()))
		h.do(a, both(func(tx *rbac.Tx) error { return tx.DeletePermission("post.write") }, addPermission(rbac.Permission{Name: "post.write"})))
		must(t, a.Declare(ctx, blogCatalogue()))
		gives(t, a, "editors", "post.read")
	})
}

// Two programs on one store add to each other's declarations. If the programs
// disagree on a text, the last program to start sets the text.
func TestTwoProgramsDeclare(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		shop := rbac.Catalogue{
			Permissions:  []rbac.Permission{{Name: "order.read"}, {Name: "post.read", Title: "Look"}},
			Groups:       []rbac.Group{{Name: "readers"}},
			Grants:       []rbac.Grant{{Group: "readers", Permission: "order.read"}, {Group: "editors", Permission: "order.read"}},
			Inheritances: []rbac.Inheritance{{Senior: "editors", Junior: "readers"}},
		}
		for range 2 {
			for _, c := range []struct {
				catalogue rbac.Catalogue
				title     string
			}{{blogCatalogue(), "Read"}, {shop, "Look"}} {
				must(t, a.Declare(ctx, c.catalogue))
				must(t, a.View(ctx, func(tx *rbac.Tx) error {
					p, err := tx.Permission("post.read")
					if p.Title != c.title {
						t.Errorf("the title is %q; want that of the program which started last, %q", p.Title, c.title)
					}
					return err
				}))
			}
		}
		gives(t, a, "readers", "order.read", "post.read")
		gives(t, a, "editors", "order.read", "post.read", "post.write")
	})
}

// A repeated entry in a catalogue counts once. Two texts for one name are a
// mistake, not a change at each start.
func TestDeclareDuplicates(t *testing.T) {
	double := func() rbac.Catalogue {
		c, d := blogCatalogue(), blogCatalogue()
		return rbac.Catalogue{Sections: append(c.Sections, d.Sections...), Permissions: append(c.Permissions, d.Permissions...),
			Groups: append(c.Groups, d.Groups...), Grants: append(c.Grants, d.Grants...), Inheritances: append(c.Inheritances, d.Inheritances...)}
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		for record, spoil := range map[string]func(*rbac.Catalogue){
			`section "posts"`:        func(c *rbac.Catalogue) { c.Sections[1].Title = "x" },
			`permission "post.read"`: func(c *rbac.Catalogue) { c.Permissions[2].Title = "x" },
			`group "editors"`:        func(c *rbac.Catalogue) { c.Groups[3].Note = "x" },
		} {
			c := double()
			spoil(&c)
			if err := a.Declare(ctx, c); !errors.Is(err, rbac.ErrInvalid) || !strings.Contains(err.Error(), record) {
				t.Errorf("Declare with two texts of %s: %v; want ErrInvalid", record, err)
			}
		}
		same, before := double(), lastRevision(t, a)
		same.Permissions[0].Created, same.Groups[0].Created = far, far // ignored on input
		must(t, a.Declare(ctx, same))
		must(t, a.Declare(ctx, double()))
		if revisions := lastRevision(t, a) - before; revisions != 1 {
			t.Errorf("the catalogue was applied in %d revisions; want 1", revisions)
		}
	})
}

// A permission whose ID is taken is a mistake, and is not left out silently.
func TestDeclareTakenID(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		id := uuid.UUID{15: 1}
		h.do(a, both(addPermission(rbac.Permission{ID: id, Name: "p"}), addGroup(rbac.Group{ID: id, Name: "g"})))
		for _, c := range []rbac.Catalogue{{Permissions: []rbac.Permission{{ID: id, Name: "q"}}}, {Groups: []rbac.Group{{ID: id, Name: "q"}}}} {
			if err := a.Declare(ctx, c); !errors.Is(err, rbac.ErrExists) {
				t.Errorf("Declare with an ID that is taken: %v; want ErrExists", err)
			}
		}
		must(t, a.Declare(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{ID: id, Name: "p", Title: "T"}}}))
	})
}
