package importer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"

	"github.com/rbac-go/rbac/importer"
)

type randomModel struct {
	name, request, policy, roles, effect, matcher string
	deny                                          bool
}

var (
	users      = []string{"amy", "bob", "carl"}
	roles      = []string{"role:a", "role:b", "role:c", "role:d"}
	domains    = []string{"d1", "d2"}
	objects    = []string{"data1", "data2"}
	operations = []string{"read", "write"}
)

// randomModels are models of casbin with all that an import takes: roles, roles
// in domains, lines that deny, priorities, resource roles.
var randomModels = []randomModel{
	{"roles", "sub, obj, act", "sub, obj, act", "g = _, _", "some(where (p.eft == allow))",
		"g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act", false},
	{"resources", "sub, obj, act", "sub, obj, act", "g = _, _\ng2 = _, _", "some(where (p.eft == allow))",
		"g(r.sub, p.sub) && g2(r.obj, p.obj) && r.act == p.act", false},
	{"domains", "sub, dom, obj, act", "sub, dom, obj, act", "g = _, _, _", "some(where (p.eft == allow))",
		"g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act", false},
	{"roles of all domains", "sub, dom, obj, act", "sub, dom, obj, act", "g = _, _", "some(where (p.eft == allow))",
		"g(r.sub, p.sub) && r.dom == p.dom && r.obj == p.obj && r.act == p.act", false},
	{"deny", "sub, dom, obj, act", "sub, dom, obj, act, eft", "g = _, _, _", "some(where (p.eft == allow)) && !some(where (p.eft == deny))",
		"g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act", true},
	{"priority", "sub, obj, act", "sub, obj, act, eft", "g = _, _", "priority(p.eft) || deny",
		"g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act", true},
}

// For random policies, nobody gets a right here that casbin does not allow, and
// the proof counts exactly the requests that casbin allows: those that both allow,
// and those that only casbin allows.
func TestRandomPoliciesOfCasbin(t *testing.T) {
	for _, m := range randomModels {
		t.Run(m.name, func(t *testing.T) {
			withDomains, allowed, split := strings.Contains(m.request, "dom"), 0, 0
			for seed := range uint64(60) {
				policy := strings.Join(m.lines(rand.New(rand.NewPCG(seed, 1)), withDomains), "\n")
				text := "[request_definition]\nr = " + m.request + "\n[policy_definition]\np = " + m.policy + "\n[role_definition]\n" + m.roles +
					"\n[policy_effect]\ne = " + m.effect + "\n[matchers]\nm = " + m.matcher + "\n"
				parsed, err := model.NewModelFromString(text)
				must(t, err)
				enforcer, err := casbin.NewEnforcer(parsed, stringadapter.NewAdapter(policy))
				must(t, err)
				plan, err := importer.ReadCasbin(ctx, importer.Casbin{Model: text, Policy: strings.NewReader(policy), RolePrefix: "role:"})
				a := authority(t)
				report := imported(t, a, plan, err, importer.Options{})
				for _, c := range report.Tables() {
					if want := strings.Count(policy, "\n") + 1; c.Taken+c.NotTaken != want {
						t.Errorf("seed %d: of %d lines the report has %+v", seed, want, c)
					}
				}
				proof, err := plan.Prove(ctx, a, report)
				must(t, err)

				in := []string{""}
				if withDomains {
					in = domains
				}
				both, theirs := compare(t, enforcer, a, requests(users, in, objects, operations))
				if proof.Rights != both || proof.Count != theirs || !m.deny && theirs > 0 {
					t.Errorf("seed %d: both allow %d and casbin alone %d; the proof has %d and %d: %+v\n%s\n%s",
						seed, both, theirs, proof.Rights, proof.Count, proof.Differences, policy, fmt.Sprint(report.Reported()))
				}
				allowed += both
				if strings.Contains(fmt.Sprint(report.Rows, groupNames(t, a)), "@") {
					split++
				}
			}
			if allowed == 0 || withDomains && split == 0 {
				t.Errorf("%d requests are allowed, and %d policies have groups for each domain; the test would prove nothing", allowed, split)
			}
		})
	}
}

// lines returns the lines of a random policy.
func (m randomModel) lines(r *rand.Rand, withDomains bool) (lines []string) {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	for range 2 + r.IntN(10) {
		line := "p, " + pick(slices.Concat(roles, users))
		if withDomains {
			line += ", " + pick(domains)
		}
		line += ", " + pick(objects) + ", " + pick(operations)
		if m.deny {
			line += ", " + []string{"allow", "allow", "allow", "deny"}[r.IntN(4)]
		}
		lines = append(lines, line)
	}
	for range 2 + r.IntN(8) {
		n := r.IntN(len(roles)) // a role inherits later roles only: no cycle
		line := "g, " + pick(slices.Concat(users, roles[:n])) + ", " + roles[n]
		if strings.Count(m.roles, "_") == 3 {
			line += ", " + pick(domains)
		}
		lines = append(lines, line)
	}
	if strings.Contains(m.roles, "g2") {
		lines = append(lines, "g2, data1, data2")
	}
	return lines
}
