package rbac

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/uuid"
)

// Each row reads as: a user, a predicate, and the reason that is returned. The
// reason is also the message of Check, where the predicate is unmet.
func TestReasons(t *testing.T) {
	p := blog.compile(t)
	eve := p.user(t, "eve")
	amy := p.user(t, "amy", "editors")
	zoe := p.user(t, "zoe", "chiefs")
	nobody := p.anonymous(nil)
	bob := NewIdentity("bob", []string{"trolls"}, []string{"watch-tv"})
	id := uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	no := func(*Identity) bool { return false }
	yes := func(*Identity) bool { return true }

	for _, c := range []struct {
		id   *Identity
		p    Predicate
		want string
	}{
		// The reason for a missing permission names the groups that would grant
		// the permission, groups with a grant of their own first.
		{eve, HasPermission("user.edit"), "needs user.edit, which the group admins gives; you are in no group"},
		{eve, HasPermission("post.write"), "needs post.write, which the groups editors, chiefs, senior-editors give; you are in no group"},
		{amy, HasPermission("post.delete"), "needs post.delete, which the groups admins, moderators give; you are in editors"},
		{zoe, HasPermission("post.purge"), "needs post.purge, which no group gives; you are in chiefs, editors, senior-editors, staff"},
		{nobody, HasPermission("post.write"), "needs post.write; nobody is logged in"},
		{bob, HasPermission("post.write"), "needs post.write; you are in trolls"},
		// The reason for a permission names the group of the grant.
		{amy, HasPermission("post.write"), "editors gives post.write"},
		{p.user(t, "x", "senior-editors"), HasPermission("post.write"), "senior-editors gives post.write through editors"},
		{zoe, HasPermission("post.write"), "chiefs gives post.write through senior-editors, editors"},
		{p.user(t, "x", "chiefs", "admins", "moderators"), HasPermission("post.delete"), "admins gives post.delete and moderators gives post.delete"},
		{bob, HasPermission("watch-tv"), "you have watch-tv"},
		{amy, HasPermission("post.wirte"), `permission "post.wirte" is unknown`},
		{amy, HasPermission(""), `"" is no valid name of a permission`},

		{eve, InGroup("editors"), "needs the group editors; you are in no group"},
		{amy, InGroup("editors"), "you are in editors"},
		{zoe, InGroup("staff"), "you are in chiefs, which inherits staff"},
		{zoe, InGroup("editors"), "you are in chiefs, which inherits editors through senior-editors"},
		{bob, InGroup("trolls"), "you are in trolls"},
		{nobody, InGroup("editors"), "needs the group editors; nobody is logged in"},
		{amy, InGroup("edtiors"), `group "edtiors" is unknown`},

		{eve, IsUser("Bob"), "needs to be the user bob; you are eve"},
		{nobody, IsUser("bob"), "needs to be the user bob; nobody is logged in"},
		{bob, IsUser("bob"), "you are bob"},
		{eve, IsUserID(id), "needs to be a certain user; you are eve"},
		{bob, IsUserID(id), "the id of the user bob is unknown"},
		{bob, IsUserID(uuid.Nil), "the zero id is nobody's"},
		{amy, IsAnonymous(), "needs that nobody is logged in; you are amy"},
		{nobody, NotAnonymous(), "needs a login; nobody is logged in"},
		{nobody, IsAnonymous(), "nobody is logged in"},
		{amy, NotAnonymous(), "you are amy"},
		{amy, Func("owner", no), `needs the check "owner" to pass`},
		{amy, Func("owner", yes), `the check "owner" passes`},
		{amy, Func("owner", func(*Identity) bool { panic("secret") }), `the check "owner" panicked`},
		{amy, Func("owner", nil), `the check "owner" has no function`},
		{amy, nil, "a predicate is missing"},
		{nil, InGroup("editors"), "nobody was identified"},

		// Compounds list the messages of the failed parts, and print common
		// text once.
		{eve, All(NotAnonymous(), HasPermission("user.edit"), InGroup("staff")), "needs user.edit, which the group admins gives, and needs the group staff; you are in no group"},
		{eve, Any(HasPermission("user.edit"), IsUser("bob")), "needs user.edit, which the group admins gives, or needs to be the user bob; you are in no group, you are eve"},
		{eve, All(InGroup("staff"), Any(InGroup("editors"), InGroup("admins"))), "needs the group staff, and (needs the group editors, or needs the group admins); you are in no group"},
		{eve, InAnyGroup("editors", "admins", "editors"), "needs the group editors, or needs the group admins; you are in no group"},
		{amy, All(InGroup("editors"), NotAnonymous()), "you are in editors, you are amy"},
		{amy, Any(InGroup("admins"), NotAnonymous()), "you are amy"},
		{amy, All(InGroup("staff"), InGroup("x")), `needs the group staff, and group "x" is unknown; you are in editors`},
		{amy, Any(HasAllPermissions("post.write", "a"), nil), `permission "a" is unknown, or a predicate is missing`},
		{eve, InAllGroups("admins", "chiefs", "editors", "moderators", "readers", "senior-editors", "staff"),
			"needs the group admins, and needs the group chiefs, and needs the group editors, and needs the group moderators, and needs the group readers and 2 more; you are in no group"},

		{amy, Not(InGroup("editors")), "refused because you are in editors"},
		{amy, Not(InGroup("staff")), "you are in editors"},
		{amy, Not(InGroup("x")), `group "x" is unknown`},
		{amy, Not(Func("banned", no)), `unmet, as asked: needs the check "banned" to pass`},
		{zoe, All(InGroup("admins"), Not(HasPermission("post.edit"))), "needs the group admins, and refused because chiefs gives post.edit through senior-editors, editors; you are in chiefs, editors, senior-editors, staff"},

		// A message of the host replaces all messages within, for any reason of
		// the denial.
		{eve, WithMessage(InGroup("staff"), "Staff only"), "Staff only"},
		{eve, WithMessage(All(InGroup("staff"), NotAnonymous()), "Staff only"), "Staff only"},
		{eve, WithMessage(InAllGroups("staff", "editors"), "Staff only"), "Staff only"},
		{amy, WithMessage(Not(InGroup("editors")), "请登陆"), "请登陆"},
		{amy, WithMessage(InGroup("x"), "Staff only"), "Staff only"},
		{nil, WithMessage(InGroup("x"), "Staff only"), "Staff only"},
		{amy, WithMessage(nil, "Staff only"), "Staff only"},
		{eve, WithMessage(WithMessage(InGroup("staff"), "inner"), "outer"), "outer"},
		{eve, WithMessage(Any(WithMessage(InGroup("staff"), "inner")), "outer"), "outer"},
		{eve, Any(WithMessage(InGroup("staff"), "For staff"), InGroup("admins")), "For staff, or needs the group admins; you are in no group"},
		{eve, All(WithMessage(NotAnonymous(), "Log in"), InGroup("admins")), "needs the group admins; you are in no group"},
		{eve, Not(WithMessage(InGroup("staff"), "x")), "unmet, as asked: x"},
		{amy, WithMessage(InGroup("editors"), "x"), "you are in editors"},
	} {
		e := Explain(c.id, c.p)
		if e.Reason != c.want {
			t.Errorf("%v for %v:\n  says %s\n  want %s", c.p, c.id, e.Reason, c.want)
		}
		denied, _ := errors.AsType[*DeniedError](Check(c.id, c.p))
		if (denied == nil) != e.Met || denied != nil && denied.Message != e.Reason {
			t.Errorf("%v for %v: Check says %v, Explain %+v", c.p, c.id, denied, e)
		}
	}
}

