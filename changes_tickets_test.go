package rbac_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// A ticket that was swept meanwhile does not stop a change.
func TestSweptTicketStopsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.issue(a, rbac.Login{User: "amy", Groups: []string{"staff", "readers"}})
		rev := lastRevision(t, a)
		n := *h
		// as when another process sweeps between listing and change
		n.store = whileUpdating(h.store, func(name string, _ []any) error {
			if name == "SetTicketGroups" || name == "DeleteTicket" {
				return rbac.ErrNotFound
			}
			return nil
		})
		b := n.open(rbac.Config{})
		n.do(b, func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "staff", Junior: "readers"})
		})
		n.do(b, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", someHash) })
		if got := actionsSince(t, a, rev); len(got) != 3 || strings.HasPrefix(got[1], "DropActiveGroup") {
			t.Errorf("logged %q; want the inheritance, the ticket's end and the password", got)
		}
	})
}

// A group that a user loses leaves narrowed tickets at once, inherited groups
// included, and the log names the group.
func TestLostGroupsLeaveTickets(t *testing.T) {
	tests := map[string]func(*rbac.Tx) error{
		"a membership that ended": func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "top", Until: time.Unix(0, 0)})
		},
		"a membership that is gone": deassign("amy", "top"),
		"an inheritance further up": func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "top", Junior: "middle"})
		},
		"a group further up": func(tx *rbac.Tx) error { return tx.DeleteGroup("middle") },
		"the group itself":   func(tx *rbac.Tx) error { return tx.DeleteGroup("bottom") },
	}
	localStores(t, func(t *testing.T, h *house) {
		for name, call := range tests {
			t.Run(name, func(t *testing.T) {
				n := h.beside(t)
				a := n.open(rbac.Config{})
				n.groups(a, map[string][]string{"top": nil, "middle": nil, "bottom": nil})
				n.do(a, both(inherit("top", "middle"), inherit("middle", "bottom")))
				n.user(a, "amy", "", "top")
				tok := n.issue(a, rbac.Login{User: "amy", Groups: []string{"bottom"}})
				rev := lastRevision(t, a)
				n.do(a, call)
				ticket, err := a.Ticket(ctx, tok)
				if err != nil || len(ticket.Groups) != 0 {
					t.Errorf("%s: the ticket shows %q, %v; want no group", name, ticket.Groups, err)
				}
				log := changesSince(t, a, rev)
				if !slices.ContainsFunc(log, func(c rbac.Change) bool { return c.Action == "DropActiveGroup" && string(c.After) == `{"groups":[]}` }) {
					t.Errorf("%s: logged %v", name, actionsSince(t, a, rev))
				}
			})
		}
	})
}

// A group that a user lost without a change, because a membership ended, does
// not return to a narrowed ticket when a new inheritance authorizes the group
// again.
func TestInheritanceBringsNothingBack(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		for _, narrowed := range []string{"temp", "below"} {
			h := h.beside(t)
			a := h.open(rbac.Config{})
			h.groups(a, map[string][]string{"top": nil, "temp": nil, "below": nil})
			h.do(a, inherit("temp", "below"))
			h.user(a, "amy", "", "top")
			h.do(a, func(tx *rbac.Tx) error {
				return tx.AssignUser(rbac.Membership{User: "amy", Group: "temp", Until: h.clock.Now().Add(time.Minute)})
			})
			tok := h.issue(a, rbac.Login{User: "amy", Groups: []string{narrowed}})
			h.clock.Advance(time.Minute)
			h.do(a, inherit("top", "temp"))
			id, err := a.Identify(ctx, tok)
			must(t, err)
			if id.InGroup(narrowed) {
				t.Errorf("%s came back", narrowed)
			}
		}
	})
}
