package rbac

import (
	"errors"
	"testing"

	"github.com/google/uuid"
)

// The table reads as policy: a user, a predicate, and whether the predicate is
// met, unmet or broken.
func TestVerdicts(t *testing.T) {
	p := blog.compile(t)
	amy := p.user(t, "amy", "editors")
	chief := p.user(t, "chief", "chiefs")
	eve := p.user(t, "eve")
	nobody := p.anonymous(nil)
	bob := NewIdentity("Bob", []string{"trolls"}, []string{"watch-tv"})
	stranger := NewIdentity("", nil, nil)

	for _, c := range []struct {
		rule string
		id   *Identity
		p    Predicate
		want verdict
	}{
		{"a member is in the group", amy, InGroup("editors"), met},
		{"a group's name is case-sensitive", amy, InGroup("Editors"), broken},
		{"a senior is in the junior group", chief, InGroup("editors"), met},
		{"a junior is not in the senior group", amy, InGroup("senior-editors"), unmet},
		{"nobody is in no group", nobody, InGroup("editors"), unmet},
		{"a group the policy does not have is broken", amy, InGroup("edtiors"), broken},
		{"so it is for who is not logged in", nobody, InGroup("edtiors"), broken},
		{"so it is under Not", amy, Not(InGroup("edtiors")), broken},
		{"without a policy nothing is unknown", bob, InGroup("edtiors"), unmet},
		{"without a policy the given groups count", bob, InGroup("trolls"), met},
		{"everybody outside a group meets its Not", eve, Not(InGroup("editors")), met},
		{"who is not logged in is outside, too", nobody, Not(InGroup("editors")), met},

		{"a group gives its permission", amy, HasPermission("post.write"), met},
		{"a senior has the junior's permission", chief, HasPermission("post.write"), met},
		{"a junior has not the senior's permission", amy, HasPermission("post.publish"), unmet},
		{"a permission nobody gives is unmet", chief, HasPermission("post.purge"), unmet},
		{"nobody has no permission", nobody, HasPermission("post.write"), unmet},
		{"a permission the policy does not have is broken", amy, HasPermission("post.wirte"), broken},
		{"so it is under Not", amy, Not(HasPermission("post.wirte")), broken},
		{"without a policy the given permissions count", bob, HasPermission("watch-tv"), met},
		{"without a policy another permission is missing", bob, HasPermission("post.write"), unmet},

		{"all of the groups", chief, InAllGroups("editors", "staff"), met},
		{"not all of the groups", amy, InAllGroups("editors", "staff"), unmet},
		{"unmet goes before broken in InAllGroups", amy, InAllGroups("nonsense", "staff"), unmet},
		{"an unknown group breaks InAllGroups", amy, InAllGroups("nonsense", "editors"), broken},
		{"any of the groups", amy, InAnyGroup("staff", "editors"), met},
		{"met goes before broken in InAnyGroup", amy, InAnyGroup("nonsense", "editors"), met},
		{"an unknown group breaks InAnyGroup", amy, InAnyGroup("nonsense", "staff"), broken},
		{"none of the groups", amy, InAnyGroup("staff", "readers"), unmet},
		{"a group named twice counts once", amy, InAllGroups("editors", "editors"), met},
		{"all of the permissions", amy, HasAllPermissions("post.write", "post.edit"), met},
		{"not all of the permissions", amy, HasAllPermissions("post.write", "post.read"), unmet},
		{"any of the permissions", amy, HasAnyPermission("post.read", "post.edit"), met},
		{"none of the permissions", amy, HasAnyPermission("post.read", "user.edit"), unmet},
		{"a permission named twice counts once", amy, HasAnyPermission("post.read", "post.read"), unmet},

		{"the user by name", amy, IsUser("amy"), met},
		{"another user", amy, IsUser("bob"), unmet},
		{"user names are compared in canonical form", bob, IsUser("BOB"), met},
		{"nobody is not a user", nobody, IsUser("amy"), unmet},
		{"the user by id", amy, IsUserID(amy.ID()), met},
		{"another id", amy, IsUserID(eve.ID()), unmet},
		{"nobody has not the id", nobody, IsUserID(eve.ID()), unmet},
		{"a user without id may be the one", bob, IsUserID(eve.ID()), broken},
		{"so Not opens nothing to them", bob, Not(IsUserID(eve.ID())), broken},

		{"nobody is logged in", nobody, IsAnonymous(), met},
		{"nobody is logged in, without a policy", stranger, IsAnonymous(), met},
		{"somebody is logged in", amy, IsAnonymous(), unmet},
		{"a login is asked for", nobody, NotAnonymous(), unmet},
		{"a login is there", bob, NotAnonymous(), met},

		{"a function says yes", amy, Func("yes", func(*Identity) bool { return true }), met},
		{"a function says no", amy, Func("no", func(*Identity) bool { return false }), unmet},
		{"a message changes no verdict", amy, WithMessage(InGroup("editors"), "x"), met},
		{"a message changes no verdict", eve, WithMessage(InGroup("editors"), "x"), unmet},
	} {
		if got := judge(c.id, c.p); got != c.want {
			t.Errorf("%s: %v for %v is %v, want %v", c.rule, c.p, c.id, got, c.want)
		}
	}
}

