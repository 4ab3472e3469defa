package delegation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/policy"
)

// Fault is a group that a delegation names, and that nobody can assign by the
// delegation.
type Fault struct {
	Group  string // of the delegation
	Reason string
}

// Faults lists the faults of the delegations of a policy, in byte order of the
// groups.
func Faults(p *policy.Policy, administer string) (faults []Fault) {
	for _, d := range p.Delegations() {
		for _, n := range p.ByName(d.Assign) {
			if reason := fault(p, administer, d, n); reason != "" {
				faults = append(faults, Fault{p.Name(d.Group), reason})
			}
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return strings.Compare(a.Group, b.Group) })
	return faults
}

func fault(p *policy.Policy, administer string, d policy.Delegation, assigned int32) string {
	closure := p.Closure([]int32{assigned})
	if p.ClosureGives(closure, administer) {
		return fmt.Sprintf("only holders of %s may assign %s, which gives %s", administer, p.Name(assigned), administer)
	}
	for _, n := range p.ByName(closure) {
		if !d.Assigns(n) {
			return fmt.Sprintf("%s inherits %s, which the delegation does not name", p.Name(assigned), p.Name(n))
		}
	}
	return ""
}
