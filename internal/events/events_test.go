package events_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/events"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// A change of a single user has a kind of its own, and any other change is one
// of the policy.
func TestKindsOfChanges(t *testing.T) {
	for _, action := range []string{
		"AddUser", "ModifyUser", "DeleteUser", "SetPasswordHash", "Unlock", "AssignUser", "ModifyMembership", "DeassignUser",
		"IssueKey", "IssueLink", "RedeemLink", "ExpireLink", "Logout", "LogoutUser", "RevokeTicket", "AddActiveGroup", "DropActiveGroup", "SetActiveGroups",
		"AddGroup", "GrantPermission", "CreateSSDSet", "AddDelegation", "an action of a later version",
	} {
		if got, about := events.OfChange(action), policy.AboutUser(action); (got != events.PolicyChanged) != about {
			t.Errorf("%s is %s, and about a single user: %t", action, got, about)
		}
	}
}

// The level of a line goes by how much an operator has to do.
func TestLines(t *testing.T) {
	refused := errors.New("wrong password")
	for _, c := range []struct {
		kind string
		err  error
		want string
	}{
		{events.Login, nil, "rbac: login INFO"},
		{events.LoginRefused, refused, "rbac: login refused WARN"},
		{events.LoginRefused, store.ErrUnavailable, "rbac: login failed ERROR"},
		{events.Throttled, refused, "rbac: login refused WARN"},
		{events.Denied, refused, "rbac: denied INFO"},
		{events.PasswordRefused, store.ErrUnavailable, "rbac: password change failed ERROR"},
		{events.TicketEnded, nil, "rbac: ticket ended INFO"},
		{events.PolicyChanged, nil, "rbac: changed DEBUG"},
		{events.StoreLost, refused, "rbac: the store cannot be followed ERROR"},
		{events.StoreFound, nil, "rbac: the store can be followed again INFO"},
	} {
		message, level := events.Line(c.kind, c.err)
		if got := fmt.Sprint(message, " ", level); got != c.want {
			t.Errorf("%s, %v: got %q, want %q", c.kind, c.err, got, c.want)
		}
	}
}

// Zero values are left out, and ids and addresses become texts.
func TestAttrs(t *testing.T) {
	id := uuid.MustParse("0198c0de-0000-7000-8000-000000000001")
	got := fmt.Sprint(events.Attrs("user", "amy", "actor", "", "user_id", id, "ticket", uuid.Nil,
		"addr", netip.MustParseAddr("192.0.2.10"), "known", false, "revision", uint64(7), "none", error(nil),
		"error", context.DeadlineExceeded)) // an empty struct
	want := "[user=amy user_id=0198c0de-0000-7000-8000-000000000001 addr=192.0.2.10 revision=7 error=context deadline exceeded]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
