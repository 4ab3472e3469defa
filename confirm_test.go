package rbac_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// servers is a store on two servers: the server that answers, and the server
// whose changes count.
type servers struct {
	swapped
	counts swapped

	state     sync.Mutex
	cut       error // why confirmation fails
	guarantee store.Guarantee
	confirmed int
}

func newServers(s rbac.Store) *servers {
	return &servers{swapped: swapped{inner: s}, counts: swapped{inner: s}, guarantee: store.Guarantee{Bounded: true, Reason: "by a standby"}}
}

func (s *servers) set(cut error, g store.Guarantee) {
	s.state.Lock()
	defer s.state.Unlock()
	s.cut, s.guarantee = cut, g
}

func (s *servers) ConfirmedView(ctx context.Context, f func(store.Records) error) error {
	s.state.Lock()
	cut := s.cut
	s.confirmed++
	s.state.Unlock()
	if cut != nil {
		return cut
	}
	return s.counts.View(ctx, f)
}

func (s *servers) Guarantee() store.Guarantee {
	s.state.Lock()
	defer s.state.Unlock()
	return s.guarantee
}

// Answers of a server are trusted for MaxStaleness from the last confirmation,
// however well the server answers.
func TestOnlyConfirmationCounts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := newServers(h.store)
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Minute})
		tok := h.issue(a, rbac.Login{User: "amy"})
		ask := func() error { return a.Judge(ctx, tok, rbac.HasPermission("post.edit")) }
		h.clock.Advance(time.Minute)
		must(t, ask())
		store.set(errFault, store.Guarantee())
		for _, step := range []struct {
			after time.Duration
			want  error
		}{{time.Second, nil}, {29 * time.Second, nil}, {30*time.Second - 1, nil}, {1, rbac.ErrUnavailable}, {time.Minute, rbac.ErrUnavailable}} {
			h.clock.Advance(step.after)
			_ = a.Poll(ctx) // as the follower does: the head is read, but not confirmed
			h.do(a, addGroup(rbac.Group{Name: h.clock.Now().Format("g20060102150405.000000000")}))
			for _, err := range []error{ask(), second(a.Identity(ctx, "nora"))} {
				if !errors.Is(err, step.want) || errors.Is(err, rbac.ErrDenied) {
					t.Errorf("after %v more: %v; want %v", step.after, err, step.want)
				}
			}
		}
		store.set(nil, store.Guarantee())
		if err := ask(); err != nil {
			t.Errorf("when it is confirmed again: %v", err)
		}
	})
}

// An Update is no confirmation, however often an Update commits: the server
// that takes the Update may no longer wait for its standby.
func TestUpdatesConfirmNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := newServers(h.store)
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Minute})
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, a.Poll(ctx))
		store.set(errFault, store.Guarantee())
		store.confirmed = 0
		for i := range 6 {
			h.clock.Advance(10 * time.Second)
			h.do(a, addGroup(rbac.Group{Name: fmt.Sprint("new-", i)}))
			_ = a.Poll(ctx)
		}
		if err := a.Judge(ctx, tok, mayEdit); !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("a minute after the last confirmation: %v; want ErrUnavailable", err)
		}
		if store.confirmed == 0 {
			t.Error("nobody asked for a confirmation")
		}
	})
}

// A few confirmations in MaxStaleness are enough, however often head is read.
func TestConfirmationsAreFew(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		store := newServers(h.store)
		h.store = store
		a := h.office(rbac.Config{MaxStaleness: time.Hour})
		store.confirmed = 0
		const polls = 200
		for range polls {
			h.clock.Advance(time.Hour / polls)
			must(t, a.Poll(ctx))
		}
		if n := store.confirmed; n < 3 || n > 5 {
			t.Errorf("%d confirmations in an hour that is MaxStaleness; want about 4", n)
		}
	})
}

