package rbac

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rbac-go/rbac/store"
)

// A store that was edited by hand may have a permission with the name of a pattern. It is none: grants of that
// name are of the pattern, before a change and after it.
func TestPermissionWithNameOfPattern(t *testing.T) {
	w := world{grants: map[string][]string{"staff": {"post.*", "post.edit"}, "": {"post.read"}}}
	p := w.compile(t) // which has a permission for each text
	if p.permission("post.*") != nil {
		t.Error("a pattern is a permission")
	}
	holds := func(p *policy, permission string) bool { return p.user(t, "bob", "staff").HasPermission(permission) }
	if !holds(p, "post.read") || !holds(p, "post.edit") {
		t.Error("the pattern does not give what is below it")
	}
	p, ok := p.after([]Change{grantOf("RevokePermission", "staff", "post.*"), grantOf("RevokePermission", "staff", "post.edit")})
	if !ok || holds(p, "post.read") || holds(p, "post.edit") {
		t.Error("what was revoked is still given")
	}
	after, _ := json.Marshal(Permission{Name: "x.*"})
	if _, ok := p.after([]Change{{Action: "AddPermission", Subject: "x.*", After: after}}); ok {
		t.Error("a pattern is added as a permission")
	}
}

// A log that was written by hand may say that a group was deleted and not that its members lost it before. They
// are in no group then, in whichever scope, and nobody's call fails.
func TestGroupDeletedUnderItsMembers(t *testing.T) {
	w := world{grants: map[string][]string{"staff": nil, "others": {"post.read"}}}
	p := w.compile(t)
	u := &cachedUser{id: worldID("bob"), name: "bob", groups: p.held([]store.Membership{
		{Group: worldID("staff")}, {Group: worldID("staff"), Scope: "s"}, {Group: worldID("others")}})}
	p, ok := p.after([]Change{{Action: "DeleteGroup", Subject: "staff", SubjectID: worldID("staff")}})
	if !ok {
		t.Fatal("the change is not followed")
	}
	id := u.withTicket(p, store.Ticket{}, time.Unix(1, 0), nil)
	if id.InGroup("staff") || id.In("s").InGroup("staff") || !id.HasPermission("post.read") {
		t.Error("bob is in a group that was deleted, or in no other")
	}
}

// A change of a user that does not say whose it is, as in a log that was written by hand, leaves nobody in a cache.
func TestChangeOfNobodyIsNotFollowed(t *testing.T) {
	p := blog.compile(t)
	if _, ok := p.after([]Change{{Action: "DeassignUser", Subject: "bob", Object: "editors"}}); ok {
		t.Error("it is followed, and bob keeps what he had")
	}
	if next, ok := p.after([]Change{{Action: "DeassignUser", Subject: "bob", SubjectID: worldID("bob")}}); !ok || next != p {
		t.Error("a change of a user leaves the policy as it is")
	}
}

// Numbers are not given again, so where groups or permissions come and go they are given anew, by a reload, before they are many more than what there is.
func TestNumbersAreGivenAnew(t *testing.T) {
	group, _ := json.Marshal(Group{ID: worldID("x"), Name: "x"})
	permission, _ := json.Marshal(Permission{Name: "x"})
	for name, c := range map[string][2]Change{
		"groups":      {{Action: "AddGroup", Subject: "x", SubjectID: worldID("x"), After: group}, {Action: "DeleteGroup", SubjectID: worldID("x")}},
		"permissions": {{Action: "AddPermission", Subject: "x", After: permission}, {Action: "DeletePermission", Subject: "x"}},
	} {
		p, ok := blog.compile(t), true
		steps := 0
		for ; ok && steps < 100_000; steps++ {
			p, ok = p.after(c[:])
		}
		if ok || steps < sparedNumbers {
			t.Errorf("%s: they are numbered anew after %d of them came and went", name, steps)
		}
	}
}