// Each row reads as: a user, a predicate, and the reason that is returned,
// where the names of groups are not for the user.
func TestReasonsWithoutGroups(t *testing.T) {
	p := blog.compile(t)
	eve, amy := p.user(t, "eve"), p.user(t, "amy", "editors")
	bob := NewIdentity("bob", []string{"trolls"}, []string{"watch-tv"})
	for _, c := range []struct {
		id   *Identity
		p    Predicate
		want string
	}{
		{eve, HasPermission("post.write"), "needs post.write; you are in no group"},
		{amy, HasPermission("post.delete"), "needs post.delete"},
		{amy, HasPermission("post.purge"), "needs post.purge"},
		{bob, HasPermission("post.write"), "needs post.write"},
		{p.anonymous(nil), HasPermission("post.write"), "needs post.write; nobody is logged in"},
		{amy, HasPermission("post.wirte"), `permission "post.wirte" is unknown`},
		{eve, InGroup("editors"), "needs a certain group; you are in no group"},
		{amy, InAnyGroup("admins", "chiefs"), "needs a certain group"},
		{amy, InGroup("edtiors"), "a group is unknown"},
		{amy, Not(InGroup("editors")), "refused because you are in a certain group"},
		{bob, Not(InGroup("trolls")), "refused because you are in a certain group"},
		{amy, Not(HasPermission("post.write")), "refused because you have post.write"},
		{amy, In("org:1", HasPermission("post.delete")), "in org:1: needs post.delete"},
		{amy, All(InGroup("admins"), HasPermission("post.delete"), IsUser("bob")), "needs a certain group, and needs post.delete, and needs to be a certain user; you are amy"},
		{amy, WithMessage(InGroup("admins"), "For the admins"), "For the admins"},
		{amy, Any(WithMessage(InGroup("admins"), "For the admins"), InGroup("chiefs")), "For the admins, or needs a certain group"},
		{nil, InGroup("admins"), "nobody was identified"},
		{amy, nil, "a predicate is missing"},
	} {
		denied, ok := errors.AsType[*DeniedError](Check(c.id, c.p))
		if !ok {
			t.Errorf("%v for %v is allowed", c.p, c.id)
			continue
		}
		if got := denied.WithoutGroups(); got != c.want {
			t.Errorf("%v for %v:\n  says %s\n  want %s", c.p, c.id, got, c.want)
		}
	}
	own := &DeniedError{Identity: amy, Message: "only for editors"}
	if got := own.WithoutGroups(); got != own.Message || (&DeniedError{}).WithoutGroups() != "" {
		t.Errorf("an error that the program made says %q", got)
	}
}

