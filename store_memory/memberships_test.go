package memorystore

import (
	"context"
	"errors"
	"testing"

	"github.com/rbac-go/rbac/store"
)

// TestMembershipOfOneWhoWasDeleted proves that a membership requires an
// existing user. A user deleted earlier in the Update does not count.
func TestMembershipOfOneWhoWasDeleted(t *testing.T) {
	s := New()
	user, group := number(1), number(2)
	err := s.Update(context.Background(), func(r store.Records) error {
		must(t, r.PutGroup(store.Group{ID: group, Name: "staff"}))
		must(t, r.AddUser(store.UserRecord{User: store.User{ID: user, Name: "bob"}}))
		must(t, r.PutMembership(store.Membership{User: user, Group: group}))
		must(t, r.DeleteMembership(user, group, ""))
		must(t, r.DeleteUser(user))
		return r.PutMembership(store.Membership{User: user, Group: group})
	})
	if !errors.Is(err, errNoRef) {
		t.Errorf("a membership of nobody: %v", err)
	}
}
