package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
	"github.com/cedar-policy/cedar-go"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// The tests of this file prove lines of docs/comparison.md. In all of them bob
// is in the group editors, and editors may use post.write.

// A denial of rbac names the missing permission and the group that gives the
// permission. casbin and cedar-go return no reason if nothing allows, and OPA
// returns what the policy defines, here false.
func TestDenials(t *testing.T) {
	t.Run("rbac", func(t *testing.T) {
		_, amy := factsRBAC(t)
		err := rbac.Check(amy, rbac.HasPermission("post.write"))
		if !errors.Is(err, rbac.ErrDenied) || !strings.Contains(err.Error(), "needs post.write, which the group editors gives") {
			t.Errorf("the denial is %v", err)
		}
	})
	t.Run("casbin", func(t *testing.T) {
		e := factsCasbin(t, roleFirst, "")
		allowed, reasons, err := e.EnforceEx("amy", "post.write")
		if err != nil || allowed || len(reasons) != 0 {
			t.Errorf("allowed %v, reasons %q, error %v", allowed, reasons, err)
		}
	})
	t.Run("cedar-go", func(t *testing.T) {
		decision, diagnostic := factsCedar(t, cedarSimple, "amy")
		if decision || len(diagnostic.Reasons) != 0 || len(diagnostic.Errors) != 0 {
			t.Errorf("decision %v, %+v", decision, diagnostic)
		}
	})
	t.Run("OPA", func(t *testing.T) {
		if got := factsOPA(t, opaModule, "amy"); got != false {
			t.Errorf("the result is %v", got)
		}
	})
}

// casbin returns the line of the policy that allows, and cedar-go the id of the
// policy. rbac returns the path from the user to the permission.
func TestReasonsToAllow(t *testing.T) {
	t.Run("casbin", func(t *testing.T) {
		e := factsCasbin(t, roleFirst, "")
		allowed, reasons, err := e.EnforceEx("bob", "post.write")
		if err != nil || !allowed || strings.Join(reasons, " ") != "editors post.write" {
			t.Errorf("allowed %v, reasons %q, error %v", allowed, reasons, err)
		}
	})
	t.Run("cedar-go", func(t *testing.T) {
		decision, diagnostic := factsCedar(t, cedarSimple, "bob")
		if !decision || len(diagnostic.Reasons) != 1 || diagnostic.Reasons[0].PolicyID != "policy0" {
			t.Errorf("decision %v, %+v", decision, diagnostic)
		}
	})
	t.Run("rbac", func(t *testing.T) {
		a, _ := factsRBAC(t)
		why, err := a.ExplainUser(t.Context(), "bob", rbac.HasPermission("post.write"))
		if err != nil || !strings.Contains(why.String(), "bob → editors") {
			t.Errorf("%v, error %v", why, err)
		}
	})
}

// "Not for editors" with a typing error, "edtiors", lets the editor bob in by
// policies of the peers as they are usually written. rbac lets nobody in. The
// schemas of cedar-go and OPA can find such names before.
func TestUnknownGroupUnderNot(t *testing.T) {
	right, wrong := "editors", "edtiors"
	t.Run("rbac", func(t *testing.T) {
		a, amy := factsRBAC(t)
		bob, err := a.Identity(t.Context(), "bob")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			id      *rbac.Identity
			group   string
			allowed bool
		}{{bob, right, false}, {amy, right, true}, {bob, wrong, false}, {amy, wrong, false}} {
			if err := rbac.Check(c.id, rbac.Not(rbac.InGroup(c.group))); (err == nil) != c.allowed {
				t.Errorf("%s, %s: %v", c.id.User(), c.group, err)
			}
		}
	})
	peers := map[string]func(t *testing.T, group string) bool{
		"casbin": func(t *testing.T, group string) bool {
			e := factsCasbin(t, `r.obj == p.obj && !g(r.sub, "`+group+`")`, "")
			allowed, err := e.Enforce("bob", "post.write")
			return allowed && err == nil
		},
		"cedar-go": func(t *testing.T, group string) bool {
			decision, _ := factsCedar(t, `permit(principal, action, resource) unless { principal in Group::"`+group+`" };`, "bob")
			return bool(decision)
		},
		"OPA": func(t *testing.T, group string) bool {
			return factsOPA(t, `package authz
default allow := false
allow if not data.users[input.user].`+group, "bob") == true
		},
	}
	for name, allows := range peers {
		t.Run(name, func(t *testing.T) {
			if allows(t, right) || !allows(t, wrong) {
				t.Errorf("the right name allows: %v, the wrong one: %v", allows(t, right), allows(t, wrong))
			}
		})
	}
}

