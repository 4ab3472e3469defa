package importer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

// model returns a model of casbin.
func model(request, policy, roles, effect, matcher string) string {
	return "[request_definition]\nr = " + request + "\n[policy_definition]\np = " + policy + "\n[role_definition]\n" + roles +
		"\n[policy_effect]\ne = " + effect + "\n[matchers]\nm = " + matcher + "\n"
}

const (
	allow        = "some(where (p.eft == allow))"
	allowNotDeny = "some(where (p.eft == allow)) && !some(where (p.eft == deny))"
	byRole       = "g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"
	byUser       = "r.sub == p.sub && r.obj == p.obj && r.act == p.act"
	byDomain     = "g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act"
)

// read reads a policy in which roles begin with role:.
func read(t *testing.T, model, policy string) *importer.Plan {
	t.Helper()
	p, err := importer.ReadCasbin(ctx, importer.Casbin{Model: model, Policy: strings.NewReader(policy), RolePrefix: "role:"})
	must(t, err)
	return p
}

func TestCasbin(t *testing.T) {
	p := read(t, model("sub, obj, act", "sub, obj, act", "g = _, _", allow, byRole+" # comment")+"[constraint_definition]\nc = sod(\"role:chief\", \"role:auditor\")\nc2 = roleMax(\"role:chief\", 1)\n", `
# comment
p, role:editor, post, write
p, role:editor, post, read
p, role:editor, post, read
p, amy, post, delete
p, eve, a.b, c
p, eve, a, b.c
p, eve, short
g, role:chief, role:editor
g, bob, role:chief
g, amy, role:editor
g, carl, amy
g, both, role:chief
g, both, role:auditor
g2, post, posts
`)
	const violated = `SSD set "c": separation of duty violated: fewer than 2 of role:auditor, role:chief may come together: both → role:auditor, both → role:chief`
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	reported(t, r,
		`policy 16 (g2, post, posts): not taken: the matcher does not use lines of g2`,
		`model c2 (roleMax("role:chief", 1)): not taken: has no counterpart: only sod, and sodMax that can be violated, are separation of duty`,
		`policy 8 (p, eve, a, b.c): not taken: its permission would have the name of another permission`,
		`policy 9 (p, eve, short): not taken: has a number of values that the model does not have`,
		`policy 6 (p, amy, post, delete): taken: through the group user:amy`,
		`policy 14 (g, both, role:chief): not taken: `+violated,
		`policy 15 (g, both, role:auditor): not taken: `+violated,
		`policy 13 (g, carl, amy): not taken: its role amy is a user`,
		`policy 7 (p, eve, a.b, c): taken: through the group user:eve`)
	proved(t, a, p, r, "both: post.read: only in the source: "+violated, "both: post.write: only in the source: "+violated,
		"carl: post.delete: only in the source: its role amy is a user", "carl: post.read: only in the source: its role amy is a user", "carl: post.write: only in the source: its role amy is a user",
		"eve: a . b.c: only in the source: its permission would have the name of another permission")
	for _, c := range []struct {
		user, permission string
		want             bool
	}{{"amy", "post.delete", true}, {"amy", "post.write", true}, {"bob", "post.read", true}, {"bob", "post.delete", false}, {"eve", "a.b.c", true}} {
		if may(t, a, c.user, c.permission, "") != c.want {
			t.Errorf("%s may %s: %v", c.user, c.permission, !c.want)
		}
	}
}

// A domain is a scope. A role whose lines differ among domains is a group for
// each domain, and so is a role that inherits such a role.
func TestCasbinDomains(t *testing.T) {
	p := read(t, model("sub, dom, obj, act", "sub, dom, obj, act", "g = _, _, _", allow, byDomain), `
p, role:admin, d1, data1, read
p, role:admin, d2, data2, read
p, role:reader, d1, data, read
p, role:reader, d2, data, read
p, dan, d1, data, write
p, dan, d2, data, read
g, role:chief, role:admin, d1
g, role:chief, role:admin, d2
g, role:boss, role:reader, d1
g, alice, role:admin, d1
g, bob, role:chief, d2
g, carl, role:reader, d1
g, carl, role:reader, d3
g, dora, role:boss, d1
`)
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	proved(t, a, p, r)
	counted(t, r, "policy: 14 taken, 0 present, 0 not")
	for _, c := range []struct {
		user, permission, scope string
		want                    bool
	}{
		{"alice", "data1.read", "d1", true}, {"alice", "data1.read", "d2", false}, {"alice", "data2.read", "d1", false},
		{"bob", "data2.read", "d2", true}, {"bob", "data1.read", "d2", false}, {"bob", "data2.read", "d1", false},
		{"carl", "data.read", "d1", true}, {"carl", "data.read", "d3", false}, {"carl", "data.read", "d2", false},
		{"dora", "data.read", "d1", true}, {"dora", "data.read", "d2", false}, {"dora", "data.read", "", false},
		{"dan", "data.write", "d1", true}, {"dan", "data.write", "d2", false}, {"dan", "data.read", "d2", true},
	} {
		if may(t, a, c.user, c.permission, c.scope) != c.want {
			t.Errorf("%s may %s in %s: %v", c.user, c.permission, c.scope, !c.want)
		}
	}
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		for name, want := range map[string]bool{"role:admin@d1": true, "role:chief@d2": true, "role:admin": false, "role:reader": false, "role:reader@d3": true} {
			if _, err := tx.Group(name); (err == nil) != want {
				t.Errorf("the group %s: %v", name, err)
			}
		}
		return nil
	}))
}

