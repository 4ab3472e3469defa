package rbac_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// pairs are the lines of one file of published role data.
type pairs [][]string

func readPairs(t *testing.T, name string) pairs {
	t.Helper()
	dir := os.Getenv("RBAC_SHARED")
	if dir == "" {
		t.Skip("RBAC_SHARED is not set to the folder of the published role data")
	}
	f, err := os.Open(filepath.Join(dir, "data", name+".csv.gz"))
	must(t, err)
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	must(t, err)
	r := csv.NewReader(unzipped)
	r.FieldsPerRecord, r.LazyQuotes = 2, true
	lines, err := r.ReadAll()
	must(t, err)
	if len(lines) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return lines
}

// column lists the values of one side, each once, in order.
func (p pairs) column(i int) []string {
	seen := set{}
	for _, line := range p {
		seen[line[i]] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

type set = map[string]bool

// image maps each left side to its right sides.
func (p pairs) image() map[string]set {
	to := map[string]set{}
	for _, line := range p {
		if to[line[0]] == nil {
			to[line[0]] = set{}
		}
		to[line[0]][line[1]] = true
	}
	return to
}

// compose returns the right sides that each left side of p reaches through q.
func (p pairs) compose(q pairs) map[string]set {
	next, reached := q.image(), map[string]set{}
	for from, middle := range p.image() {
		reached[from] = set{}
		for m := range middle {
			maps.Copy(reached[from], next[m])
		}
	}
	return reached
}

// published is an access policy from a paper or a program.
type published struct{ users, groups, inheritances pairs }

// load loads a policy into the store in two Updates: first users, groups and
// permissions, then assignments and grants.
func (p published) load(h *house, a *rbac.Authority) {
	h.t.Helper()
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(
			each(p.groups.column(1), func(name string) error { return addPermission(rbac.Permission{Name: name})(tx) }),
			each(slices.Concat(p.groups, p.users.swapped(), p.inheritances, p.inheritances.swapped()).column(0), func(name string) error { return addGroup(rbac.Group{Name: name})(tx) }),
			each(p.users.column(0), func(name string) error { return addUser(rbac.User{Name: name})(tx) }))
	})
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(
			each(p.groups, func(g []string) error { return grant(g[0], g[1])(tx) }),
			each(p.inheritances, func(i []string) error { return inherit(i[0], i[1])(tx) }),
			each(p.users, func(u []string) error { return assign(u[0], u[1])(tx) }))
	})
}

func (p pairs) swapped() pairs {
	var other pairs
	for _, line := range p {
		other = append(other, []string{line[1], line[0]})
	}
	return other
}

// each stops at the first error.
func each[S ~[]E, E any](all S, f func(E) error) error {
	for _, e := range all {
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

// agrees compares every yes and every no of the users, in predicates and in
// review functions.
func agrees(t *testing.T, a *rbac.Authority, want map[string]set, permissions []string) {
	t.Helper()
	answers, wrong := 0, 0
	for user, has := range want {
		id, err := a.Identity(ctx, user)
		must(t, err)
		for _, p := range permissions {
			answers++
			if id.HasPermission(p) != has[p] {
				wrong++
				if wrong <= 5 {
					t.Errorf("%s, %s: %v; want %v", user, p, !has[p], has[p])
				}
			}
		}
	}
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		if users := names(tx.Users(rbac.UserQuery{}), userName); len(users) != len(want) {
			t.Errorf("%d users are there; want %d", len(users), len(want))
		}
		for user, has := range want {
			if got := permissionNames(tx.UserPermissions(user)); !slices.Equal(got, slices.Sorted(maps.Keys(has))) {
				t.Errorf("the permissions of %s are %d; want these %d", user, len(got), len(has))
			}
		}
		return nil
	}))
	if wrong > 0 || answers != len(want)*len(permissions) {
		t.Errorf("%d of %d answers are wrong", wrong, answers)
	}
}

// Five relations of real organisations were each mined into roles in four ways.
// With any of the role sets loaded, every user has exactly the published
// permissions.
func TestPublishedDecompositions(t *testing.T) {
	for _, data := range []string{"hp_healthcare", "hp_domino", "hp_emea", "hp_firewall2", "hp_americas_small"} {
		t.Run(data, func(t *testing.T) {
			direct := readPairs(t, data+".groups")
			want, permissions := readPairs(t, data+".users").compose(direct), direct.column(1)
			for _, roles := range []string{"optimal_cover", "obmd", "org_row", "biclique"} {
				name := data + "_roles_" + roles
				p := published{users: readPairs(t, name+".users"), groups: readPairs(t, name+".groups")}
				t.Run(roles, func(t *testing.T) {
					eachStore(t, func(t *testing.T, h *house) {
						a := h.open(rbac.Config{})
						p.load(h, a)
						agrees(t, a, want, permissions)
					})
				})
			}
		})
	}
}

