package rbac

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// state is what an Authority has in memory: the policy at a head of the store. All
// that its caches hold is true at this head, too.
type state struct {
	head   Head
	policy *policy // nil: nothing was read yet
}

// errMoved: the state moved past the transaction while it was running.
var errMoved = errors.New("rbac: state moved on")

// current runs f in a View together with the state at the head that this View sees.
// f may be run more than once.
//
// Every call reads head, so nothing is answered from what a change, made by
// whichever process, has left behind.
func (a *Authority) current(ctx context.Context, f func(Records, *state) error) error {
	for {
		before := a.state.Load()
		err := a.view(ctx, func(r Records) error {
			head, err := r.Head()
			if err != nil {
				return err
			}
			st := a.state.Load()
			if st.policy == nil || st.head != head {
				if st, err = a.follow(r, head, before); err != nil {
					return err
				}
			}
			return f(r, st)
		})
		if err != errMoved {
			return err
		}
	}
}

// follow brings the state to the head of r's transaction, which began when the
// state was before, and drops from the caches what is no longer true.
func (a *Authority) follow(r Records, head Head, before *state) (*state, error) {
	a.moving.Lock()
	defer a.moving.Unlock()
	st := a.state.Load()
	switch {
	case st.policy != nil && st.head == head:
		return st, nil
	case st.policy != nil && head.Revision > st.head.Revision:
		changes, ok, err := changesSince(r, st.head, head)
		if err != nil {
			return nil, err
		}
		if ok {
			return a.apply(r, st, head, changes)
		}
	case head.Revision > before.head.Revision:
		return nil, errMoved // r is older than the state; a new transaction is not
	}
	// Nothing was read yet, or the history is not the one we know: the store was restored or replaced.
	return a.reload(r, head)
}

// mostChanges is how many changes are followed one by one; beyond that a reload is cheaper.
const mostChanges = 1000

// changesSince reads the changes between two heads. It reports false if they do not
// lead from one to the other without a gap.
func changesSince(r Records, from, to Head) ([]Change, bool, error) {
	var changes []Change
	at := Head{Nonce: from.Nonce}
	if from.Revision > 0 {
		at.Revision = from.Revision - 1 // the last known revision is read again, for its nonce
	}
	for c, err := range r.Changes(ChangeQuery{After: at.Revision, Limit: mostChanges + 1}) {
		if err != nil {
			return nil, false, err
		}
		if c.Revision == from.Revision {
			if c.Nonce != from.Nonce {
				return nil, false, nil
			}
		} else {
			changes = append(changes, c)
		}
		if c.Revision > at.Revision+1 {
			return nil, false, nil
		}
		at = Head{Revision: c.Revision, Nonce: c.Nonce}
	}
	return changes, at == to, nil
}

// apply follows changes. One that is not about a single user makes the policy anew.
func (a *Authority) apply(r Records, st *state, head Head, changes []Change) (*state, error) {
	var users []uuid.UUID
	for _, c := range changes {
		if !userActions[c.Action] {
			return a.reload(r, head)
		}
		users = append(users, c.SubjectID)
	}
	for _, id := range users {
		a.caches.users.Invalidate(id)
	}
	next := &state{head: head, policy: st.policy}
	a.state.Store(next)
	return next, nil
}

// userActions are the changes that leave the policy as it is and concern nobody
// but their Subject.
var userActions = map[string]bool{
	"AddUser": true, "ModifyUser": true, "DeleteUser": true, "SetPasswordHash": true,
	"AssignUser": true, "ModifyMembership": true, "DeassignUser": true,
	"Logout": true, "RevokeTicket": true, "DropActiveGroup": true,
}

// reload reads the policy and drops every cached user, and so every ticket.
func (a *Authority) reload(r Records, head Head) (*state, error) {
	p, err := loadPolicy(r)
	if err != nil {
		return nil, err
	}
	a.caches.users.InvalidateAll()
	next := &state{head: head, policy: p}
	a.state.Store(next)
	return next, nil
}
