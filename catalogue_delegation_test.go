package rbac_test

import (
	"bytes"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// orgCatalogue declares leads, who assign some groups.
func orgCatalogue(users bool, assign ...string) rbac.Catalogue {
	return rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.edit"}},
		Groups:      []rbac.Group{{Name: "leads"}, {Name: "members"}, {Name: "editors"}, {Name: "guests"}},
		Delegations: []rbac.Delegation{{Group: "leads", Assign: assign, Users: users}},
	}
}

// A declared delegation is added once, and changes only as the declaration
// does: what an administrator has changed stays.
func TestDeclareDelegations(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		amend := func(users bool, assign ...string) func(*rbac.Tx) error {
			return func(tx *rbac.Tx) error {
				return tx.ModifyDelegation(rbac.Delegation{Group: "leads", Assign: assign, Users: users})
			}
		}
		nothing := func(*rbac.Tx) error { return nil }
		for _, c := range []struct {
			what          string
			administrator func(*rbac.Tx) error
			next          rbac.Catalogue
			want          string
		}{
			{"the same again", nothing, orgCatalogue(false, "editors", "members"), "leads: editors members"},
			{"one more", nothing, orgCatalogue(true, "members", "guests", "editors"), "leads: editors guests members, users"},
			{"one less", nothing, orgCatalogue(false, "members"), "leads: members"},
			{"the administrator's stays", amend(true, "guests"), orgCatalogue(false, "members", "editors"), "leads: guests, users"},
			{"the administrator's stays, beside new ones", amend(true, "editors", "members", "guests"), orgCatalogue(false, "editors"), "leads: editors guests, users"},
			{"nothing is left", amend(false, "members"), orgCatalogue(false, "editors"), ""},
			{"a deleted delegation", func(tx *rbac.Tx) error { return tx.DeleteDelegation("leads") }, orgCatalogue(true, "guests"), ""},
			{"renamed groups", all(renameGroup("leads", "heads"), renameGroup("members", "people"), addGroup(rbac.Group{Name: "members"})),
				orgCatalogue(false, "members", "guests"), "heads: guests people"},
			{"a deleted group", func(tx *rbac.Tx) error { return tx.DeleteGroup("guests") }, orgCatalogue(false, "editors", "members", "guests"), "leads: editors members"},
			{"the delegate's group deleted", func(tx *rbac.Tx) error { return tx.DeleteGroup("leads") }, orgCatalogue(true, "guests"), ""},
		} {
			w := h.beside(t)
			a := w.open(rbac.Config{})
			must(t, a.Declare(ctx, orgCatalogue(false, "members", "editors")))
			w.do(a, c.administrator)
			plan := must1(a.Plan(ctx, c.next))
			before := a.Revision()
			for range 2 {
				must(t, a.Declare(ctx, c.next))
			}
			if changed := a.Revision() != before; changed != (len(plan.Update) > 0) {
				t.Errorf("%s: planned %v, changed %v", c.what, plan.Update, changed)
			}
			if again := must1(a.Plan(ctx, c.next)); len(again.Update) > 0 || len(again.Add.Delegations) > 0 {
				t.Errorf("%s: planned again: %v", c.what, again)
			}
			if got := delegationsText(t, a); got != c.want {
				t.Errorf("%s: %s; want %s", c.what, got, c.want)
			}
		}
	})
}

func delegationsText(t *testing.T, a *rbac.Authority) string {
	t.Helper()
	var lines []string
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		lines = nil
		list, err := tx.Delegations()
		for _, d := range list {
			line := d.Group + ": " + strings.Join(d.Assign, " ")
			if d.Users {
				line += ", users"
			}
			lines = append(lines, line)
		}
		return err
	}))
	return strings.Join(lines, "; ")
}