// Kubernetes' default roles, with their hierarchy, grant the permissions that a
// walk over the files finds.
func TestPublishedHierarchy(t *testing.T) {
	p := published{users: readPairs(t, "k8s_default.users"), groups: readPairs(t, "k8s_default.groups"), inheritances: readPairs(t, "k8s_default.hierarchy")}
	plain := len(p.groups.column(1))
	literal(p.groups)
	permissions := p.groups.column(1)
	if len(permissions) != plain {
		t.Fatalf("%d permissions became %d", plain, len(permissions))
	}
	want := map[string]set{}
	below, gives := p.inheritances.image(), p.groups.image()
	for user, groups := range p.users.image() {
		want[user] = set{}
		for g := range groups {
			collect(want[user], g, below, gives)
		}
	}
	groups := map[string]set{}
	for _, g := range p.groups.column(0) {
		groups[g] = set{}
		collect(groups[g], g, below, gives)
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		p.load(h, a)
		agrees(t, a, want, permissions)
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			for g, has := range groups {
				if got := permissionNames(tx.GroupPermissions(g)); !slices.Equal(got, slices.Sorted(maps.Keys(has))) {
					t.Errorf("%s gives %d permissions; want these %d", g, len(got), len(has))
				}
			}
			return nil
		}))
		noPatterns(t, a)
	})
}

// literal writes the * of Kubernetes as another asterisk: the * is a wildcard
// of Kubernetes, and here a literal part of a name.
func literal(groups pairs) {
	for _, g := range groups {
		g[1] = strings.ReplaceAll(g[1], "*", "∗")
	}
}

// collect adds the permissions of a group and of the groups below it.
func collect(into set, group string, below, gives map[string]set) {
	maps.Copy(into, gives[group])
	for junior := range below[group] {
		collect(into, junior, below, gives)
	}
}

// noPatterns checks that no pattern was granted: no grant in the log has a
// star, and a permission added later has no groups.
func noPatterns(t *testing.T, a *rbac.Authority) {
	t.Helper()
	for _, c := range changesSince(t, a, 0) {
		if c.Action == "GrantPermission" && strings.Contains(c.Object, "*") {
			t.Errorf("%s was granted %s", c.Subject, c.Object)
		}
	}
	must(t, a.Update(ctx, addPermission(rbac.Permission{Name: "added later"})))
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		groups, err := tx.PermissionGroups("added later")
		if len(groups) > 0 {
			t.Errorf("a permission that was never granted is given by %d groups", len(groups))
		}
		return err
	}))
}

// Google Cloud's predefined roles are a catalogue of 160,000 grants. A second
// Declare reads nothing from the store but the remembered declarations.
func TestPublishedCatalogue(t *testing.T) {
	roles := readPairs(t, "gcp_predefined_jdyke.groups")
	var c rbac.Catalogue
	for _, name := range roles.column(1) {
		c.Permissions = append(c.Permissions, rbac.Permission{Name: name})
	}
	for _, name := range roles.column(0) {
		c.Groups = append(c.Groups, rbac.Group{Name: name})
	}
	for _, g := range roles {
		c.Grants = append(c.Grants, rbac.Grant{Group: g[0], Permission: g[1]})
	}
	eachStore(t, func(t *testing.T, h *house) {
		n := 0
		// reads and writes of single records of the policy
		h.store = whileUpdating(h.store, func(name string, args []any) error {
			switch {
			case name == "Permission", name == "AddChange", name == "PutDeclaration", name == "Group" && args[0].(store.GroupKey).Name != "":
				n++
			}
			return nil
		})
		a := h.open(rbac.Config{})
		first := lastRevision(t, a)
		must(t, a.Declare(ctx, c))
		before := lastRevision(t, a)
		n = 0
		must(t, a.Declare(ctx, c))
		if plan, err := a.Plan(ctx, c); err != nil || plan.String() != "" {
			t.Errorf("Plan of what is declared: %v, %v; want nothing", plan, err)
		}
		if after := lastRevision(t, a); before != first+1 || after != before || n != 0 {
			t.Errorf("declared at revision %d and again at %d, with %d more calls; want the same revision and none", before, after, n)
		}
		givesAsPublished(t, a, roles.image(), 7)
	})
}

// givesAsPublished compares the counts, and all permissions of every step-th
// group. The permission of administrators is one more than published.
func givesAsPublished(t *testing.T, a *rbac.Authority, want map[string]set, step int) {
	t.Helper()
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		groups, err1 := tx.Groups()
		permissions, err2 := tx.Permissions()
		if len(groups) != 2346 || len(permissions) != 13496 {
			t.Errorf("%d groups and %d permissions; want 2346 and 13496", len(groups), len(permissions))
		}
		for i := 0; i < len(groups); i += step {
			name := groups[i].Name
			if got := permissionNames(tx.GroupPermissions(name)); !slices.Equal(got, slices.Sorted(maps.Keys(want[name]))) {
				t.Errorf("%s gives %d permissions; want these %d", name, len(got), len(want[name]))
			}
		}
		return errors.Join(err1, err2)
	}))
}