// casbin accepts groups that inherit each other from AddGroupingPolicy, and
// refuses them from LoadPolicy, which calls RunDetections. rbac refuses them.
func TestCircleOfGroups(t *testing.T) {
	t.Run("casbin", func(t *testing.T) {
		e := factsCasbin(t, roleFirst, "")
		for _, line := range [][]string{{"editors", "staff"}, {"staff", "editors"}} {
			if ok, err := e.AddGroupingPolicy(line); err != nil || !ok {
				t.Errorf("%v: %v, error %v", line, ok, err)
			}
		}
		if e.RunDetections() == nil {
			t.Error("the circle is not detected")
		}
	})
	t.Run("rbac", func(t *testing.T) {
		a, _ := factsRBAC(t)
		err := a.Update(t.Context(), func(tx *rbac.Tx) error {
			_, err := tx.AddGroup(rbac.Group{Name: "staff"})
			return errors.Join(err,
				tx.AddInheritance(rbac.Inheritance{Senior: "editors", Junior: "staff"}),
				tx.AddInheritance(rbac.Inheritance{Senior: "staff", Junior: "editors"}))
		})
		if !errors.Is(err, rbac.ErrCycle) {
			t.Errorf("error %v", err)
		}
	})
}

// casbin refuses a user whom two lines assign to two separated roles. An
// inherited role does not count. rbac counts inherited groups.
func TestSeparationOfInheritedRoles(t *testing.T) {
	t.Run("casbin", func(t *testing.T) {
		e := factsCasbin(t, roleFirst, `
[constraint_definition]
c = sod("buyers", "approvers")`)
		for _, line := range [][]string{{"amy", "buyers"}, {"chiefs", "approvers"}, {"amy", "chiefs"}} {
			if ok, err := e.AddGroupingPolicy(line); err != nil || !ok {
				t.Errorf("%v: %v, error %v", line, ok, err)
			}
		}
		if _, err := e.AddGroupingPolicy("amy", "approvers"); err == nil {
			t.Error("both roles can be assigned directly")
		}
	})
	t.Run("rbac", func(t *testing.T) {
		a, _ := factsRBAC(t)
		err := a.Update(t.Context(), func(tx *rbac.Tx) error {
			var errs []error
			for _, group := range []string{"buyers", "approvers", "chiefs"} {
				_, err := tx.AddGroup(rbac.Group{Name: group})
				errs = append(errs, err)
			}
			return errors.Join(append(errs,
				tx.AddInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "approvers"}),
				tx.CreateSSDSet(rbac.SeparationSet{Name: "purchase", Groups: []string{"buyers", "approvers"}, Cardinality: 2}),
				tx.AssignUser(rbac.Membership{User: "amy", Group: "buyers"}))...)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = a.Update(t.Context(), func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "amy", Group: "chiefs"})
		})
		if !errors.Is(err, rbac.ErrSeparation) {
			t.Errorf("an inherited group: error %v", err)
		}
	})
}

func factsRBAC(t *testing.T) (*rbac.Authority, *rbac.Identity) {
	t.Helper()
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	err = a.Declare(t.Context(), rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.write"}},
		Groups:      []rbac.Group{{Name: "editors"}},
		Grants:      []rbac.Grant{{Group: "editors", Permission: "post.write"}},
	})
	if err == nil {
		err = a.Update(t.Context(), func(tx *rbac.Tx) error {
			_, err1 := tx.AddUser(rbac.User{Name: "amy"})
			_, err2 := tx.AddUser(rbac.User{Name: "bob"})
			return errors.Join(err1, err2, tx.AssignUser(rbac.Membership{User: "bob", Group: "editors"}))
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	amy, err := a.Identity(t.Context(), "amy")
	if err != nil {
		t.Fatal(err)
	}
	return a, amy
}

func factsCasbin(t *testing.T, matcher, section string) *casbin.Enforcer {
	t.Helper()
	m, err := model.NewModelFromString(`
[request_definition]
r = sub, obj
[policy_definition]
p = sub, obj
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = ` + matcher + section)
	if err != nil {
		t.Fatal(err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := e.AddPolicy("editors", "post.write")
	_, err2 := e.AddGroupingPolicy("bob", "editors")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return e
}

func factsCedar(t *testing.T, policy, user string) (cedar.Decision, cedar.Diagnostic) {
	t.Helper()
	policies, err := cedar.NewPolicySetFromBytes("facts.cedar", []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	c := &cedarWorld{entities: cedar.EntityMap{}}
	c.set(permissionUID("post.write"), nil)
	c.set(groupUID("editors"), []cedar.EntityUID{permissionUID("post.write")})
	c.set(userUID("amy"), nil)
	c.set(userUID("bob"), []cedar.EntityUID{groupUID("editors")})
	return cedar.Authorize(policies, c.entities, cedarRequest(user, "post.write"))
}

func factsOPA(t *testing.T, module, user string) any {
	t.Helper()
	results, err := rego.New(rego.Query("result = data.authz.allow"), rego.Module("facts.rego", module), rego.Data(map[string]any{
		"users":  map[string]any{"amy": map[string]any{}, "bob": map[string]any{"editors": true}},
		"groups": map[string]any{"editors": map[string]any{"post.write": true}},
	}), rego.Input(map[string]any{"user": user, "permission": "post.write"})).Eval(t.Context())
	if err != nil || len(results) != 1 {
		t.Fatalf("%v, error %v", results, err)
	}
	return results[0].Bindings["result"]
}