// The answering server was left behind: another server has taken its place, and
// a right is revoked there. Nobody is allowed later than MaxStaleness after the
// revocation, from the cache or from the server that was left behind.
func TestLeftBehind(t *testing.T) {
	tests := map[string]func(h *house, left *house){
		"it knows nothing new": func(h, left *house) {},
		"it has changed, too": func(h, left *house) {
			c := left.open(rbac.Config{})
			for _, name := range []string{"x", "y", "z"} {
				left.do(c, addGroup(rbac.Group{Name: name}))
			}
		},
		"it has changed as often": func(h, left *house) {
			left.do(left.open(rbac.Config{}), addGroup(rbac.Group{Name: "x"}))
		},
	}
	eachStore(t, func(t *testing.T, h *house) {
		for name, before := range tests {
			t.Run(name, func(t *testing.T) {
				left, fresh := h.beside(t), h.beside(t)
				left.clock, fresh.clock = h.clock, h.clock
				store := newServers(left.store)
				on := &house{t: t, clock: h.clock, store: store}
				a := on.office(rbac.Config{MaxStaleness: time.Minute})
				cached, unknown := on.issue(a, rbac.Login{User: "amy"}), on.issue(a, rbac.Login{User: "amy"})
				must(t, a.Judge(ctx, cached, mayEdit))

				copyStore(t, left.store, fresh.store)
				before(fresh, left)
				store.counts.swap(fresh.store)
				b := fresh.open(rbac.Config{})
				fresh.do(b, revoke("editors", "post.edit"))
				h.clock.Advance(time.Minute)
				for range 3 {
					for what, err := range map[string]error{
						"a ticket in the cache":   a.Judge(ctx, cached, mayEdit),
						"a ticket on the server":  a.Judge(ctx, unknown, mayEdit),
						"a user in the cache":     judgeUser(a, "amy", mayEdit),
						"a user who is not there": judgeUser(a, "nora", mayEdit),
					} {
						if err == nil {
							t.Errorf("%s: yes after the right was revoked on the server that counts", what)
						}
					}
				}
				if err := a.Judge(ctx, unknown, mayEdit); !errors.Is(err, rbac.ErrUnavailable) || strings.Count(err.Error(), "rbac: ") != 1 {
					t.Errorf("while the servers disagree: %v; want ErrUnavailable, with one \"rbac: \"", err)
				}
				store.swap(fresh.store) // its connections now lead to the new server
				if err := a.Judge(ctx, unknown, mayEdit); !errors.Is(err, rbac.ErrDenied) {
					t.Errorf("on the new server: %v; want ErrDenied", err)
				}
				must(t, a.Judge(ctx, unknown, rbac.InGroup("editors")))
				must(t, a.Close()) // before the stores
			})
		}
	})
}

func judgeUser(a *rbac.Authority, user string, p rbac.Predicate) error {
	id, err := a.Identity(ctx, user)
	if err != nil {
		return err
	}
	return rbac.Check(id, p)
}

// The Authority reports the guarantee, at first and on each change. A store of
// one server promises most.
func TestGuarantee(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		if g := h.open(rbac.Config{}).Guarantee(); g.Reason == "" || g != (store.Guarantee{Bounded: true, Reason: g.Reason}) {
			if _, ok := h.store.(store.Confirmer); !ok {
				t.Errorf("a store that has one server: %+v", g)
			}
		}
		s := newServers(h.store)
		h.store = s
		var log bytes.Buffer
		a := h.open(rbac.Config{MaxStaleness: time.Hour, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		steps := []struct {
			now  store.Guarantee
			want string
		}{
			{store.Guarantee{Bounded: true, Reason: "by a standby"}, `level=INFO msg="rbac: how far MaxStaleness holds" guarantee=bounded reason="by a standby"`},
			{store.Guarantee{Bounded: true, Reason: "by a standby"}, ""},
			{store.Guarantee{Reason: "alone"}, `level=WARN msg="rbac: MaxStaleness is no longer bounded" guarantee="best effort" reason=alone`},
			{store.Guarantee{Reason: "quite alone"}, `level=INFO msg="rbac: how far MaxStaleness holds" guarantee="best effort" reason="quite alone"`},
		}
		for i, step := range steps {
			s.set(nil, step.now)
			if i > 0 {
				log.Reset()
				must(t, a.Poll(ctx))
			}
			if got := log.String(); strings.Count(got, "\n") > 1 || !strings.Contains(got, step.want) || (got == "") != (step.want == "") {
				t.Errorf("step %d is told as %q; want %q", i, got, step.want)
			}
			if got := a.Guarantee(); got != step.now {
				t.Errorf("step %d: %+v", i, got)
			}
		}
	})
}
