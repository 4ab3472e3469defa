package importer

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

// examples returns the folder of casbin's own examples, in the module cache.
func examples(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	must(t, err)
	return filepath.Join(strings.TrimSpace(string(out)), "examples")
}

// example is a model and a policy of casbin's own.
type example struct {
	model, policy string
	users         []string
	domains       bool
	theirs        int // requests that casbin alone allows
}

// casbin itself is asked about every request with the names of the policy. What
// the import gives, casbin allows; what casbin allows besides, is reported and is
// in the proof.
func TestCasbinExamples(t *testing.T) {
	folder := examples(t, "github.com/casbin/casbin/v2")
	for _, c := range []example{
		{"basic_model.conf", "basic_policy.csv", []string{"alice", "bob"}, false, 0},
		{"basic_model_without_spaces.conf", "basic_policy.csv", []string{"alice", "bob"}, false, 0},
		{"comment_model.conf", "basic_policy.csv", []string{"alice", "bob"}, false, 0},
		{"rbac_model.conf", "rbac_policy.csv", []string{"alice", "bob"}, false, 0},
		{"rbac_model_in_multi_line.conf", "rbac_policy.csv", []string{"alice", "bob"}, false, 0},
		{"rbac_model.conf", "rbac_with_hierarchy_policy.csv", []string{"alice", "bob"}, false, 0},
		{"rbac_with_resource_roles_model.conf", "rbac_with_resource_roles_policy.csv", []string{"alice", "bob"}, false, 0},
		{"rbac_with_domains_model.conf", "rbac_with_domains_policy.csv", []string{"alice", "bob"}, true, 0},
		{"rbac_with_domains_model.conf", "rbac_with_domains_policy2.csv", []string{"alice", "bob"}, true, 0},
		{"rbac_with_domains_model.conf", "rbac_with_hierarchy_with_domains_policy.csv", []string{"alice"}, true, 0},
		{"rbac_with_deny_model.conf", "rbac_with_deny_policy.csv", []string{"alice", "bob"}, false, 1},
		{"priority_model.conf", "priority_policy.csv", []string{"alice", "bob"}, false, 2},
		{"keymatch_model.conf", "keymatch_policy.csv", []string{"alice", "bob", "cathy"}, false, 14},
	} {
		t.Run(c.policy, func(t *testing.T) { c.compare(t, folder) })
	}
}

func (c example) compare(t *testing.T, folder string) {
	model, policy := filepath.Join(folder, c.model), filepath.Join(folder, c.policy)
	enforcer, err := casbin.NewEnforcer(model, policy)
	must(t, err)
	text, err := os.ReadFile(model)
	must(t, err)
	file, err := os.Open(policy)
	must(t, err)
	defer file.Close()
	plan, err := importer.ReadCasbin(ctx, importer.Casbin{Model: string(text), Policy: file, Users: c.users})
	a := authority(t)
	r := imported(t, a, plan, err, importer.Options{})
	c.complete(t, policy, r)

	asked := c.requests(t, enforcer)
	both, theirs := compare(t, enforcer, a, asked)
	proof, err := plan.Prove(ctx, a, r)
	must(t, err)
	if theirs != c.theirs || (theirs == 0) != proof.Equal() || both+theirs == 0 {
		t.Errorf("of %d requests %d are allowed by both, and %d by casbin alone, want %d; the proof: %+v", len(asked), both, theirs, c.theirs, *proof)
	}
	for _, d := range proof.Differences {
		if d.Here || d.Reason == "" {
			t.Errorf("differs without a reason: %+v", d)
		}
	}
}

// requests returns the requests with the names of a policy.
func (c example) requests(t *testing.T, e *casbin.Enforcer) []request {
	t.Helper()
	lines, err := e.GetPolicy()
	must(t, err)
	var domains, objects, operations []string
	for _, line := range lines {
		domain := ""
		if c.domains {
			domain, line = line[1], line[1:]
		}
		domains, objects, operations = append(domains, domain), append(objects, line[1]), append(operations, line[2])
	}
	if resources := e.GetModel()["g"]["g2"]; resources != nil {
		for _, link := range resources.Policy {
			objects = append(objects, link[0])
		}
	}
	return requests(c.users, domains, objects, operations)
}

// request is a request to casbin. The domain is empty in a model without domains.
type request struct{ user, domain, object, operation string }

// requests returns each combination once.
func requests(users, domains, objects, operations []string) (all []request) {
	seen := map[request]bool{}
	for _, user := range users {
		for _, domain := range domains {
			for _, object := range objects {
				for _, operation := range operations {
					if r := (request{user, domain, object, operation}); !seen[r] {
						seen[r], all = true, append(all, r)
					}
				}
			}
		}
	}
	return all
}

// compare asks casbin and the Authority, and counts the requests that both allow,
// and those that casbin alone allows. None may be allowed by the Authority alone.
func compare(t *testing.T, e *casbin.Enforcer, a *rbac.Authority, all []request) (both, theirs int) {
	t.Helper()
	for _, r := range all {
		args := []any{r.user, r.object, r.operation}
		if r.domain != "" {
			args = slices.Insert(args, 1, any(r.domain))
		}
		old, err := e.Enforce(args...)
		must(t, err)
		switch here := r.allowed(t, a); {
		case here && !old:
			t.Errorf("%v is allowed here alone", r)
		case here:
			both++
		case old:
			theirs++
		}
	}
	return both, theirs
}

// allowed asks the Authority.
func (r request) allowed(t *testing.T, a *rbac.Authority) bool {
	t.Helper()
	id, err := a.Identity(ctx, r.user)
	if errors.Is(err, rbac.ErrNotFound) {
		return false
	}
	must(t, err)
	if r.domain != "" {
		id = id.In(r.domain)
	}
	return id.HasPermission(r.object + "." + r.operation)
}

// complete checks that every line of the file is in the report.
func (c example) complete(t *testing.T, policy string, r *importer.Report) {
	t.Helper()
	text, err := os.ReadFile(policy)
	must(t, err)
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#")
	})
	seen := map[string]bool{}
	for _, row := range r.Rows {
		if row.Table == "policy" && seen[row.Key] {
			t.Errorf("reported twice: %v", row)
		}
		seen[row.Key] = true
	}
	if len(seen) != len(lines) {
		t.Errorf("%d lines, and %d in the report:\n%s", len(lines), len(seen), fmt.Sprint(r.Rows))
	}
}
