package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// faultyOffice is an office on a faulty store in memory, with a ticket of amy's
// and a value in the ticket.
func faultyOffice(t *testing.T) (*faulty, *rbac.Authority, rbac.Token) {
	t.Helper()
	h := newHouse(t, memorystore.New())
	s := newFaulty(h.store)
	h.store = s
	a := h.office(rbac.Config{Protected: []string{"door.open"}})
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(
			second(tx.AddDescendant(rbac.Group{Name: "trainees"}, "editors")),
			tx.ModifyDelegation(rbac.Delegation{Group: "editors", Assign: []string{"editors", "trainees"}}))
	})
	tok := h.issue(a, rbac.Login{User: "amy"})
	must(t, a.SetValue(ctx, tok, "flash", "Saved."))
	must(t, a.SetValue(ctx, tok, "key", must1(a.IssueKey(ctx, robotKey())).Secret()))
	must(t, a.SetValue(ctx, tok, "link", must1(a.IssueLink(ctx, rbac.Link{User: "nora", Purpose: rbac.LinkInvite})).Secret()))
	return s, a, tok
}

// contents returns the contents of a store except throttles, as text.
func contents(t *testing.T, s rbac.Store) string {
	t.Helper()
	var b strings.Builder
	must(t, s.View(ctx, func(r store.Records) error {
		head, err := r.Head(store.NoLock)
		must(t, err)
		groups, err := r.Groups()
		must(t, err)
		permissions, err := r.Permissions()
		must(t, err)
		grants, err := r.Grants(store.GrantFilter{})
		must(t, err)
		inheritances, err := r.Inheritances(store.InheritanceFilter{})
		must(t, err)
		sections, err := r.Sections()
		must(t, err)
		static, err := r.Separations(store.SeparationFilter{})
		must(t, err)
		dynamic, err := r.Separations(store.SeparationFilter{Dynamic: true})
		must(t, err)
		declarations, err := r.Declarations()
		must(t, err)
		fmt.Fprintln(&b, head, groups, permissions, grants, inheritances, sections, static, dynamic, declarations)
		for u, err := range r.Users(store.UserFilter{}) {
			must(t, err)
			memberships, err := r.UserMemberships(u.ID)
			must(t, err)
			tickets, err := r.UserTickets(u.ID)
			must(t, err)
			links, err := r.UserLinks(u.ID)
			must(t, err)
			logins, err := store.Collect(r.Logins(store.LoginFilter{User: u.ID}))
			must(t, err)
			fmt.Fprintln(&b, u, memberships, tickets, links, logins)
			for _, rec := range tickets {
				values, err := r.TicketValues(rec.ID)
				must(t, err)
				fmt.Fprintln(&b, values)
			}
		}
		for c, err := range r.Changes(store.ChangeFilter{}) {
			must(t, err)
			// as texts: byte by byte, the JSON would take most of the time
			records := string(c.Before) + " " + string(c.After)
			c.Before, c.After = nil, nil
			fmt.Fprintln(&b, c, records)
		}
		return nil
	}))
	return b.String()
}

// At any call at which the store fails, the Authority never allows, never
// writes by half, and returns ErrUnavailable.
//
// A store that returns an error does so at every call of every function. A store
// that hangs or panics does so at every fourth call; if RBAC_FAULTS is all, as
// in CI, at every call.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	modes := []struct {
		rule string
		fail func(cancel func()) func(context.Context) error
		want error
	}{
		{"fails", nil, rbac.ErrUnavailable},
		{"hangs until the context ends", func(cancel func()) func(context.Context) error {
			return func(ctx context.Context) error {
				cancel()
				<-ctx.Done()
				return fmt.Errorf("%w: %w", rbac.ErrUnavailable, ctx.Err())
			}
		}, rbac.ErrUnavailable},
		{"panics", func(func()) func(context.Context) error {
			return func(context.Context) error { panic("the store panics") }
		}, errPanicked},
	}
	every := os.Getenv("RBAC_FAULTS") == "all"
	for m, mode := range modes {
		for n, c := range slices.Concat(calls, adminCalls, reviewCalls()) {
			first, step := int64(1), int64(1)
			if m > 0 && !every {
				first, step = int64(1+(n+m)%4), 4 // over all functions, each mode meets calls of every number
			}
			for k := first; ; k += step {
				s, a, tok := faultyOffice(t)
				before := contents(t, s.whole)
				background, cancel := context.WithCancel(ctx)
				if mode.fail != nil {
					s.fail = mode.fail(cancel)
				}
				s.arm(k)
				err := recovered(func() error { return c.call(background, a, tok) })
				done := !s.reached()
				s.arm(0)
				cancel()
				if done {
					if err != nil {
						t.Errorf("%s on a store that works: %v", c.name, err)
					}
					break
				}
				if !errors.Is(err, mode.want) || errors.Is(err, rbac.ErrNotFound) || errors.Is(err, rbac.ErrNoTicket) || errors.Is(err, rbac.ErrDenied) {
					t.Errorf("%s, the store %s at call %d: want %v and nothing else, got %v", c.name, mode.rule, k, mode.want, err)
				}
				if after := contents(t, s.whole); after != before {
					t.Errorf("%s, the store %s at call %d: something was written\n%s\n%s", c.name, mode.rule, k, before, after)
				}
				if err := a.Judge(ctx, tok, rbac.HasPermission("post.edit")); err != nil {
					t.Errorf("%s, the store %s at call %d: when it works again: %v", c.name, mode.rule, k, err)
				}
				must(t, a.Close())
			}
		}
	}
}