// A predicate that cannot be answered is denied, and so is its opposite.
func TestBroken(t *testing.T) {
	amy := NewIdentity("amy", []string{"editors"}, nil)
	yes := func(*Identity) bool { return true }
	for rule, p := range map[string]Predicate{
		"nil predicate":               nil,
		"nil part of All":             All(nil),
		"nil part of Any":             Any(nil),
		"nil part of Not":             Not(nil),
		"nil part beside a met one":   All(NotAnonymous(), nil),
		"nil under a message":         WithMessage(nil, "x"),
		"nil under an empty message":  WithMessage(nil, ""),
		"empty user name":             IsUser(""),
		"invalid user name":           IsUser("a\x00b"),
		"zero id":                     IsUserID(uuid.Nil),
		"empty group name":            InGroup(""),
		"group name with space":       InGroup(" editors"),
		"group name not UTF-8":        InGroup("\xff"),
		"empty name in InAllGroups":   InAllGroups("editors", ""),
		"empty name in InAnyGroup":    InAnyGroup("", "x"),
		"empty permission name":       HasPermission(""),
		"pattern of permissions":      HasPermission("post.*"),
		"pattern of everything":       HasPermission("*"),
		"permission with a control":   HasPermission("a\nb"),
		"empty in HasAllPermissions":  HasAllPermissions(""),
		"empty in HasAnyPermission":   HasAnyPermission(""),
		"function without name":       Func("", yes),
		"nil function":                Func("x", nil),
		"function that panics":        Func("x", func(*Identity) bool { panic("boom") }),
		"function that panics nil":    Func("x", func(*Identity) bool { panic(nil) }),
		"function that panics an err": Func("x", func(*Identity) bool { panic(errors.New("boom")) }),
		"a foreign nil":               foreign{},
		"a foreign nil in Any":        Any(foreign{}),
		"a zero predicate":            &predicate{},
		"a nil of our own":            (*predicate)(nil),
	} {
		for _, q := range []Predicate{p, Not(p), Not(Not(p)), All(p, NotAnonymous()), Any(p, IsAnonymous())} {
			if v := judge(amy, q); v != broken {
				t.Errorf("%s: verdict of %v is %v, want broken", rule, q, v)
			}
			if err := Check(amy, q); !errors.Is(err, ErrDenied) {
				t.Errorf("%s: Check gave %v, want ErrDenied", rule, err)
			}
			if e := Explain(amy, q); Met(amy, q) || e.Met || e.Reason == faultMessage {
				t.Errorf("%s: explained by %+v", rule, e)
			}
		}
	}
}

// An Identity that does not fit its policy, a fault of this package, is denied
// without a crash.
func TestFault(t *testing.T) {
	amy := blog.compile(t).user(t, "amy", "staff")
	// lacks the number of staff
	amy.policy = world{Grants: map[string][]string{"editors": {"post.edit"}}}.compile(t).Policy
	err := Check(amy, InGroup("editors"))
	if !errors.Is(err, ErrDenied) || err.Error() != "rbac: denied: "+faultMessage {
		t.Errorf("Check gave %v, want ErrDenied", err)
	}
	amy.here = nil
	for _, p := range []Predicate{HasPermission("post.edit"), Not(HasPermission("post.edit"))} {
		if err := Check(amy, p); !errors.Is(err, ErrDenied) {
			t.Errorf("Check of %v gave %v, want ErrDenied", p, err)
		}
	}
}

// foreign is an attempt of a host to get past the seal.
type foreign struct{ Predicate }