// OneGroup is the sentence of a page that explains a denial.
func TestOneGroup(t *testing.T) {
	p := world{Grants: map[string][]string{"editors": {"post.write"}, "readers": nil, "staff": nil}}.compile(t)
	for want, id := range map[string]*Identity{
		"needs post.write, which the group editors gives; you are in no group":       p.user(t, "editor"),
		"needs post.write, which the group editors gives; you are in readers, staff": p.user(t, "x", "staff", "readers"),
	} {
		if got := Explain(id, HasPermission("post.write")).Reason; got != want {
			t.Errorf("says %s\nwant %s", got, want)
		}
	}
}

// Groups that inherit each other, which only a store edited by hand has, are
// explained, too.
func TestCycle(t *testing.T) {
	p := world{Grants: map[string][]string{"a": {"p"}, "b": nil}, Inherits: map[string][]string{"a": {"b"}, "b": {"a"}}}.compile(t)
	id := p.user(t, "x", "b")
	expectVerdict(t, id, HasPermission("p"), met)
	expectVerdict(t, id, InGroup("a"), met)
}

// A message lists five names and the number of further names.
func TestLongLists(t *testing.T) {
	w := world{Grants: map[string][]string{}}
	var mine []string
	for i := range 17 {
		w.Grants[fmt.Sprintf("giver%02d", i)] = []string{"p"}
		w.Grants[fmt.Sprintf("mine%d", i%7)] = nil
	}
	for i := range 7 {
		mine = append(mine, fmt.Sprintf("mine%d", i))
	}
	want := "needs p, which the groups giver00, giver01, giver02, giver03, giver04 and 12 more give; you are in mine0, mine1, mine2, mine3, mine4 and 2 more"
	if got := Explain(w.compile(t).user(t, "x", mine...), HasPermission("p")).Reason; got != want {
		t.Errorf("says %s\nwant %s", got, want)
	}
}

// Every part is explained, also after a part that decides.
func TestExplainLooksAtEverything(t *testing.T) {
	amy := NewIdentity("amy", []string{"a"}, nil)
	calls := 0
	f := Func("f", func(*Identity) bool { calls++; return true })
	got := Explain(amy, WithMessage(Any(InGroup("a"), f, All(InGroup("b"), f)), "x"))
	want := Explanation{
		Predicate: `any(in_group("a"), func("f"), all(in_group("b"), func("f")), msg="x")`, Met: true,
		Reason: `you are in a, the check "f" passes`,
		Parts: []Explanation{{
			Predicate: `any(in_group("a"), func("f"), all(in_group("b"), func("f")))`, Met: true,
			Reason: `you are in a, the check "f" passes`,
			Parts: []Explanation{
				{Predicate: `in_group("a")`, Reason: "you are in a", Met: true},
				{Predicate: `func("f")`, Reason: `the check "f" passes`, Met: true},
				{Predicate: `all(in_group("b"), func("f"))`, Reason: "needs the group b; you are in a", Parts: []Explanation{
					{Predicate: `in_group("b")`, Reason: "needs the group b; you are in a"},
					{Predicate: `func("f")`, Reason: `the check "f" passes`, Met: true},
				}},
			},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if calls != 2 {
		t.Errorf("the function was called %d times, want once for each place", calls)
	}
}

// A DeniedError is ErrDenied, and can be printed and inspected for any denial.
func TestDeniedError(t *testing.T) {
	bob := NewIdentity("bob", nil, nil)
	err := Check(bob, InGroup("staff"))
	denied, ok := errors.AsType[*DeniedError](err)
	if !ok || !errors.Is(err, ErrDenied) || denied.Identity != bob || denied.Predicate.String() != `in_group("staff")` {
		t.Fatalf("got %#v", err)
	}
	if got, want := err.Error(), "rbac: denied: needs the group staff; you are in no group"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
	if denied, ok := errors.AsType[*DeniedError](Check(nil, nil)); !ok || denied.Predicate != nil || denied.Identity != nil || denied.Error() == "" {
		t.Errorf("without predicate: %#v", denied)
	}
	if p := Check(bob, foreign{}).(*DeniedError).Predicate; p.String() != "nil()" {
		t.Errorf("a foreign nil is kept as %v", p)
	}
	if got := (&DeniedError{}).Error(); got != "rbac: denied" {
		t.Errorf("the zero error says %q", got)
	}
}
