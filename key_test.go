package rbac_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// keyOf makes an API key of a user, good for 100 days.
func (h *house) keyOf(a *rbac.Authority, user string, keep bool) rbac.Token {
	h.t.Helper()
	tok, err := a.IssueKey(ctx, rbac.APIKey{User: user, Label: "robot", Expires: h.clock.Now().Add(100 * day), KeepWhenDisabled: keep})
	must(h.t, err)
	return tok
}

// An API key acts as its user until its end, however long it is not used, and
// with its own groups only. Its log entry has no secret.
func TestIssueKey(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.do(a, assign("amy", "staff"))
		key := rbac.APIKey{User: "AMY", Label: "backup", Groups: []string{"staff"}, Expires: h.clock.Now().Add(100 * day)}
		tok := must1(a.IssueKey(rbac.WithActor(ctx, "root"), key))
		ticket := must1(a.Ticket(ctx, tok))
		if !ticket.Key || ticket.User != "amy" || ticket.Label != "backup" || fmt.Sprint(ticket.Groups) != "[staff]" ||
			!ticket.Expires.Equal(key.Expires) || ticket.KeepWhenDisabled || ticket.Remembered {
			t.Errorf("the ticket of the key: got %+v", ticket)
		}
		c := h.lastChange(a)
		if c.Action != "IssueKey" || c.Subject != "amy" || c.ObjectID != ticket.ID || c.Actor != "root" ||
			string(c.After) != `{"label":"backup","groups":["staff"],"expires":"2031-06-11T09:00:00Z"}` {
			t.Errorf("the log says who issued which key: got %+v, after %s", c, c.After)
		}
		if text := string(must1(json.Marshal(c))); strings.Contains(text, tok.Secret()) {
			t.Errorf("the log has the secret: %s", text)
		}
		must(t, a.Judge(ctx, tok, rbac.HasPermission("door.open")))
		if err := a.Judge(ctx, tok, rbac.HasPermission("post.edit")); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a right of another group: got %v", err)
		}
		h.do(a, assign("amy", "chiefs"))
		if err := a.SetActiveGroups(ctx, tok, []string{"chiefs"}); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a key gets no other groups: got %v", err)
		}
		bySubject := must1(a.IssueKey(ctx, rbac.APIKey{Subject: "sub|amy", Label: "all", Expires: key.Expires}))
		must(t, a.Judge(ctx, bySubject, rbac.HasPermission("post.edit")))
		if got, _ := ticketLabels(t, a, rbac.TicketQuery{Kind: rbac.KeyTicket}); len(got) != 2 {
			t.Errorf("Tickets lists the keys: got %q", got)
		}
		h.clock.Advance(100*day - time.Microsecond)
		must(t, a.Sweep(ctx))
		checkAlive(t, "a microsecond before its end, never used meanwhile", a, alive, tok)
		h.clock.Advance(time.Microsecond)
		checkAlive(t, "at its end", a, dead, tok, bySubject)
	})
}

// An API key proves no person, also just after it was made.
func TestKeysAreNoLogins(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, tok := range []rbac.Token{h.keyOf(a, "amy", false), must1(a.RotateKey(ctx, h.keyOf(a, "amy", false), 0))} {
			id := must1(a.Identify(ctx, tok))
			if err := rbac.Check(id, rbac.AuthenticatedWithin(time.Hour)); !errors.Is(err, rbac.ErrDenied) || !id.AuthenticatedAt().IsZero() {
				t.Errorf("authenticated within an hour: got %v, at %v", err, id.AuthenticatedAt())
			}
		}
	})
}

