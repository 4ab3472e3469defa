package rbac_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// checkAlive reports tokens that are not in the wanted state.
func checkAlive(t *testing.T, rule string, a *rbac.Authority, want bool, tokens ...rbac.Token) {
	t.Helper()
	for i, tok := range tokens {
		id, err := a.Identify(ctx, tok)
		if want && err != nil {
			t.Errorf("%s: token %d should be alive: %v", rule, i, err)
		}
		if !want && (id != nil || !errors.Is(err, rbac.ErrNoTicket)) {
			t.Errorf("%s: token %d should be dead: got %v, %v", rule, i, id, err)
		}
	}
}

func unknownToken(t *testing.T) rbac.Token {
	t.Helper()
	tok, err := rbac.ParseToken("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	must(t, err)
	return tok
}

func TestIdentifyWithoutTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		id, err := a.Identify(ctx, rbac.Token{})
		if err != nil || !id.IsAnonymous() || !rbac.Met(id, rbac.IsAnonymous()) {
			t.Errorf("the zero Token is anonymous: got %v, %v", id, err)
		}
		if rbac.Met(id, rbac.Not(rbac.InGroup("editros"))) {
			t.Error("an unknown group is a fault for the anonymous Identity of an Authority, too")
		}
		checkAlive(t, "a token of nobody", a, false, unknownToken(t))
		if err := a.Judge(ctx, unknownToken(t), rbac.IsAnonymous()); !errors.Is(err, rbac.ErrNoTicket) {
			t.Errorf("a dead token is not anonymous, it is ErrNoTicket: got %v", err)
		}
		if err := a.Judge(ctx, rbac.Token{}, rbac.NotAnonymous()); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("nobody is denied: got %v", err)
		}
		if err := a.Judge(ctx, rbac.Token{}, nil); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("a nil predicate is met by nobody: got %v", err)
		}
	})
}

func TestLogout(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		one, two := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
		checkAlive(t, "before", a, true, one, two)
		checkAlive(t, "before", b, true, one, two)
		must(t, a.Logout(ctx, one))
		for _, x := range []*rbac.Authority{a, b} {
			checkAlive(t, "a logout ends the ticket, through warm caches", x, false, one)
			checkAlive(t, "and no other", x, true, two)
		}
		for _, tok := range []rbac.Token{one, unknownToken(t), {}} {
			if err := a.Logout(ctx, tok); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("a second logout, or one of nobody, is ErrNoTicket: got %v", err)
			}
			if _, err := a.Ticket(ctx, tok); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("Ticket of none is ErrNoTicket: got %v", err)
			}
		}
		c := h.lastChange(a)
		if c.Action != "Logout" || c.Subject != "amy" || c.Actor != "amy" || !c.Verified || c.Object == "" {
			t.Errorf("a logout is a change by the user themselves: got %+v", c)
		}
	})
}

// lastChange returns the newest entry of the change log.
func (h *house) lastChange(a *rbac.Authority) (last rbac.Change) {
	h.t.Helper()
	must(h.t, a.View(ctx, func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
			if err != nil {
				return err
			}
			last = c
		}
		return nil
	}))
	return last
}

func TestLogoutUser(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		key := h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(1000 * time.Hour)})
		old := h.issue(a, rbac.Login{User: "amy"})
		h.clock.Advance(13 * time.Hour)
		one, two := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
		other := h.issue(a, rbac.Login{User: "nora"})
		n, err := a.LogoutUser(ctx, "AMY")
		if n != 3 || err != nil {
			t.Errorf("LogoutUser counts the tickets that were alive: got %d, %v; want 3", n, err)
		}
		checkAlive(t, "LogoutUser ends all tickets, API keys too", a, false, key, one, two, old)
		checkAlive(t, "of this user", a, true, other)
		if n, err := a.LogoutUser(ctx, "amy"); n != 0 || err != nil {
			t.Errorf("none is left: got %d, %v", n, err)
		}
		for name, want := range map[string]error{"zed": rbac.ErrNotFound, "": rbac.ErrInvalid, "\xff": rbac.ErrInvalid} {
			if n, err := a.LogoutUser(ctx, name); n != 0 || !errors.Is(err, want) {
				t.Errorf("LogoutUser(%q) is %v: got %d, %v", name, want, n, err)
			}
			if _, err := a.Tickets(ctx, name); !errors.Is(err, want) {
				t.Errorf("Tickets(%q) is %v: got %v", name, want, err)
			}
		}
	})
}

func TestRevokeTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		mine, theirs := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "nora"})
		checkAlive(t, "before", a, true, mine, theirs)
		ticket, err := a.Ticket(ctx, theirs)
		must(t, err)
		for name, id := range map[string]uuid.UUID{"amy": ticket.ID, "nora": uuid.Nil, "zed": ticket.ID} {
			if err := a.RevokeTicket(ctx, name, id); !errors.Is(err, rbac.ErrNotFound) {
				t.Errorf("RevokeTicket is ErrNotFound unless it is theirs: got %v", err)
			}
		}
		checkAlive(t, "nobody revokes a ticket of another", a, true, mine, theirs)
		must(t, a.RevokeTicket(ctx, "Nora", ticket.ID))
		checkAlive(t, "a revoked ticket", a, false, theirs)
		checkAlive(t, "no other", a, true, mine)
	})
}

func TestLogoutIdle(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		start := h.clock.Now()
		stale := h.issue(a, rbac.Login{User: "amy"})
		used := h.issue(a, rbac.Login{User: "amy"})
		lagging := h.issue(a, rbac.Login{User: "amy"})
		other := h.issue(a, rbac.Login{User: "nora"})
		key := h.issue(a, rbac.Login{User: "amy", Label: "robot", Expires: start.Add(1000 * time.Hour)})
		h.clock.Advance(59 * time.Second)
		checkAlive(t, "a use that is not written, being less than a minute after the last", a, true, lagging)
		h.clock.Advance(10 * time.Minute)
		checkAlive(t, "a use that is noted", a, true, used)
		if n, err := a.LogoutIdle(ctx, "amy", start.Add(59*time.Second)); n != 0 || err != nil {
			t.Errorf("a ticket used at the time or after it is never ended, though LastSeen lags: got %d, %v", n, err)
		}
		if n, err := a.LogoutIdle(ctx, "amy", start.Add(5*time.Minute)); n != 2 || err != nil {
			t.Errorf("tickets last used before that time end: got %d, %v; want 2", n, err)
		}
		checkAlive(t, "last used before", a, false, stale, lagging)
		checkAlive(t, "used later, or another user's, or an API key", a, true, used, other, key)
		h.clock.Advance(30 * time.Minute)
		if n, err := a.LogoutIdle(ctx, "", h.clock.Now()); n != 2 || err != nil {
			t.Errorf("an empty name is every user: got %d, %v; want 2", n, err)
		}
		checkAlive(t, "of every user", a, false, used, other)
		checkAlive(t, "but API keys", a, true, key)
		for name, want := range map[string]error{"zed": rbac.ErrNotFound, "\xff": rbac.ErrInvalid} {
			if _, err := a.LogoutIdle(ctx, name, start); !errors.Is(err, want) {
				t.Errorf("LogoutIdle(%q) is %v: got %v", name, want, err)
			}
		}
		if _, err := a.LogoutIdle(ctx, "", time.Date(1_000_000, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("LogoutIdle before a time that stores cannot compare: %v; want ErrInvalid", err)
		}
		if _, err := a.LogoutIdle(ctx, "", time.Time{}); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("a zero time would be a slip: got %v, want ErrInvalid", err)
		}
	})
}

// Check inside an Update sees the Update's changes so far.
func TestTxCheck(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		tok := h.issue(a, rbac.Login{User: "amy"})
		edit := rbac.HasPermission("post.edit")
		h.do(a, func(tx *rbac.Tx) error {
			must(t, tx.Check(tok, edit))
			must(t, tx.RevokePermission(rbac.Grant{Group: "editors", Permission: "post.edit"}))
			if err := tx.Check(tok, edit); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("revoked in this transaction: got %v", err)
			}
			must(t, tx.GrantPermission(rbac.Grant{Group: "editors", Permission: "post.edit"}))
			must(t, tx.Check(tok, edit))
			must(t, tx.DeassignUser(rbac.Membership{User: "amy", Group: "editors"}))
			if err := tx.Check(tok, edit); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("deassigned in this transaction: got %v", err)
			}
			if err := tx.Check(rbac.Token{}, rbac.NotAnonymous()); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("nobody: got %v", err)
			}
			must(t, tx.DeleteUser("amy"))
			if err := tx.Check(tok, rbac.NotAnonymous()); !errors.Is(err, rbac.ErrNoTicket) {
				t.Errorf("deleted in this transaction: got %v", err)
			}
			return nil
		})
		checkAlive(t, "deleted", a, false, tok)
	})
}
