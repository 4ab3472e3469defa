package rbac_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// seeker is a store whose Finder reads in a View of its own before find
// receives the result.
type seeker struct {
	rbac.Store
	find  func(*store.Found, error) (*store.Found, error)
	views atomic.Int64
}

func (s *seeker) View(ctx context.Context, f func(store.Records) error) error {
	s.views.Add(1)
	return s.Store.View(ctx, f)
}

func (s *seeker) ReadHead(ctx context.Context) (head store.Head, err error) {
	err = s.Store.View(ctx, func(r store.Records) (err error) { head, err = r.Head(store.NoLock); return err })
	return head, err
}

func (s *seeker) Find(ctx context.Context, what store.Sought, _ store.Head) (*store.Found, error) {
	f := &store.Found{}
	err := s.Store.View(ctx, func(r store.Records) (err error) {
		if f.Head, err = r.Head(store.NoLock); err != nil {
			return err
		}
		switch {
		case what.User != "":
			f.User, err = r.User(store.UserKey{Name: what.User})
		case what.Subject != "":
			f.User, err = r.User(store.UserKey{Subject: what.Subject})
		default:
			if f.Ticket, err = r.Ticket(store.TicketKey{Hash: what.Ticket}); err == nil {
				f.User, err = r.User(store.UserKey{ID: f.Ticket.User})
			}
		}
		if err == nil {
			f.Memberships, err = r.UserMemberships(f.User.ID)
		}
		return err
	})
	return s.find(f, err)
}

// The result of a Finder is an answer if the result is of the current head.
// Everything else is read again.
func TestFound(t *testing.T) {
	tests := []struct {
		rule  string
		find  func(*store.Found, error) (*store.Found, error)
		views int64
	}{
		{"found", func(f *store.Found, err error) (*store.Found, error) { return f, err }, 0},
		{"not found", func(*store.Found, error) (*store.Found, error) { return nil, nil }, 1},
		{"an error", func(*store.Found, error) (*store.Found, error) { return nil, errFault }, 1},
		{"of a head before", func(f *store.Found, err error) (*store.Found, error) { f.Head.Revision--; return f, err }, 1},
		{"of another history", func(f *store.Found, err error) (*store.Found, error) { f.Head.Nonce++; return f, err }, 1},
		{"from before the last use", func(f *store.Found, err error) (*store.Found, error) {
			f.Ticket.LastSeen = f.Ticket.LastSeen.Add(-24 * time.Hour)
			// LastSeen does not matter if a user is sought
			f.User.Disabled = f.Ticket.Hash == store.TokenHash{}
			return f, err
		}, 1},
	}
	asks := map[string]func(a *rbac.Authority, tok rbac.Token) (*rbac.Identity, error){
		"ticket": func(a *rbac.Authority, tok rbac.Token) (*rbac.Identity, error) { return a.Identify(ctx, tok) },
		"user":   func(a *rbac.Authority, _ rbac.Token) (*rbac.Identity, error) { return a.Identity(ctx, "amy") },
		"subject": func(a *rbac.Authority, _ rbac.Token) (*rbac.Identity, error) {
			return a.IdentityBySubject(ctx, "sub|amy")
		},
	}
	eachStore(t, func(t *testing.T, h *house) {
		tok := h.issue(h.office(rbac.Config{}), rbac.Login{User: "amy"})
		for _, tt := range tests {
			for by, ask := range asks {
				store := &seeker{Store: h.store, find: tt.find}
				a := (&house{t: t, clock: h.clock, store: store}).open(rbac.Config{MaxStaleness: time.Hour})
				store.views.Store(0)
				id, err := ask(a, tok)
				if err != nil || id.User() != "amy" || rbac.Check(id, mayEdit) != nil || store.views.Load() != tt.views {
					t.Errorf("%s, by %s: %v, %v, in %d Views; want amy, who may edit, in %d", tt.rule, by, id, err, store.views.Load(), tt.views)
				}
				store.views.Store(0)
				if again, err := ask(a, tok); err != nil || again != id || store.views.Load() != 0 {
					t.Errorf("%s, by %s, again: %v, %v, in %d Views; want it from the cache", tt.rule, by, again, err, store.views.Load())
				}
				must(t, a.Close())
			}
		}
	})
}

var mayEdit = rbac.HasPermission("post.edit")

// A lagging copy still has an ended record, and is not trusted.
func TestFoundTooLate(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		b := h.office(rbac.Config{})
		tok := h.issue(b, rbac.Login{User: "amy"})
		var before *store.Found
		s := &seeker{Store: h.store}
		s.find = func(f *store.Found, err error) (*store.Found, error) {
			if before == nil {
				before = f
			}
			return before, nil
		}
		a := (&house{t: t, clock: h.clock, store: s}).open(rbac.Config{})
		must(t, a.Judge(ctx, tok, mayEdit))
		h.do(b, revoke("editors", "post.edit"))
		if err := a.Judge(ctx, tok, mayEdit); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("after the right is revoked: %v; want ErrDenied", err)
		}
		must(t, b.Logout(ctx, tok))
		if err := a.Judge(ctx, tok, rbac.InGroup("editors")); !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("after the ticket has ended: %v; want ErrNoTicket", err)
		}
	})
}

// A lagging copy may still have a ticket whose row is gone, at the same head.
// Once the store itself has shown that the row is gone, the copy is not asked
// about the ticket again.
func TestFoundThoughItsRowIsGone(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		b := h.office(rbac.Config{})
		tok := h.issue(b, rbac.Login{User: "amy"})
		var before *store.Found
		s := &seeker{Store: h.store}
		s.find = func(f *store.Found, err error) (*store.Found, error) {
			if before == nil {
				before = f
			}
			return before, nil
		}
		a := (&house{t: t, clock: h.clock, store: s}).open(rbac.Config{})
		must(t, a.Judge(ctx, tok, mayEdit))
		h.deleteRow(b, tok)
		h.clock.Advance(time.Minute)
		must(t, a.Judge(ctx, tok, mayEdit)) // the touch finds the missing row
		must(t, a.Flush(ctx))
		for range 3 {
			checkAlive(t, "gone", a, dead, tok)
			h.clock.Advance(time.Minute)
		}
	})
}
