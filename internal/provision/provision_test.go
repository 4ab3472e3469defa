package provision_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/internal/policy/policytest"
	"github.com/rbac-go/rbac/internal/provision"
	"github.com/rbac-go/rbac/store"
)

func TestFault(t *testing.T) {
	long := strings.Repeat("x", 257)
	tests := []struct {
		rule          string
		wish          provision.Wish
		field, reason string
	}{
		{"by name", provision.Wish{User: "amy", Source: "idp"}, "", ""},
		{"by subject, in a scope", provision.Wish{Subject: "42", Source: "idp", Scope: "org:1"}, "", ""},
		{"no source", provision.Wish{User: "amy"}, "Source", "empty"},
		{"a source that is too long", provision.Wish{User: "amy", Source: long}, "Source", "longer than 256 bytes"},
		{"a scope that is too long", provision.Wish{User: "amy", Source: "idp", Scope: long}, "Scope", "longer than 256 bytes"},
		{"nobody", provision.Wish{Source: "idp"}, "User", "exactly one of User and Subject is needed"},
		{"two ways to name the user", provision.Wish{User: "amy", Subject: "42", Source: "idp"}, "User", "exactly one of User and Subject is needed"},
	}
	for _, tt := range tests {
		if field, reason := tt.wish.Fault(); field != tt.field || reason != tt.reason {
			t.Errorf("%s: got %q %q, want %q %q", tt.rule, field, reason, tt.field, tt.reason)
		}
	}
}

// memberships is the table of a user's memberships.
type memberships struct {
	store.Records
	list []store.Membership
	err  error
}

func (m memberships) UserMemberships(uuid.UUID) ([]store.Membership, error) { return m.list, m.err }

func TestDifference(t *testing.T) {
	blog := policy.New(policy.Tables{Groups: policytest.Blog.Groups()})
	in := func(group, scope, source string) store.Membership {
		return store.Membership{User: policytest.ID("amy"), Group: policytest.ID(group), Scope: scope, Source: source}
	}
	ended := in("readers", "", "idp")
	ended.Until = time.Unix(1, 0)
	has := []store.Membership{in("editors", "", "idp"), in("staff", "", "hr"), in("admins", "", ""), in("chiefs", "org:1", "idp"), ended}
	roles := map[string]string{"Writers": "editors", "Authors": "editors", "Boss": "chiefs"}
	tests := []struct {
		rule        string
		wish        provision.Wish
		join, leave []string
		unknown     string
	}{
		{"nil wants no change", provision.Wish{}, nil, nil, ""},
		{"no group: only those of the source are left", provision.Wish{Groups: []string{}}, nil, []string{"editors", "readers"}, ""},
		{"what there is", provision.Wish{Groups: []string{"readers", "editors"}}, nil, nil, ""},
		{"groups in byte order, each once", provision.Wish{Groups: []string{"moderators", "chiefs", "moderators", "editors", "readers"}},
			[]string{"chiefs", "moderators"}, nil, ""},
		{"a membership of another source counts, and so does a lasting one", provision.Wish{Groups: []string{"staff", "admins", "editors", "readers"}}, nil, nil, ""},
		{"an ended membership counts", provision.Wish{Groups: []string{"readers"}}, nil, []string{"editors"}, ""},
		{"additive", provision.Wish{Groups: []string{"chiefs"}, Additive: true}, []string{"chiefs"}, nil, ""},
		{"a scope of its own", provision.Wish{Groups: []string{"editors"}, Scope: "org:1"}, []string{"editors"}, []string{"chiefs"}, ""},
		{"a scope without memberships", provision.Wish{Groups: []string{}, Scope: "org:2"}, nil, nil, ""},
		{"a map, with names that are not in the map", provision.Wish{Groups: []string{"Boss", "Writers", "Authors", "staff", "Cooks"}, Map: roles},
			[]string{"chiefs"}, []string{"readers"}, ""},
		{"an empty map knows nothing", provision.Wish{Groups: []string{"chiefs"}, Map: map[string]string{}}, nil, []string{"editors", "readers"}, ""},
		{"unknown groups", provision.Wish{Groups: []string{"pilots", "cooks", "chiefs"}}, nil, nil, "cooks"},
	}
	for _, tt := range tests {
		tt.wish.Source = "idp"
		d, err := tt.wish.Difference(memberships{list: has}, blog, policytest.ID("amy"))
		if !slices.Equal(d.Join, tt.join) || !slices.Equal(d.Leave, tt.leave) || d.Unknown != tt.unknown || errors.Is(err, store.ErrNotFound) != (tt.unknown != "") {
			t.Errorf("%s: got %+v, %v; want to join %v, to leave %v, unknown %q", tt.rule, d, err, tt.join, tt.leave, tt.unknown)
		}
		if d.None() != (len(tt.join)+len(tt.leave) == 0) || !slices.Equal(d.Was, has) {
			t.Errorf("%s: none %t, was %v", tt.rule, d.None(), d.Was)
		}
	}
	if _, err := (provision.Wish{Groups: []string{}}).Difference(memberships{err: store.ErrUnavailable}, blog, uuid.UUID{}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a store that fails: got %v", err)
	}
}