// Roles without domains under lines with domains hold in every domain.
func TestCasbinRolesOfAllDomains(t *testing.T) {
	p := read(t, model("sub, dom, obj, act", "sub, dom, obj, act", "g = _, _", allow, "g(r.sub, p.sub) && r.dom == p.dom && r.obj == p.obj && r.act == p.act"), `
p, role:admin, d1, data, read
p, role:admin, , data, own
p, role:staff, d2, data, read
g, alice, role:admin
g, role:boss, role:admin
g, bob, role:boss
`)
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	proved(t, a, p, r)
	reported(t, r, "policy 3 (p, role:admin, , data, own): not taken: its domain is empty")
	if !may(t, a, "alice", "data.read", "d1") || !may(t, a, "bob", "data.read", "d1") || may(t, a, "alice", "data.read", "d2") || may(t, a, "alice", "data.read", "") || may(t, a, "alice", "data.own", "d1") {
		t.Error("a permission of one domain holds in that domain alone")
	}
}

// Without any domain, roles hold nowhere, and no line is dropped.
func TestCasbinWithoutADomain(t *testing.T) {
	p := read(t, model("sub, dom, act", "sub, dom, act", "g = _, _", allow, "g(r.sub, p.sub) && r.dom == p.dom && r.act == p.act"), "g, amy, role:a\ng, role:b, role:a\n")
	r := applied(t, authority(t), p, importer.Options{})
	reported(t, r, "policy 1 (g, amy, role:a): not taken: holds in no domain of the policy", "policy 2 (g, role:b, role:a): not taken: holds in no domain of the policy")
}

// What one line denies nobody gets, and a pattern takes nothing.
func TestCasbinDenyAndPatterns(t *testing.T) {
	lines := `
p, role:a, data, read, allow
p, role:a, data, write, allow
p, amy, data, write, deny
p, role:a, odd, read, maybe
g, amy, role:a
g, bob, role:a
`
	for _, c := range []struct {
		what, effect string
		write        bool // is taken
		differences  []string
	}{
		{"deny lines count", allowNotDeny, false, []string{"bob: data.write: only in the source: another line denies this to somebody"}},
		{"the first line counts", "priority(p.eft) || deny", false, []string{"amy: data.write: only in the source: another line denies this to somebody", "bob: data.write: only in the source: another line denies this to somebody"}},
		{"deny lines do not count", allow, true, nil},
	} {
		p := read(t, model("sub, obj, act", "sub, obj, act, eft", "g = _, _", c.effect, byRole), lines)
		a := authority(t)
		r := applied(t, a, p, importer.Options{})
		for _, user := range []string{"amy", "bob"} {
			if may(t, a, user, "data.write", "") != c.write || !may(t, a, user, "data.read", "") {
				t.Errorf("%s: %s may write: %v", c.what, user, !c.write)
			}
		}
		proved(t, a, p, r, c.differences...)
	}

	keyMatch := "r.sub == p.sub && keyMatch(r.obj, p.obj) && r.act == p.act"
	p := read(t, model("sub, obj, act", "sub, obj, act", "", allow, keyMatch), "p, amy, /posts/*, GET\np, amy, /posts, GET\n")
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	reported(t, r, "policy 1 (p, amy, /posts/*, GET): not taken: is a pattern of keyMatch: grant the permissions that it stands for", "policy 2 (p, amy, /posts, GET): taken: through the group user:amy")
	proved(t, a, p, r, "amy: /posts/*.GET: only in the source: is a pattern of keyMatch: grant the permissions that it stands for")

	p = read(t, model("sub, obj, act", "sub, obj, act, eft", "", allowNotDeny, keyMatch), "p, amy, /posts/*, GET, deny\np, amy, /posts, GET, allow\n")
	a = authority(t)
	applied(t, a, p, importer.Options{})
	if _, err := a.Identity(ctx, "amy"); err == nil && may(t, a, "amy", "/posts.GET", "") {
		t.Error("a pattern that denies keeps no permission")
	}
}

