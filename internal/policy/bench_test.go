package policy

import (
	"fmt"
	"testing"

	"github.com/rbac-go/rbac/internal/policy/policytest"
)

// BenchmarkCheck is the check of a permission that four of 1,000 groups give, for a
// user with five groups.
func BenchmarkCheck(b *testing.B) {
	w := policytest.World{Grants: map[string][]string{}}
	for i := range 1000 {
		w.Grants[fmt.Sprint("g", i)] = []string{fmt.Sprint("p", i/4)}
	}
	p := compile(w)
	g := p.active(b, "g1", "g100", "g300", "g500", "g700")
	for _, name := range []string{"p0", "p249"} {
		has := PermissionName{Name: name}
		b.Run(map[string]string{"p0": "has", "p249": "has not"}[name], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				has.GivenBy(p, g)
			}
		})
	}
}