var errPanicked = errors.New("panicked")

func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanicked, p)
		}
	}()
	return f()
}

// An Authority whose store fails while the Authority follows a change answers
// nothing from before the change.
func TestStoreFailsWhileFollowing(t *testing.T) {
	for k := int64(1); ; k++ {
		s, a, tok := faultyOffice(t)
		h := newHouse(t, s.whole)
		other := h.open(rbac.Config{})
		must(t, a.Judge(ctx, tok, rbac.HasPermission("post.edit")))
		h.do(other, func(tx *rbac.Tx) error {
			return tx.RevokePermission(rbac.Grant{Group: "editors", Permission: "post.edit"})
		})
		s.arm(k)
		err := a.Judge(ctx, tok, rbac.HasPermission("post.edit"))
		done := !s.reached()
		s.arm(0)
		if done {
			if !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("revoked: got %v", err)
			}
			return
		}
		if !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("the store fails at call %d: got %v", k, err)
		}
		if err := a.Judge(ctx, tok, rbac.HasPermission("post.edit")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("and works again: got %v", err)
		}
	}
}

func TestOpenOnAStoreThatFails(t *testing.T) {
	for k := int64(1); ; k++ {
		s, _, _ := faultyOffice(t)
		// updates the keys of addresses, where a failure is only logged
		newHouse(t, s.whole).open(rbac.Config{})
		s.arm(k)
		a, err := rbac.Open(ctx, s, rbac.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if !s.reached() {
			must(t, err)
			must(t, a.Close())
			return
		}
		if a != nil || !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("the store fails at call %d of Open: got %v, %v", k, a, err)
		}
	}
}

// A closed store denies.
func TestClosedStore(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "warm", a, alive, tok)
		must(t, h.store.Close())
		for name, err := range callAll(a, tok) {
			if !errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("%s on a closed store is ErrUnavailable: got %v", name, err)
			}
		}
	})
}

// A caller that waits for another caller's read waits no longer than its own
// context lasts.
func TestHangingStoreHoldsUpNobodyElse(t *testing.T) {
	s, a, tok := faultyOffice(t)
	h := newHouse(t, s.whole)
	h.do(h.open(rbac.Config{}), func(tx *rbac.Tx) error {
		return tx.RevokePermission(rbac.Grant{Group: "editors", Permission: "post.edit"})
	})
	hanging, hung := context.WithCancel(ctx)
	inside := make(chan struct{})
	s.fail = func(ctx context.Context) error {
		close(inside)
		<-ctx.Done()
		return fmt.Errorf("%w: %w", rbac.ErrUnavailable, ctx.Err())
	}
	s.arm(3) // View, Head, and then the changes
	first := make(chan error)
	go func() { first <- a.Judge(hanging, tok, rbac.NotAnonymous()) }()
	<-inside
	impatient, cancel := context.WithCancel(ctx)
	second := make(chan error)
	go func() { second <- a.Judge(impatient, tok, rbac.NotAnonymous()) }()
	cancel()
	if err := <-second; !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a second Judge whose context ends: got %v", err)
	}
	hung()
	if err := <-first; !errors.Is(err, rbac.ErrUnavailable) {
		t.Errorf("the Judge that hangs: got %v", err)
	}
	must(t, a.Judge(ctx, tok, rbac.NotAnonymous()))
}