func TestIssueKeyErrors(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		now := h.clock.Now()
		for _, c := range []struct {
			key  rbac.APIKey
			want error
		}{
			{rbac.APIKey{User: "amy", Expires: now.Add(day)}, rbac.ErrInvalid},
			{rbac.APIKey{User: "amy", Label: "x"}, rbac.ErrInvalid},
			{rbac.APIKey{User: "amy", Label: "x", Expires: now}, rbac.ErrInvalid},
			{rbac.APIKey{User: "amy", Label: "x\u200b", Expires: now.Add(day)}, rbac.ErrInvalid},
			{rbac.APIKey{Label: "x", Expires: now.Add(day)}, rbac.ErrInvalid},
			{rbac.APIKey{User: "amy", Subject: "sub|amy", Label: "x", Expires: now.Add(day)}, rbac.ErrInvalid},
			{rbac.APIKey{User: "amy", Label: "x", Expires: now.Add(day), Groups: []string{"chiefs"}}, rbac.ErrDenied},
			{rbac.APIKey{User: "dora", Label: "x", Expires: now.Add(day)}, rbac.ErrDenied},
			{rbac.APIKey{User: "dora", Label: "x", Expires: now.Add(day), KeepWhenDisabled: true}, rbac.ErrDenied},
			{rbac.APIKey{User: "nobody", Label: "x", Expires: now.Add(day)}, rbac.ErrNotFound},
		} {
			before := a.Revision()
			tok, err := a.IssueKey(ctx, c.key)
			if !errors.Is(err, c.want) || !tok.IsZero() || a.Revision() != before {
				t.Errorf("%+v: got %v, %v; want %v, and no change", c.key, tok, err, c.want)
			}
		}
	})
}

// Rotating makes another secret with the same user, label, groups and end. The
// old key goes on for the overlap and ends in every Authority, and rotating
// again prolongs nothing.
func TestRotateKey(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		end := h.clock.Now().Add(100 * day)
		old := must1(a.IssueKey(ctx, rbac.APIKey{User: "amy", Label: "backup", Groups: []string{"editors"}, Expires: end, KeepWhenDisabled: true}))
		must(t, a.SetValue(ctx, old, "cursor", "17"))
		was := must1(a.Ticket(ctx, old))
		h.clock.Advance(day)
		checkAlive(t, "before", b, alive, old)
		fresh := must1(a.RotateKey(ctx, old, time.Hour))
		is := must1(b.Ticket(ctx, fresh))
		if is.ID == was.ID || is.User != "amy" || is.Label != "backup" || fmt.Sprint(is.Groups) != "[editors]" || !is.Key ||
			!is.KeepWhenDisabled || !is.Expires.Equal(end) || !is.Created.Equal(h.clock.Now()) {
			t.Errorf("the new key is like the old key, made now: got %+v", is)
		}
		if got := must1(a.Value(ctx, fresh, "cursor")); got != "" {
			t.Errorf("values are not passed on: got %q", got)
		}
		if got := must1(a.Value(ctx, old, "cursor")); got != "17" {
			t.Errorf("the old key keeps its values: got %q", got)
		}
		if kept := must1(a.Ticket(ctx, old)); kept.ID != was.ID || !kept.KeepWhenDisabled || !kept.Expires.Equal(h.clock.Now().Add(time.Hour)) {
			t.Errorf("the old key is the same until the end of the overlap: got %+v", kept)
		}
		c := h.lastChange(a)
		if c.Action != "IssueKey" || c.ObjectID != is.ID || c.Actor != "amy" || !c.Verified || !strings.Contains(string(c.After), `"rotates":"`+was.ID.String()) {
			t.Errorf("the log says which key was rotated: got %+v, after %s", c, c.After)
		}
		h.clock.Advance(time.Hour - time.Microsecond)
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "a microsecond before the end of the overlap", x, alive, old, fresh)
		}
		again := must1(a.RotateKey(ctx, old, 10*day))
		h.clock.Advance(time.Microsecond)
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "after the overlap, however often the old key was rotated", x, dead, old, again)
			checkAlive(t, "the new key", x, alive, fresh)
		}
		last := must1(a.RotateKey(ctx, fresh, 0))
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "without an overlap the old key ends at once", x, dead, fresh)
			checkAlive(t, "the new key", x, alive, last)
		}
		if _, err := a.RotateKey(ctx, fresh, 0); !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("a key that has ended: got %v", err)
		}
	})
}

