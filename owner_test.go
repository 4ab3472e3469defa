package rbac_test

import (
	"context"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// change makes a change under a context, and returns the entry of the log.
func (h *house) change(a *rbac.Authority, ctx context.Context) rbac.Change {
	h.t.Helper()
	name := "after " + lastRevision(h.t, a).String()
	must(h.t, a.Update(ctx, func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: name}) }))
	return h.lastChange(a)
}

// An Identity belongs to the Authority that made it. Another Authority, on
// another store or the same, treats the Identity as nobody's.
func TestIdentityOfAnotherAuthority(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		elsewhere := h.beside(t)
		office := h.office(rbac.Config{})
		shop, twin := elsewhere.office(rbac.Config{}), h.open(rbac.Config{})
		// a ticket is valid in every Authority on the store
		twinID, err := twin.Identify(ctx, h.issue(office, rbac.Login{User: "amy"}))
		must(t, err)
		shopID, err := shop.Identify(ctx, elsewhere.issue(shop, rbac.Login{User: "amy"}))
		must(t, err)
		named, err := shop.Identity(ctx, "amy")
		must(t, err)
		nobody, err := shop.Identify(ctx, rbac.Token{})
		must(t, err)
		for rule, id := range map[string]*rbac.Identity{
			"by a ticket of another store": shopID, "in a scope": shopID.In("org:1"), "with an address": shopID.WithAddr(home),
			"with a time of login": shopID.WithAuthenticatedAt(h.clock.Now()), "asked for by name": named, "nobody": nobody,
			"by a ticket of the same store": twinID,
		} {
			if id.BelongsTo(office) {
				t.Errorf("%s: the other Authority owns it", rule)
			}
			if menu := office.Menu(id); menu != nil {
				t.Errorf("%s: the other Authority has a menu for it: %v", rule, menu)
			}
			if c := h.change(office, rbac.NewContext(ctx, id)); c.Actor != "" || c.Verified || c.ActedFor {
				t.Errorf("%s: the change log names %q, verified %v, acted for %v; want nobody", rule, c.Actor, c.Verified, c.ActedFor)
			}
			if c := h.change(office, rbac.WithActor(rbac.NewContext(ctx, id), "cron")); c.Actor != "cron" || c.Verified || c.ActedFor {
				t.Errorf("%s: the change log names %q, verified %v, acted for %v; want cron, asserted", rule, c.Actor, c.Verified, c.ActedFor)
			}
		}
		for rule, id := range map[string]*rbac.Identity{"nil": nil, "zero": {}, "of the host": rbac.NewIdentity("amy", nil, nil)} {
			if id.BelongsTo(office) {
				t.Errorf("an Identity that is %s belongs to an Authority", rule)
			}
		}
		if !shopID.BelongsTo(shop) || !nobody.BelongsTo(shop) || !twinID.In("org:1").BelongsTo(twin) || rbac.NewIdentity("amy", nil, nil).BelongsTo(nil) {
			t.Error("an Authority does not own what it made, or none owns what nobody made")
		}
	})
}

// Verified means a living ticket when the change is made, not when the Identity
// was made.
func TestVerifiedIsByALivingTicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for rule, end := range map[string]func(rbac.Token) error{
			"after its logout":         func(tok rbac.Token) error { return a.Logout(ctx, tok) },
			"after a logout elsewhere": func(tok rbac.Token) error { return h.open(rbac.Config{}).Logout(ctx, tok) },
			"after its idle limit":     func(rbac.Token) error { h.clock.Advance(time.Hour + 2*time.Minute); return nil },
			"after its absolute limit": func(rbac.Token) error { h.clock.Advance(13 * time.Hour); return nil },
			"after a new password":     func(rbac.Token) error { return a.SetPassword(ctx, "amy", goodPassword+"!") },
		} {
			tok := h.issue(a, rbac.Login{User: "amy"})
			id, err := a.Identify(ctx, tok)
			must(t, err)
			if c := h.change(a, rbac.NewContext(ctx, id)); c.Actor != "amy" || !c.Verified || c.ActedFor {
				t.Errorf("by a living ticket: %q, verified %v, acted for %v", c.Actor, c.Verified, c.ActedFor)
			}
			must(t, end(tok))
			if c := h.change(a, rbac.NewContext(ctx, id)); c.Actor != "amy" || c.Verified || c.ActedFor {
				t.Errorf("%s: %q, verified %v, acted for %v; want amy, asserted", rule, c.Actor, c.Verified, c.ActedFor)
			}
		}

		id, err := a.Identify(ctx, h.issue(a, rbac.Login{User: "amy"}))
		must(t, err)
		_, err = a.LogoutUser(rbac.NewContext(ctx, id), "amy")
		must(t, err)
		if c := h.lastChange(a); c.Actor != "amy" || !c.Verified {
			t.Errorf("who ends their own ticket had it until then: %q, verified %v", c.Actor, c.Verified)
		}
		tok := h.issue(a, rbac.Login{User: "amy"})
		h.clock.Advance(2 * time.Hour)
		_ = a.Logout(ctx, tok)
		if c := h.lastChange(a); c.Action != "Logout" || c.Actor != "amy" || c.Verified {
			t.Errorf("the logout of a ticket past its limit: %s by %q, verified %v; want asserted", c.Action, c.Actor, c.Verified)
		}
	})
}
