package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
	casbin3 "github.com/casbin/casbin/v3"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

const rolesOfCasbin = `[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`

// What docs/coming-from.md says about casbin is so.
func TestClaimsAboutCasbin(t *testing.T) {
	const policy = "p, editor, post, write\ng, amy, editor\n"
	parsed, err := model.NewModelFromString(rolesOfCasbin)
	must(t, err)
	e, err := casbin.NewCachedEnforcer(parsed, stringadapter.NewAdapter(policy))
	must(t, err)
	e.EnableAutoSave(false)
	for _, c := range []struct {
		what, user, object string
		want               bool
	}{
		{"a user with the name of a role has its rights", "editor", "post", true},
		{"a member has them", "amy", "post", true},
		{"a misspelt object is false", "amy", "psot", false},
	} {
		if got, err := e.Enforce(c.user, c.object, "write"); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", c.what, got, err)
		}
	}
	_, err = e.DeleteRoleForUser("amy", "editor")
	must(t, err)
	if got, _ := e.Enforce("amy", "post", "write"); !got {
		t.Error("a cached answer ends with DeleteRoleForUser")
	}
	must(t, e.InvalidateCache())
	if got, _ := e.Enforce("amy", "post", "write"); got {
		t.Error("a cached answer does not end with InvalidateCache")
	}
}

// casbin 3 refuses a circle of roles when it loads a policy, and casbin 2 does
// not. An import reports the line that closes the circle.
func TestCirclesOfRoles(t *testing.T) {
	folder := examples(t, "github.com/casbin/casbin/v3")
	circle := filepath.Join(folder, "rbac_with_cycle_policy.csv")
	text, err := os.ReadFile(circle)
	must(t, err)
	parsed, err := model.NewModelFromString(rolesOfCasbin)
	must(t, err)
	if _, err := casbin.NewEnforcer(parsed, stringadapter.NewAdapter(string(text))); err != nil {
		t.Errorf("casbin 2: %v", err)
	}
	if _, err := casbin3.NewEnforcer(filepath.Join(folder, "rbac_model.conf"), circle); err == nil || !strings.Contains(err.Error(), "cycle") {
		t.Errorf("casbin 3: %v", err)
	}
	plan, err := importer.ReadCasbin(ctx, importer.Casbin{Model: rolesOfCasbin, Policy: strings.NewReader(string(text)), Users: []string{"nobody"}})
	must(t, err)
	r, err := plan.Apply(ctx, authority(t), importer.Options{})
	must(t, err)
	refused := 0
	for _, row := range r.Reported() {
		if strings.Contains(row.Reason, "cycle") {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d lines are refused: %v", refused, r.Rows)
	}
}

// The sod and sodMax of a model become separation sets, and the rest is reported.
func TestConstraintsOfCasbin(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(examples(t, "github.com/casbin/casbin/v3"), "rbac_with_constraints_model.conf"))
	must(t, err)
	var policy strings.Builder
	for _, role := range strings.Split(string(text), `"`) {
		if !strings.ContainsAny(role, "(),= \n") && role != "" {
			policy.WriteString("p, " + role + ", data, read\n")
		}
	}
	plan, err := importer.ReadCasbin(ctx, importer.Casbin{Model: string(text), Policy: strings.NewReader(policy.String()), Users: []string{"nobody"}})
	must(t, err)
	a := authority(t)
	r, err := plan.Apply(ctx, a, importer.Options{})
	must(t, err)
	taken, left := 0, 0
	for _, row := range r.Rows {
		switch {
		case row.Table != "model":
		case row.Outcome == importer.Taken:
			taken++
		case strings.Contains(row.Reason, "counterpart"):
			left++
		}
	}
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		sets, err := tx.SSDSets()
		if len(sets) != 2 || taken != 2 || left != 2 {
			t.Errorf("%d constraints are taken, %d are not, and there are %d sets: %v", taken, left, len(sets), r.Rows)
		}
		return err
	}))
}

// casbin follows roles for ten levels. The proof lists the rights that a user has
// beyond.
func TestLevelsOfRoles(t *testing.T) {
	policy := "g, amy, role:1\n"
	for level := 1; level <= 13; level++ {
		policy += fmt.Sprintf("p, role:%d, data%d, read\ng, role:%d, role:%d\n", level, level, level, level+1)
	}
	parsed, err := model.NewModelFromString(rolesOfCasbin)
	must(t, err)
	e, err := casbin.NewEnforcer(parsed, stringadapter.NewAdapter(policy))
	must(t, err)
	plan, err := importer.ReadCasbin(ctx, importer.Casbin{Model: rolesOfCasbin, Policy: strings.NewReader(policy), RolePrefix: "role:"})
	must(t, err)
	a := authority(t)
	r, err := plan.Apply(ctx, a, importer.Options{})
	must(t, err)
	proof, err := plan.Prove(ctx, a, r)
	must(t, err)
	here := map[string]bool{}
	for _, d := range proof.Differences {
		here[d.Permission] = d.Here
	}
	for level := 1; level <= 13; level++ {
		theirs, err := e.Enforce("amy", fmt.Sprint("data", level), "read")
		must(t, err)
		permission := fmt.Sprintf("data%d.read", level)
		if theirs != (level <= 10) || here[permission] == theirs || !(request{"amy", "", fmt.Sprint("data", level), "read"}).allowed(t, a) {
			t.Errorf("level %d: casbin allows: %v; the proof says here alone: %v", level, theirs, here[permission])
		}
	}
}