// Declare refuses a delegation that makes no sense, and adds nothing.
func TestDeclareRefusesDelegations(t *testing.T) {
	a := newHouse(t, openMemory(t)).open(rbac.Config{})
	c := orgCatalogue(false, "members")
	for want, list := range map[error][]rbac.Delegation{
		rbac.ErrNotFound: {{Group: "leads", Assign: []string{"nobody"}}},
		rbac.ErrInvalid:  {{Group: "leads"}},
	} {
		c.Delegations = list
		wantKind(t, a.Declare(ctx, c), want)
	}
	c.Delegations = []rbac.Delegation{{Group: "leads", Assign: []string{"members"}}, {Group: "leads", Assign: []string{"editors"}}}
	wantKind(t, a.Declare(ctx, c), rbac.ErrInvalid)
	must(t, a.Declare(ctx, orgCatalogue(false, "members")))
	wantKind(t, a.Declare(ctx, orgCatalogue(false)), rbac.ErrInvalid)
}

// A Plan has delegations like other records, and finds groups that nobody can
// assign; Validate logs them.
func TestPlanDelegations(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var log bytes.Buffer
		a := h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		c := orgCatalogue(true, "members", "editors")
		plan := must1(a.Plan(ctx, c))
		if want := []rbac.Delegation{{Group: "leads", Assign: []string{"editors", "members"}, Users: true}}; !reflect.DeepEqual(plan.Add.Delegations, want) {
			t.Errorf("added: %+v", plan.Add.Delegations)
		}
		must(t, a.Declare(ctx, c))
		if plan = must1(a.Plan(ctx, c)); plan.String() != "" {
			t.Errorf("planned again: %s", plan)
		}
		h.do(a, all(inherit("editors", "guests"), grant("members", "rbac.administer"), delegate("editors", "guests"),
			func(tx *rbac.Tx) error { return tx.DeleteDelegation("leads") }))
		c.Inheritances = []rbac.Inheritance{{Senior: "editors", Junior: "guests"}}
		c.Grants = []rbac.Grant{{Group: "members", Permission: "rbac.administer"}}
		c.Delegations = append(c.Delegations, rbac.Delegation{Group: "members", Assign: []string{"editors", "members"}})
		plan = must1(a.Plan(ctx, c))
		want := `+ delegation "members"
- delegation "leads": was deleted
? delegation "editors"
! delegation "members": editors inherits guests, which the delegation does not name
! delegation "members": only holders of rbac.administer may assign members, which gives rbac.administer
`
		if plan.String() != want {
			t.Errorf("got\n%swant\n%s", plan, want)
		}
		must(t, a.Declare(ctx, c))
		for range 2 {
			must(t, a.Validate(rbac.HasPermission("post.edit")))
		}
		if n := strings.Count(log.String(), "nobody can assign a group of a delegation"); n != 2 || !strings.Contains(log.String(), "delegation=members") {
			t.Errorf("%d warnings: %s", n, log.String())
		}
		h.do(a, func(tx *rbac.Tx) error { return tx.DeleteGroup("leads") })
		if plan = must1(a.Plan(ctx, c)); !strings.Contains(plan.String(), `delegation "leads": the group leads was deleted`) {
			t.Errorf("got\n%s", plan)
		}
	})
}

// A program may declare the permission that Open adds for administrators.
func TestDeclareTheAdministratorsPermission(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{Administer: "manage"})
		c := rbac.Catalogue{
			Sections:    []rbac.Section{{Name: "admin"}},
			Permissions: []rbac.Permission{{Name: "manage", Title: "Users and groups", Section: "admin"}},
		}
		if plan := must1(a.Plan(ctx, c)); len(plan.Update) != 1 || plan.Update[0].Name != "manage" {
			t.Errorf("planned: %s", plan)
		}
		title := func(want, section string) {
			t.Helper()
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				p, err := tx.Permission("manage")
				if p.Title != want || p.Section != section || p.Description != "" {
					t.Errorf("got %+v", p)
				}
				return err
			}))
		}
		must(t, a.Declare(ctx, c))
		title("Users and groups", "admin")
		h.do(a, func(tx *rbac.Tx) error {
			return modifyPermission(tx, "manage", func(p *rbac.Permission) { p.Title = "Manage" })
		})
		must(t, a.Declare(ctx, c))
		title("Manage", "admin")

		a = h.beside(t).open(rbac.Config{Administer: "manage"})
		h.do(a, func(tx *rbac.Tx) error {
			return modifyPermission(tx, "manage", func(p *rbac.Permission) { p.Title, p.Description = "Manage", "" })
		})
		must(t, a.Declare(ctx, c))
		title("Manage", "admin") // the section was empty
	})
}