// An administrator rotates a key by its id alone, and may set another end.
func TestRotateKeyByID(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		old := h.keyOf(a, "amy", false)
		id := must1(a.Ticket(ctx, old)).ID
		session := must1(a.Ticket(ctx, h.issue(a, rbac.Login{User: "amy"}))).ID
		rotate := func(id uuid.UUID, overlap time.Duration, expires time.Time) (tok rbac.Token, err error) {
			err = a.Update(ctx, func(tx *rbac.Tx) error {
				tok, err = tx.RotateKey(id, overlap, expires)
				return err
			})
			return tok, err
		}
		end := h.clock.Now().Add(1000 * day)
		fresh := must1(rotate(id, day, end))
		if ticket := must1(a.Ticket(ctx, fresh)); !ticket.Expires.Equal(end) {
			t.Errorf("the administrator's end: got %v", ticket.Expires)
		}
		next := must1(a.Ticket(ctx, must1(rotate(id, 300*day, time.Time{})))) // of the old key, in its overlap
		if !next.Expires.Equal(h.clock.Now().Add(day)) {
			t.Errorf("an overlap prolongs nothing: got %v", next.Expires)
		}
		for _, c := range []struct {
			rule    string
			id      uuid.UUID
			overlap time.Duration
			expires time.Time
			want    error
		}{
			{"no key", uuid.New(), 0, time.Time{}, rbac.ErrNotFound},
			{"a session", session, 0, time.Time{}, rbac.ErrNotFound},
			{"a negative overlap", id, -1, time.Time{}, rbac.ErrInvalid},
			{"an end that is past", id, 0, h.clock.Now(), rbac.ErrInvalid},
		} {
			before := a.Revision()
			if tok, err := rotate(c.id, c.overlap, c.expires); !errors.Is(err, c.want) || !tok.IsZero() || a.Revision() != before {
				t.Errorf("%s: got %v, %v; want %v, and no change", c.rule, tok, err, c.want)
			}
		}
		if _, err := a.RotateKey(ctx, h.issue(a, rbac.Login{User: "amy"}), 0); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("the token of a session: got %v", err)
		}
		h.clock.Advance(1000 * day)
		if _, err := rotate(id, 0, time.Time{}); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("a key that has ended: got %v", err)
		}
	})
}

// Of two that rotate a key at once without an overlap, one succeeds.
func TestRotateKeyAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		old := h.keyOf(a, "amy", false)
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = []*rbac.Authority{a, b}[i%2].RotateKey(ctx, old, 0) })
		}
		all.Wait()
		rotated := 0
		for _, err := range errs {
			switch {
			case err == nil:
				rotated++
			case !errors.Is(err, rbac.ErrNoTicket):
				t.Error(err)
			}
		}
		if got, _ := ticketLabels(t, a, rbac.TicketQuery{Kind: rbac.KeyTicket}); rotated != 1 || len(got) != 1 {
			t.Errorf("%d rotated the key, and there are %d keys; want 1 and 1", rotated, len(got))
		}
	})
}

// A client that rotates its key again and again is held up: each key is a row.
func TestRotateKeyIsPaced(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{})
	key := h.keyOf(a, "amy", false)
	for i := range 151 {
		next, err := a.RotateKey(ctx, key, 0)
		if (i == 150) != errors.Is(err, rbac.ErrThrottled) || i < 150 && err != nil {
			t.Fatalf("call %d: got %v", i+1, err)
		}
		if err == nil {
			key = next
		}
	}
	if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword}); err != nil {
		t.Errorf("the holder of a key keeps the user out: %v", err)
	}
}