// A model that is not understood is refused, and nothing of it is guessed.
func TestCasbinModelsThatAreRefused(t *testing.T) {
	for what, m := range map[string]string{
		"alternatives":               model("sub, obj, act", "sub, obj, act", "", allow, byRole+` || r.sub == "root"`),
		"a constant":                 model("sub, obj, act", "sub, obj, act", "", allow, byRole+` && r.act == "read"`),
		"an unknown function":        model("sub, obj, act", "sub, obj, act", "", allow, "my(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"),
		"an attribute":               model("sub, obj, act", "sub, obj, act", "", allow, "r.sub == r.obj.Owner && r.act == p.act"),
		"an act that is not checked": model("sub, obj, act", "sub, obj, act", "", allow, "g(r.sub, p.sub) && r.obj == p.obj"),
		"what is not denied":         model("sub, obj, act", "sub, obj, act, eft", "", "!some(where (p.eft == deny))", byRole),
		"priorities of subjects":     model("sub, obj, act", "sub, obj, act, eft", "", "subjectPriority(p.eft) || deny", byRole),
		"a pattern of subjects":      model("sub, obj, act", "sub, obj, act", "", allow, "keyMatch(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"),
		"a pattern of domains":       model("sub, dom, act", "sub, dom, act", "", allow, "g(r.sub, p.sub, r.dom) && keyMatch(r.dom, p.dom) && r.act == p.act"),
		"a negation":                 model("sub, obj, act", "sub, obj, act", "", allow, "!g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act"),
		"no subject":                 model("obj, act", "obj, act", "", allow, "r.obj == p.obj && r.act == p.act"),
		"nothing":                    "",
	} {
		_, err := importer.ReadCasbin(ctx, importer.Casbin{Model: m, Policy: strings.NewReader(""), Leaves: true})
		if !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, c := range map[string]importer.Casbin{
		"nothing says who is a user": {Policy: strings.NewReader("")},
		"two ways say so":            {Policy: strings.NewReader(""), Leaves: true, UserPrefix: "u"},
		"no policy":                  {Leaves: true},
	} {
		c.Model = model("sub, obj, act", "sub, obj, act", "g = _, _", allow, byRole)
		if _, err := importer.ReadCasbin(ctx, c); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A table of an adapter is read like a file, and resource roles are resolved.
func TestCasbinTable(t *testing.T) {
	db := database(t, `CREATE TABLE casbin_rule (id integer, ptype text, v0 text, v1 text, v2 text, v3 text, v4 text, v5 text);
INSERT INTO casbin_rule VALUES (1, 'p', 'alice', 'data1', 'read', '', '', ''), (2, 'p', 'admin', 'group', 'write', NULL, NULL, NULL),
 (3, 'g', 'alice', 'admin', '', '', '', ''), (4, 'g2', 'data1', 'group', '', '', '', ''), (5, 'g2', 'data2', 'inner', '', '', '', ''), (6, 'g2', 'inner', 'group', '', '', '', ''), (7, 'p2', 'x', '', '', '', '', '');`)
	m := model("sub, obj, act", "sub, obj, act", "g = _, _\ng2 = _, _", allow, "g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act")
	p, err := importer.ReadCasbin(ctx, importer.Casbin{Model: m, DB: db, Users: []string{"alice"}})
	must(t, err)
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	proved(t, a, p, r)
	counted(t, r, "casbin_rule: 6 taken, 0 present, 1 not")
	if !may(t, a, "alice", "data2.write", "") || !may(t, a, "alice", "group.write", "") || may(t, a, "alice", "data2.read", "") {
		t.Error("a permission of a group of resources is one of each resource")
	}
}

// casbin refuses to load a policy with a line that has fewer or more values than
// the model. Such a line gives nothing, and nothing is taken where such a line
// denies.
func TestMalformedLinesOfCasbin(t *testing.T) {
	const size = "has a number of values that the model does not have"
	m := model("sub, obj, act", "sub, obj, act, eft", "g = _, _", allowNotDeny, byRole)
	policy := "p, amy, data, read\np, bob, data, write, allow\n"
	p, a := read(t, m, policy), authority(t)
	r, err := p.Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r, "policy 1 (p, amy, data, read): not taken: "+size, "policy 2 (p, bob, data, write, allow): taken: through the group user:bob")
	proved(t, a, p, r)
	if _, err := a.Identity(ctx, "amy"); !errors.Is(err, rbac.ErrNotFound) {
		t.Errorf("amy, who has a line without its eft alone, is here: %v", err)
	}
	if !may(t, a, "bob", "data.write", "") {
		t.Error("a line without its eft keeps another line from its effect")
	}

	r, err = read(t, m, policy+"p, bob, data, write, deny, extra\n").Apply(ctx, authority(t), importer.Options{})
	must(t, err)
	reported(t, r, "policy 1 (p, amy, data, read): not taken: "+size,
		"policy 2 (p, bob, data, write, allow): not taken: a line that denies is a pattern or has a wrong number of values, and may deny this",
		"policy 3 (p, bob, data, write, deny, extra): not taken: "+size)

	m = model("sub, obj, act", "priority, sub, obj, act, eft", "", "priority(p.eft) || deny", byUser)
	r, err = read(t, m, "p, first, amy, data, read, allow\np, 1, bob, data, read, allow\n").Apply(ctx, authority(t), importer.Options{})
	must(t, err)
	reported(t, r, "policy 1 (p, first, amy, data, read, allow): not taken: has a priority that is no number",
		"policy 2 (p, 1, bob, data, read, allow): taken: through the group user:bob")
}
