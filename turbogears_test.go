package rbac_test

import (
	"errors"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/tgcases"
)

// The ancestors' cases hold for identities without a policy.
func TestTurboGears(t *testing.T) {
	differ := 0
	for _, c := range tgcases.Load(t) {
		t.Run(c.Source, func(t *testing.T) {
			id, p := c.Bare(), c.Predicate(t)
			err := rbac.Check(id, p)
			if (err == nil) != c.Met() {
				t.Fatalf("%v for %v: %v, want met: %v", p, id, err, c.Met())
			}
			if rbac.Met(id, p) != c.Met() || rbac.Explain(id, p).Met != c.Met() {
				t.Errorf("%v for %v: Met and Explain do not agree with Check", p, id)
			}
			if denied, ok := errors.AsType[*rbac.DeniedError](err); ok && c.Denial() != "" && denied.Message != c.Denial() {
				t.Errorf("%v denies with %q, want %q", p, denied.Message, c.Denial())
			}
			differs := c.Met() != (c.Expect == "met") || c.Message != nil && c.Msg != "" && *c.Message != c.Denial()
			if differs != (c.Differs != "") {
				t.Errorf("differs from the ancestors: %v; the reason given is %q", differs, c.Differs)
			}
			if differs {
				differ++
				t.Logf("on purpose: %s", c.Differs)
			}
		})
	}
	if differ != 7 {
		t.Errorf("%d cases differ on purpose, want 7", differ)
	}
}