// A client that collects keys cannot shut the user out by logging all of them
// out at once, nor fill the store.
func TestRotatedKeysAreBounded(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{})
	key := h.keyOf(a, "amy", false)
	collected := []rbac.Token{}
	for range 5 { // hours
		h.clock.Advance(time.Hour)
		for range 100 {
			tok, err := a.RotateKey(ctx, key, 100*day)
			if err == nil {
				collected = append(collected, tok)
			} else if !errors.Is(err, rbac.ErrInvalid) {
				t.Fatal(err)
			}
		}
	}
	if len(collected) != 99 {
		t.Errorf("collected %d keys beside the first, want 99", len(collected))
	}
	last := key
	for next, err := last, error(nil); err == nil; next, err = a.RotateKey(ctx, last, 0) {
		last = next // as many changes as a key's holder may make
	}
	for _, tok := range collected {
		must(t, a.Logout(ctx, tok))
	}
	if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword}); err != nil {
		t.Errorf("the holder of a key keeps the user out: %v", err)
	}
	checkAlive(t, "rotated without an overlap", a, alive, last)
}

// An API key makes no client known: with rotated keys, its holder could guess a
// hundred passwords for each, and push the devices of the user out.
func TestKeysMakeNoDevice(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		device := must1(a.NewDevice(ctx, h.issue(a, rbac.Login{User: "amy"})))
		key := h.keyOf(a, "amy", false)
		for range 11 {
			if d, err := a.NewDevice(ctx, key); !errors.Is(err, rbac.ErrInvalid) || d != "" {
				t.Fatalf("got a device of %d bytes, %v", len(d), err)
			}
			key = must1(a.RotateKey(ctx, key, day))
		}
		fails(t, a, rbac.Login{User: "amy", Password: "wrong", Device: device}, rbac.ErrBadCredentials)
	})
}

// Delegates make no API keys, neither for others nor for themselves: a key
// would outlast their powers. Administrators do.
func TestKeysAs(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.do(a, all(
			addGroup(rbac.Group{Name: "admins"}),
			func(tx *rbac.Tx) error {
				return tx.GrantPermission(rbac.Grant{Group: "admins", Permission: "rbac.administer"})
			},
			addUser(rbac.User{Name: "ada"}), assign("ada", "admins"),
			func(tx *rbac.Tx) error {
				return tx.ModifyDelegation(rbac.Delegation{Group: "editors", Assign: []string{"editors"}, Users: true})
			}))
		key := must1(a.Ticket(ctx, h.keyOf(a, "nora", false)))
		for name, f := range map[string]func(*rbac.Tx) error{
			"for another": func(tx *rbac.Tx) error {
				return second(tx.IssueKey(rbac.APIKey{User: "nora", Label: "x", Expires: h.clock.Now().Add(day)}))
			},
			"for oneself": func(tx *rbac.Tx) error {
				return second(tx.IssueKey(rbac.APIKey{User: "amy", Label: "x", Expires: h.clock.Now().Add(day), Groups: []string{}}))
			},
			"rotated": func(tx *rbac.Tx) error { return second(tx.RotateKey(key.ID, time.Hour, time.Time{})) },
		} {
			before := a.Revision()
			if err := a.UpdateAs(ctx, must1(a.Identity(ctx, "amy")), f); !errors.Is(err, rbac.ErrDenied) || a.Revision() != before {
				t.Errorf("%s by a delegate: got %v", name, err)
			}
			if err := a.View(ctx, f); !errors.Is(err, rbac.ErrReadOnly) {
				t.Errorf("%s in a View: got %v", name, err)
			}
			if err := a.UpdateAs(ctx, must1(a.Identity(ctx, "ada")), f); err != nil {
				t.Errorf("%s by an administrator: got %v", name, err)
			}
			if c := h.lastChange(a); c.Action != "IssueKey" || c.Actor != "ada" {
				t.Errorf("%s: the actor is the administrator: got %+v", name, c)
			}
		}
	})
}
