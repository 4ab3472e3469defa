package rbac

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// state is what an Authority has in memory: the policy at a head of the store. All
// that its caches hold is true at this head, too.
type state struct {
	head   store.Head
	policy *policy // nil: nothing was read yet
}

// errMoved: the state moved past the transaction while it was running.
var errMoved = errors.New("rbac: state moved on")

// current runs f in a View together with the state at the head that this View sees.
// f may be run more than once.
//
// Every call reads head, so nothing is answered from what a change, made by
// whichever process, has left behind.
func (a *Authority) current(ctx context.Context, f func(store.Records, *state) error) error {
	for left := mostForks; ; left-- {
		err := a.inState(ctx, a.view, false, f)
		if !errors.Is(err, errFork) {
			return err
		}
		if left == 0 {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		a.giveUpLease()
		if err := a.renew(ctx); err != nil {
			return err
		}
	}
}

// mostForks is how often current has another history confirmed before it gives up on a store whose servers disagree.
const mostForks = 3

// inState is current in a View, or what is as good. confirmed is whether it sees what counts if its history is not the one we know.
func (a *Authority) inState(ctx context.Context, view func(context.Context, func(store.Records) error) error, confirmed bool, f func(store.Records, *state) error) error {
	for {
		before := a.state.Load()
		err := view(ctx, func(r store.Records) error {
			st, err := a.stateOf(ctx, r, before, confirmed)
			if err != nil {
				return err
			}
			return f(r, st)
		})
		if !errors.Is(err, errMoved) {
			return err
		}
	}
}

// stateOf returns the state at the head of r's transaction, which began when the state was before.
func (a *Authority) stateOf(ctx context.Context, r store.Records, before *state, confirmed bool) (*state, error) {
	head, err := r.Head()
	if err != nil {
		return nil, err
	}
	if st := a.state.Load(); st.at(head) {
		return st, nil
	}
	if before.at(head) {
		return before, nil // the state has moved on since, but r has not
	}
	return a.follow(ctx, r, head, before, confirmed)
}

func (st *state) at(head store.Head) bool { return st.policy != nil && st.head == head }

// follow brings the state to the head of r's transaction and drops from the caches what
// is no longer true. One goroutine at a time reads what that needs; the others wait for it, each as long as its context lasts.
func (a *Authority) follow(ctx context.Context, r store.Records, head store.Head, before *state, confirmed bool) (*state, error) {
	select {
	case a.following <- struct{}{}:
	case <-ctx.Done():
		return nil, contextEnded(ctx.Err())
	}
	defer func() { <-a.following }()
	st := a.state.Load()
	switch {
	case st.at(head):
		return st, nil
	case st.policy == nil: // nothing was read yet
		return a.reload(r, st, head)
	case head.Revision > st.head.Revision:
		changes, ok, err := changesSince(r, st.head, head, max(mostChanges, st.policy.permissionNums.Len()), func() bool { return a.state.Load() != st })
		if err != nil {
			return nil, err
		}
		if ok {
			return a.apply(r, st, head, changes)
		}
	case head.Revision > before.head.Revision:
		return nil, errMoved // r is older than the state; a new transaction is not
	}
	// The history is not the one we know: the store was restored or replaced, or this is not the server that counts.
	if !confirmed && a.confirmer != nil {
		return nil, errFork
	}
	return a.reload(r, st, head)
}

// contextEnded says that the question was not answered because its context ended.
func contextEnded(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// mostChanges is how many changes of the policy are followed one by one; beyond that a reload is cheaper. Changes of
// users cost their reading alone, and a reload reads the policy and drops all users: so many of them are
// followed as there are permissions. Otherwise who follows a load of users into a large store would reload all the time.
const mostChanges = 1000

// changesSince reads the changes between two heads, up to most of them. It reports false if there are
// more, or they do not lead from one to the other without a gap, and gives errMoved once moved does. Of what
// happened to a user in a row it keeps who that was.
func changesSince(r store.Records, from, to store.Head, most int, moved func() bool) ([]Change, bool, error) {
	var changes []Change
	rows, policy := 0, 0
	at, seq := store.Head{Nonce: from.Nonce}, -1
	if from.Revision > 0 {
		at.Revision = from.Revision - 1 // the last known revision is read again, for its nonce
	}
	for c, err := range r.Changes(store.ChangeFilter{After: at.Revision, Limit: most + 1}) {
		if err != nil {
			return nil, false, err
		}
		if moved() { // an Update of this Authority was quicker
			return nil, false, errMoved
		}
		if !userActions[c.Action] {
			policy++
		}
		if rows++; rows > most || policy > mostChanges {
			return nil, false, nil // there may be more of them, of the last revision too
		}
		if c.Revision == from.Revision {
			if c.Nonce != from.Nonce {
				return nil, false, nil
			}
		} else {
			changes = collect(changes, Change(c))
		}
		if c.Revision != at.Revision {
			seq = -1
		}
		if seq++; c.Revision > at.Revision+1 || c.Seq != seq {
			return nil, false, nil // there were others, that are deleted by now
		}
		at = store.Head{Revision: c.Revision, Nonce: c.Nonce}
	}
	return changes, at == to, nil
}

// collect adds a change to others. A change of a user may hold long texts, and there may be tens of thousands of them.
func collect(changes []Change, c Change) []Change {
	if !userActions[c.Action] {
		return append(changes, c)
	}
	if n := len(changes); n > 0 && userActions[changes[n-1].Action] && changes[n-1].SubjectID == c.SubjectID {
		return changes
	}
	return append(changes, Change{Action: c.Action, SubjectID: c.SubjectID})
}

// apply follows changes.
func (a *Authority) apply(r store.Records, st *state, head store.Head, changes []Change) (*state, error) {
	p, ok := st.policy.after(changes)
	if !ok {
		return a.reload(r, st, head)
	}
	return a.move(st, &state{head: head, policy: p}, func() {
		for _, c := range changes {
			if userActions[c.Action] {
				a.caches.users.Invalidate(c.SubjectID)
			}
		}
	})
}

// after returns the policy after changes, which is p itself if they are about users only. It reports
// false if that cannot be told from them.
func (p *policy) after(changes []Change) (*policy, bool) {
	next := p
	for _, c := range changes {
		if userActions[c.Action] {
			if c.SubjectID == uuid.Nil {
				return nil, false // it does not tell whom to drop from the caches
			}
			continue
		}
		if next == p {
			next = p.fork()
		}
		if !next.change(c) {
			return nil, false
		}
	}
	return next, true
}

// userActions are the changes that leave the policy as it is and concern nobody
// but their Subject.
var userActions = map[string]bool{
	"AddUser": true, "ModifyUser": true, "DeleteUser": true, "SetPasswordHash": true, "Unlock": true,
	"AssignUser": true, "ModifyMembership": true, "DeassignUser": true,
	"Logout": true, "LogoutUser": true, "RevokeTicket": true, "AddActiveGroup": true, "DropActiveGroup": true, "SetActiveGroups": true,
}

// reload reads the policy and drops every cached user, and so every ticket.
func (a *Authority) reload(r store.Records, st *state, head store.Head) (*state, error) {
	p, err := loadPolicy(r)
	if err != nil {
		return nil, err
	}
	return a.move(st, &state{head: head, policy: p}, func() {
		a.caches.users.InvalidateAll()
		a.made = 0 // the history may be another one
	})
}

// move makes next the state after st, unless an Update of this Authority has moved it on meanwhile: what was read for next
// may be from before that. Nothing is put into the caches between drop and then.
func (a *Authority) move(st, next *state, drop func()) (*state, error) {
	a.moving.Lock()
	defer a.moving.Unlock()
	if a.state.Load() != st {
		return nil, errMoved
	}
	return a.moveLocked(next, drop), nil
}

func (a *Authority) moveLocked(next *state, drop func()) *state {
	drop()
	a.state.Store(next)
	close(a.signal)
	a.signal = make(chan struct{})
	return next
}

// moved returns a channel that is closed when the state moves on from what it is now, or later.
func (a *Authority) moved() <-chan struct{} {
	a.moving.Lock()
	defer a.moving.Unlock()
	return a.signal
}

// advance moves the state to where a committed transaction of this Authority has led, so that
// who asks after it has returned sees it. It does not ask the store, which could fail: where
// the changes alone do not tell the next state it gives up the lease, and who asks next looks there first.
func (a *Authority) advance(before moment, tx *Tx) {
	if tx.changes == 0 {
		return
	}
	a.moving.Lock()
	defer a.moving.Unlock()
	a.made = max(a.made, tx.next.Revision)
	st := a.state.Load()
	if st.at(tx.next) {
		return // somebody has followed it already
	}
	p, ok := st.policy, st.at(tx.head) && len(tx.aboutPolicy) <= mostChanges
	if ok {
		p, ok = p.after(tx.aboutPolicy)
	}
	if !ok {
		a.giveUpLeaseLocked()
		return
	}
	a.moveLocked(&state{head: tx.next, policy: p}, func() {
		for _, user := range tx.aboutUsers {
			a.caches.users.Invalidate(user)
		}
	})
	if a.confirmer == nil { // otherwise the server may have let the commit go without another's word
		a.lease.Store(&lease{before})
	}
}
