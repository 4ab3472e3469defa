package rbac

import (
	"bytes"
	"iter"
	"slices"

	"github.com/rbac-go/rbac/store"
)

// Scopes lists the scopes in which there are memberships, ended memberships
// included, each once and in byte order, without the scope "". The cost follows
// from the number of scopes, not of memberships.
func (tx *Tx) Scopes() iter.Seq2[string, error] { return tx.r.Scopes() }

// EndScope ends all memberships in a scope, as [Tx.DeassignUser] does, and
// returns their number: a later tenant of the same name inherits nothing. In an
// UpdateAs, EndScope is for holders of Config.Administer.
//
// ErrInvalid for the scope "". An unknown scope has no memberships to end. All
// memberships end in one Update, which takes a few seconds for 10,000
// memberships and keeps other Updates waiting.
func (tx *Tx) EndScope(scope string) (ended int, err error) {
	err = validKey("scope", scope, "", scope)
	if scope == "" {
		err = invalid("scope", scope, "", "empty: everywhere is no tenant")
	}
	if err := tx.writable(err); err != nil {
		return 0, err
	}
	members, err := store.Collect(tx.r.Memberships(store.MembershipFilter{Scopes: []string{scope}}))
	if err != nil || len(members) == 0 {
		return 0, err
	}
	slices.SortStableFunc(members, func(a, b store.Member) int { return bytes.Compare(a.User[:], b.User[:]) })
	err = tx.write(tx.protect, func() error { return tx.endMembers(members) })
	return len(members), err
}

// endMembers ends memberships in the order of their users, and prunes the
// tickets of each user. Each user is locked, which excludes concurrent logins.
func (tx *Tx) endMembers(members []store.Member) error {
	for i, m := range members {
		if i == 0 || members[i-1].User != m.User {
			if _, err := tx.r.LockUser(m.User); err != nil {
				return err
			}
		}
		if err := tx.deleteMembership(m.Membership, m.UserName, m.GroupName); err != nil {
			return err
		}
		if i == len(members)-1 || members[i+1].User != m.User {
			if err := tx.pruneUserTickets(User{ID: m.User, Name: m.UserName}); err != nil {
				return err
			}
		}
	}
	return nil
}
