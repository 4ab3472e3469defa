package rbac

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

var someAddr = netip.MustParseAddr("192.0.2.1")

func TestNewIdentity(t *testing.T) {
	id := NewIdentity("BOB", []string{"b", "a", "b", "", " a"}, []string{"y", "x", "*", "post.*", "\xff"})
	if id.User() != "bob" || id.IsAnonymous() || id.ID() != uuid.Nil || id.policy != nil {
		t.Errorf("%v with id %v is not the plain user bob", id, id.ID())
	}
	wantNames(t, "groups", id.Groups, "a", "b")
	wantNames(t, "permissions", id.Permissions, "x", "y")
	if !id.InGroup("a") || id.InGroup("x") || !id.HasPermission("x") || id.HasPermission("a") || id.InGroup(" a") || id.HasPermission("*") {
		t.Error("groups and permissions are not those that were given")
	}
	if !id.AuthenticatedAt().IsZero() {
		t.Errorf("authenticated at %v, want unknown", id.AuthenticatedAt())
	}
}

func TestAnonymous(t *testing.T) {
	p := blog.compile(t)
	for _, id := range []*Identity{NewIdentity("", nil, nil), NewIdentity("", []string{}, []string{}), p.anonymous(nil)} {
		if !id.IsAnonymous() || id.User() != "" || id.ID() != uuid.Nil || id.String() != "anonymous" {
			t.Errorf("%v is somebody", id)
		}
		wantNames(t, "groups", id.Groups)
		wantNames(t, "permissions", id.Permissions)
	}
}

func TestPolicyIdentity(t *testing.T) {
	p := blog.compile(t)
	id := p.user(t, "zoe", "chiefs", "readers")
	wantNames(t, "groups", id.Groups, "chiefs", "editors", "readers", "senior-editors", "staff")
	wantNames(t, "permissions", id.Permissions, "post.edit", "post.publish", "post.read", "post.write")
	for _, name := range p.GroupNames() {
		if got, want := id.InGroup(name), slices.Contains(slices.Collect(id.Groups()), name); got != want {
			t.Errorf("InGroup(%q) = %v, want %v", name, got, want)
		}
	}
	for _, name := range p.PermissionNames() {
		if got, want := id.HasPermission(name), slices.Contains(slices.Collect(id.Permissions()), name); got != want {
			t.Errorf("HasPermission(%q) = %v, want %v", name, got, want)
		}
	}
	if id.InGroup("unknown") || id.HasPermission("unknown") {
		t.Error("has what the policy does not know")
	}
	if id.ID() == uuid.Nil || id.AuthenticatedAt() != time.Unix(1, 0) {
		t.Errorf("%v lost what its Authority said", id)
	}
}

// A loop over the names may stop early.
func TestListsCanBeLeft(t *testing.T) {
	for _, id := range []*Identity{blog.compile(t).user(t, "zoe", "chiefs"), NewIdentity("bob", []string{"a", "b"}, []string{"a", "b"})} {
		for _, list := range []iter.Seq[string]{id.Groups(), id.Permissions()} {
			n := 0
			for range list {
				n++
				break
			}
			if n != 1 {
				t.Errorf("%v: %d names before the break, want 1", id, n)
			}
		}
	}
}

func TestNilIdentity(t *testing.T) {
	var id *Identity
	if id.User() != "" || id.ID() != uuid.Nil || !id.IsAnonymous() || id.InGroup("a") || id.HasPermission("a") || !id.AuthenticatedAt().IsZero() {
		t.Error("nil has properties")
	}
	if id.WithAddr(someAddr) != nil || id.WithAuthenticatedAt(noon) != nil {
		t.Error("nil with an address or a login is somebody")
	}
	wantNames(t, "groups", id.Groups)
	wantNames(t, "permissions", id.Permissions)
}

func TestWithAddr(t *testing.T) {
	id := NewIdentity("bob", []string{"a"}, nil)
	there := id.WithAddr(someAddr)
	if id.addr.IsValid() || there.addr != someAddr || there.User() != "bob" || !there.InGroup("a") {
		t.Errorf("%v at %v is not a copy of %v with an address", there, there.addr, id)
	}
	for written, want := range map[string]string{"::ffff:192.0.2.1": "192.0.2.1", "fe80::1%eth0": "fe80::1", "::ffff:192.0.2.1%eth0": "192.0.2.1"} {
		if got := id.WithAddr(netip.MustParseAddr(written)).addr; got.String() != want {
			t.Errorf("the address %s is kept as %v, want %s", written, got, want)
		}
	}
}

func TestIdentityString(t *testing.T) {
	for want, id := range map[string]*Identity{
		// a user named anonymous is not an anonymous visitor
		`user "anonymous"`: NewIdentity("anonymous", nil, nil),
		`anonymous`:        NewIdentity("", nil, nil),
		`unknown`:          nil,
	} {
		if got := fmt.Sprint(id); got != want {
			t.Errorf("printed as %s, want %s", got, want)
		}
	}
}

func wantNames(t *testing.T, what string, list func() iter.Seq[string], want ...string) {
	t.Helper()
	if got := slices.Collect(list()); !slices.Equal(got, want) {
		t.Errorf("%s are %q, want %q", what, got, want)
	}
}
