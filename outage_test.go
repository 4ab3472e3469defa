package rbac_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// A store is down for 0.5, 1.5 and 5 s, by the clock of an Authority with the
// default lease of 1 s. Cached records are served until the lease ends and
// refused from then on, records that are not cached are refused from the
// beginning, and nothing is written. Afterwards every answer is as the store
// has it, including changes that another Authority made meanwhile.
func TestOutage(t *testing.T) {
	for _, outage := range []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 5 * time.Second} {
		t.Run(outage.String(), func(t *testing.T) {
			eachStore(t, func(t *testing.T, h *house) {
				store := &unplugged{Store: h.store}
				other := h.office(rbac.Config{})
				h.store = store
				a := h.open(rbac.Config{MaxStaleness: time.Second})
				o := &outageOf{t: t, h: h, a: a, tok: h.issue(a, rbac.Login{User: "amy"}), cold: h.issue(other, rbac.Login{User: "amy"})}
				must(t, errors.Join(o.served()...))
				must(t, a.Poll(ctx))
				store.down.Store(true)
				h.do(other, revoke("editors", "post.edit"))
				for passed := time.Duration(0); passed < outage; passed += 100 * time.Millisecond {
					o.during(passed)
					h.clock.Advance(100 * time.Millisecond)
				}
				store.down.Store(false)
				o.after(outage)
			})
		})
	}
}

type outageOf struct {
	t         *testing.T
	h         *house
	a         *rbac.Authority
	tok, cold rbac.Token // cached, and not cached
}

// served returns the errors of calls that can be answered from memory.
func (o *outageOf) served() []error {
	return []error{
		o.a.Judge(ctx, o.tok, rbac.HasPermission("post.edit")),
		second(o.a.Identify(ctx, o.tok)),
		second(o.a.Identify(ctx, rbac.Token{})),
		second(o.a.Identity(ctx, "amy")),
		second(o.a.IdentityBySubject(ctx, "sub|amy")),
	}
}

// refused returns the errors of calls that cannot be answered from memory.
func (o *outageOf) refused() []error {
	return []error{
		second(o.a.Identify(ctx, o.cold)),
		second(o.a.Identity(ctx, "nora")),
		second(o.a.Issue(ctx, rbac.Login{User: "amy"})),
		second(o.a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})),
		second(o.a.Ticket(ctx, o.tok)),
		o.a.Logout(ctx, o.tok),
		o.a.Update(ctx, addGroup(rbac.Group{Name: "new"})),
		o.a.View(ctx, func(*rbac.Tx) error { return nil }),
	}
}

func (o *outageOf) during(passed time.Duration) {
	want := error(nil)
	if passed >= time.Second {
		want = rbac.ErrUnavailable
	}
	for i, err := range o.served() {
		if !errors.Is(err, want) {
			o.t.Errorf("%v after the beginning, answer %d from memory: %v; want %v", passed, i, err, want)
		}
	}
	for i, err := range o.refused() {
		if !errors.Is(err, rbac.ErrUnavailable) {
			o.t.Errorf("%v after the beginning, call %d that needs the store: %v; want ErrUnavailable", passed, i, err)
		}
	}
}

// after checks the recovery of the store: recovery is at once if the lease had
// ended, and otherwise when the lease ends.
func (o *outageOf) after(outage time.Duration) {
	edit := rbac.HasPermission("post.edit")
	if outage < time.Second {
		if err := o.a.Judge(ctx, o.tok, edit); err != nil && !errors.Is(err, rbac.ErrDenied) {
			o.t.Errorf("before the lease ends: %v", err)
		}
		o.h.clock.Advance(time.Second)
	}
	for _, tok := range []rbac.Token{o.tok, o.cold} {
		if err := o.a.Judge(ctx, tok, edit); !errors.Is(err, rbac.ErrDenied) {
			o.t.Errorf("the right was taken away meanwhile: %v", err)
		}
		must(o.t, o.a.Judge(ctx, tok, rbac.InGroup("editors")))
	}
	must(o.t, o.a.View(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.Group("new"); !errors.Is(err, rbac.ErrNotFound) {
			o.t.Errorf("what was refused was written: %v", err)
		}
		return nil
	}))
	tickets, err := o.a.Tickets(ctx, "amy")
	if err != nil || len(tickets) != 2 {
		o.t.Errorf("%d tickets, %v; want the 2 from before", len(tickets), err)
	}
	must(o.t, second(o.a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})))
	must(o.t, o.a.Logout(ctx, o.tok))
}
