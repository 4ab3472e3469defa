package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// adminCalls are further calls: of every function of a Tx, and of the remaining
// functions of an Authority.
var adminCalls = []call{
	{"AddActiveGroup", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.AddActiveGroup(ctx, t, "trainees") // active by inheritance before
	}},
	{"Watch", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		for id, err := range a.Watch(ctx, t) {
			return alone(id, err)
		}
		return errors.New("nothing was yielded")
	}},
	{"AtLeast", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		return a.Judge(rbac.AtLeast(ctx, a.Revision()), t, rbac.NotAnonymous())
	}},
	{"Declare", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Declare(ctx, blogCatalogue())
	}},
	{"Plan", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		p, err := a.Plan(ctx, blogCatalogue())
		return alone(p.String(), err)
	}},
	{"Preview", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return second(a.Preview(ctx, grant("editors", "door.open")))
	}},
	{"UpdateAs", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		id, err := a.Identify(ctx, t)
		if err != nil {
			return err
		}
		return a.UpdateAs(ctx, id, assignIn("amy", "editors", "x"))
	}},
	{"Tx: Assignable", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		id, err := a.Identify(ctx, t)
		if err != nil {
			return err
		}
		return a.View(ctx, func(tx *rbac.Tx) error { return second(tx.Assignable(id, "x")) })
	}},
	{"PreviewAs", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		id, err := a.Identify(ctx, t)
		if err != nil {
			return err
		}
		return second(a.PreviewAs(ctx, id, assignIn("amy", "editors", "x")))
	}},
	{"Tx: EndTickets", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		ticket, err := a.Ticket(ctx, t)
		if err != nil {
			return err
		}
		return a.Update(ctx, func(tx *rbac.Tx) error { return second(tx.EndTickets("amy", ticket.ID)) })
	}},
	{"Tx: EndTickets of everybody", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, endTickets(""))
	}},
	{"Sync", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return second(a.Sync(ctx, rbac.Provision{Subject: "sub|amy", Source: "idp", Groups: []string{"staff"}}))
	}},
	{"Sync, dry", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		p := rbac.Provision{User: "nora", Source: "idp", Groups: []string{"staff"}, DryRun: true}
		return second(a.Sync(ctx, p))
	}},
	{"IssueLink", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return second(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkReset}))
	}},
	{"Tx: IssueLink", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, func(tx *rbac.Tx) error {
			return second(tx.IssueLink(rbac.Link{User: "nora", Purpose: rbac.LinkInvite}))
		})
	}},
	{"IdentifyUnused", func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		id, use, err := a.IdentifyUnused(ctx, t)
		if err == nil {
			use()
		}
		return alone(id, err)
	}},
	{"IssueKey", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return alone(a.IssueKey(ctx, robotKey()))
	}},
	{"RotateKey", withKey(func(ctx context.Context, a *rbac.Authority, key rbac.Token) error {
		return alone(a.RotateKey(ctx, key, time.Hour))
	})},
	{"Tx: RotateKey", withKey(func(ctx context.Context, a *rbac.Authority, key rbac.Token) error {
		ticket, err := a.Ticket(ctx, key)
		if err != nil {
			return err
		}
		return a.Update(ctx, func(tx *rbac.Tx) error { return alone(tx.RotateKey(ticket.ID, 0, time.Time{})) })
	})},
	{"Tx: disabling a user with keys", withKey(func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, editUser("amy", func(u *rbac.User) { u.Disabled = true }))
	})},
	{"Tx: Links", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.View(ctx, func(tx *rbac.Tx) error { return second(tx.Links("nora")) })
	}},
	{"Tx: HasPassword", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.View(ctx, func(tx *rbac.Tx) error { return alone(tx.HasPassword("amy")) })
	}},
	{"LinkUser", withLink(func(ctx context.Context, a *rbac.Authority, link rbac.Token) error {
		return alone(a.LinkUser(ctx, link, rbac.LinkInvite))
	})},
	{"RedeemLink", withLink(func(ctx context.Context, a *rbac.Authority, link rbac.Token) error {
		return a.RedeemLink(ctx, link, rbac.LinkInvite, func(tx *rbac.Tx, u rbac.User) error { return tx.DeleteUser(u.Name) })
	})},
	{"ResetPassword", withLink(func(ctx context.Context, a *rbac.Authority, link rbac.Token) error {
		return a.ResetPassword(ctx, link, goodPassword)
	})},
	{"Tx: delegations", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		d := rbac.Delegation{Group: "staff", Assign: []string{"editors"}}
		return a.Update(ctx, all(
			func(tx *rbac.Tx) error { return tx.AddDelegation(d) },
			func(tx *rbac.Tx) error {
				d := d
				d.Users = true
				return tx.ModifyDelegation(d)
			},
			func(tx *rbac.Tx) error { return tx.DeleteDelegation("editors") }))
	}},
	{"Tx: users and memberships", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		m := rbac.Membership{User: "zoe", Group: "editors", Scope: "x"}
		return a.Update(ctx, all(
			func(tx *rbac.Tx) error {
				u, err := tx.AddUser(rbac.User{Name: "zoe"})
				u.Email, u.Subject = "zoe@example.org", "sub|zoe"
				return errors.Join(err, tx.ModifyUser(u))
			},
			func(tx *rbac.Tx) error {
				return second(tx.ImportUser(rbac.User{Name: "old", Created: tx.Now().Add(-time.Hour)}))
			},
			func(tx *rbac.Tx) error { return tx.SetPasswordHash("zoe", someHash) },
			func(tx *rbac.Tx) error { return tx.AssignUser(m) },
			func(tx *rbac.Tx) error {
				m := m
				m.Note = "on trial"
				return tx.ModifyMembership(m)
			},
			func(tx *rbac.Tx) error { return tx.DeassignUser(m) },
			func(tx *rbac.Tx) error { return errors.Join(tx.AssignUser(m), second(tx.EndScope("x"))) },
			func(tx *rbac.Tx) error { return tx.DeleteUser("zoe") },
			func(tx *rbac.Tx) error { return tx.DeleteUser("amy") })) // with ticket and membership
	}},
	{"Tx: permissions, sections and grants", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		g := rbac.Grant{Group: "editors", Permission: "post.*"}
		return a.Update(ctx, all(
			func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts"}) },
			func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "posts", Position: 1}) },
			func(tx *rbac.Tx) error {
				p, err := tx.AddPermission(rbac.Permission{Name: "post.delete", Section: "posts"})
				p.Title = "Delete posts"
				return errors.Join(err, tx.ModifyPermission(p))
			},
			func(tx *rbac.Tx) error { return tx.GrantPermission(g) },
			func(tx *rbac.Tx) error { return tx.ModifyGrant(g) },
			func(tx *rbac.Tx) error { return tx.RevokePermission(g) },
			func(tx *rbac.Tx) error { return tx.DeleteSection("posts") },
			// a granted permission
			func(tx *rbac.Tx) error { return tx.DeletePermission("post.edit") }))
	}},
	{"Tx: groups and inheritances", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, all(
			func(tx *rbac.Tx) error {
				g, err := tx.AddGroup(rbac.Group{Name: "guests"})
				g.Name = "visitors"
				return errors.Join(err, tx.ModifyGroup(g))
			},
			func(tx *rbac.Tx) error { return second(tx.AddAscendant(rbac.Group{Name: "hosts"}, "visitors")) },
			func(tx *rbac.Tx) error { return second(tx.AddDescendant(rbac.Group{Name: "strangers"}, "visitors")) },
			func(tx *rbac.Tx) error {
				return tx.AddInheritance(rbac.Inheritance{Senior: "editors", Junior: "hosts"})
			},
			func(tx *rbac.Tx) error {
				return tx.DeleteInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "staff"})
			},
			func(tx *rbac.Tx) error { return tx.DeleteGroup("hosts") }))
	}},
	{"Tx: policy files", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, all(
			func(tx *rbac.Tx) error { return tx.KeepApplied("policy", "[]") },
			func(tx *rbac.Tx) error { return second(tx.Applied("policy")) },
			func(tx *rbac.Tx) error { return second(tx.Declared("post.edit")) }))
	}},
	{"Tx: separation sets", func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
		return a.Update(ctx, all(ssd("s", 2, "editors", "staff"), dsd("d", 2, "editors", "staff"),
			func(tx *rbac.Tx) error { return tx.AddSSDSetMember("s", "chiefs") },
			func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("s", 3) },
			func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("s", 2) },
			func(tx *rbac.Tx) error { return tx.DeleteSSDSetMember("s", "staff") },
			func(tx *rbac.Tx) error { return tx.DeleteSSDSet("s") },
			func(tx *rbac.Tx) error { return tx.AddDSDSetMember("d", "chiefs") },
			func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("d", 3) },
			func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("d", 2) },
			func(tx *rbac.Tx) error { return tx.DeleteDSDSetMember("d", "staff") },
			func(tx *rbac.Tx) error { return tx.DeleteDSDSet("d") }))
	}},
}

// reviewCalls are Views with one review function each, so no function hides the
// error of another.
func reviewCalls() (views []call) {
	for i, f := range reviews {
		views = append(views, call{fmt.Sprint("Tx: review ", i), func(ctx context.Context, a *rbac.Authority, _ rbac.Token) error {
			return a.View(ctx, f)
		}})
	}
	return views
}

var reviews = []func(*rbac.Tx) error{
	func(tx *rbac.Tx) error {
		u, err := tx.User("amy")
		if err != nil {
			return err
		}
		return second(tx.UserByID(u.ID))
	},
	func(tx *rbac.Tx) error { return second(tx.UserBySubject("sub|amy")) },
	func(tx *rbac.Tx) error {
		_, err := tx.UserByEmail("amy@example.org") // amy has no address
		return ignoreNotFound(err)
	},
	func(tx *rbac.Tx) error { return second(tx.Group("editors")) },
	func(tx *rbac.Tx) error { return second(tx.Permission("post.edit")) },
	func(tx *rbac.Tx) error { return last(tx.Users(rbac.UserQuery{Group: "editors"})) },
	func(tx *rbac.Tx) error {
		return second(tx.CountUsers(rbac.UserQuery{Permission: "post.edit", Scope: "x"}))
	},
	func(tx *rbac.Tx) error { return last(tx.EmailConflicts()) },
	func(tx *rbac.Tx) error { return last(tx.LookalikeUsers("amy")) },
	func(tx *rbac.Tx) error { return second(tx.Groups()) },
	func(tx *rbac.Tx) error { return second(tx.Delegations()) },
	func(tx *rbac.Tx) error { return errors.Join(second(tx.Grants("editors")), second(tx.AllGrants())) },
	func(tx *rbac.Tx) error { return second(tx.Inheritances()) },
	func(tx *rbac.Tx) error { return second(tx.AssignableScopes(rbac.FromContext(ctx))) },
	func(tx *rbac.Tx) error { return second(tx.Administrable(rbac.FromContext(ctx), "amy")) },
	func(tx *rbac.Tx) error { return tx.RequireUnchanged(tx.Revision(), "user", "amy") },
	func(tx *rbac.Tx) error { return second(tx.Permissions()) },
	func(tx *rbac.Tx) error { return second(tx.Sections()) },
	func(tx *rbac.Tx) error { return last(tx.AssignedUsers("editors")) },
	func(tx *rbac.Tx) error { return second(tx.AssignedGroups("amy")) },
	func(tx *rbac.Tx) error {
		return last(tx.Memberships(rbac.MembershipQuery{User: "amy", Group: "editors"}))
	},
	func(tx *rbac.Tx) error { return last(tx.Scopes()) },
	func(tx *rbac.Tx) error { return last(tx.AuthorizedUsers("editors")) },
	func(tx *rbac.Tx) error { return second(tx.AuthorizedGroups("amy")) },
	func(tx *rbac.Tx) error { return second(tx.GroupPermissions("editors")) },
	func(tx *rbac.Tx) error { return second(tx.UserPermissions("amy")) },
	func(tx *rbac.Tx) error { return second(tx.PermissionGroups("post.edit")) },
	func(tx *rbac.Tx) error { return last(tx.PermissionUsers("post.edit")) },
	func(tx *rbac.Tx) error { return second(tx.GroupOperationsOnObject("editors", "post")) },
	func(tx *rbac.Tx) error { return second(tx.UserOperationsOnObject("amy", "post")) },
	func(tx *rbac.Tx) error { return ignoreNotFound(second(tx.SSDSet("none"))) },
	func(tx *rbac.Tx) error { return ignoreNotFound(second(tx.DSDSet("none"))) },
	func(tx *rbac.Tx) error { return second(tx.SSDSets()) },
	func(tx *rbac.Tx) error { return second(tx.DSDSets()) },
	func(tx *rbac.Tx) error { return last(tx.Changes(rbac.ChangeQuery{})) },
	func(tx *rbac.Tx) error { return last(tx.Changes(rbac.ChangeQuery{Subject: "amy", Newest: true})) },
	func(tx *rbac.Tx) error { return last(tx.Tickets(rbac.TicketQuery{})) },
	func(tx *rbac.Tx) error { return last(tx.Logins(rbac.LoginQuery{User: "amy"})) },
	func(tx *rbac.Tx) error {
		return last(tx.Tickets(rbac.TicketQuery{User: "amy", Addr: netip.MustParsePrefix("::/0")}))
	},
}

// withLink calls f with the link that faultyOffice keeps as a value of amy's
// ticket.
func withLink(f func(ctx context.Context, a *rbac.Authority, link rbac.Token) error) func(context.Context, *rbac.Authority, rbac.Token) error {
	return func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		text, err := a.Value(ctx, t, "link")
		if err != nil {
			return err
		}
		return f(ctx, a, must1(rbac.ParseToken(text)))
	}
}

// withKey calls f with the API key that is kept as a value of the ticket.
func withKey(f func(ctx context.Context, a *rbac.Authority, key rbac.Token) error) func(context.Context, *rbac.Authority, rbac.Token) error {
	return func(ctx context.Context, a *rbac.Authority, t rbac.Token) error {
		text, err := a.Value(ctx, t, "key")
		if err != nil {
			return err
		}
		return f(ctx, a, must1(rbac.ParseToken(text)))
	}
}

// robotKey is an API key of amy.
func robotKey() rbac.APIKey {
	end := time.Date(2090, time.January, 1, 0, 0, 0, 0, time.UTC)
	return rbac.APIKey{User: "amy", Label: "robot", Expires: end, KeepWhenDisabled: true}
}

func ignoreNotFound(err error) error {
	if errors.Is(err, rbac.ErrNotFound) {
		return nil
	}
	return err
}

// The calls cover all functions that an embedding program can call.
func TestCallsAreAll(t *testing.T) {
	var text []byte
	for _, file := range []string{"calls_test.go", "calls_admin_test.go", "separation_test.go"} {
		part, err := os.ReadFile(file)
		must(t, err)
		text = append(text, part...)
	}
	called := map[string]bool{}
	for _, m := range regexp.MustCompile(`\b(?:a|tx)\.(\w+)\(`).FindAllSubmatch(text, -1) {
		called[string(m[1])] = true
	}
	exempt := []string{
		"Close", "Config", "Guarantee", "Menu", "Now", "Report", "Revision", "Stats", "Unwrap", "HashPassword", "HashPasswordFor", "WrapPasswordHash", // do not read the store
		"Validate", // TestValidateOnAStoreThatFails: Validate takes no context
	}
	ours, err := filepath.Glob("*_test.go") // seen by tests only
	must(t, err)
	for _, file := range ours {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func \(\w+ \*(?:Authority|Tx)\) (\w+)`).FindAllSubmatch(text, -1) {
			exempt = append(exempt, string(m[1]))
		}
	}
	for _, of := range []reflect.Type{reflect.TypeFor[*rbac.Authority](), reflect.TypeFor[*rbac.Tx]()} {
		for m := range of.Methods() {
			if !called[m.Name] && !slices.Contains(exempt, m.Name) {
				t.Errorf("%v.%s is in none of the calls", of, m.Name)
			}
		}
	}
}

func TestValidateOnAStoreThatFails(t *testing.T) {
	for k := int64(1); ; k++ {
		s, a, _ := faultyOffice(t)
		s.arm(k)
		err := a.Validate(rbac.HasPermission("post.edit"))
		if !s.reached() {
			must(t, err)
			return
		}
		if !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("the store fails at call %d: %v", k, err)
		}
	}
}

// An Authority under a lease, whose store fails while the Authority follows a
// change, gives callers that wait for the change no answer from before the
// change.
func TestAtLeastOnAStoreThatFails(t *testing.T) {
	t.Parallel()
	s, _, tok := faultyOffice(t)
	h := newHouse(t, s)
	h.realTime = true
	a := h.open(rbac.Config{MaxStaleness: 250 * time.Millisecond})
	other := (&house{t: t, store: s.Store, clock: h.clock}).open(rbac.Config{})
	edit := rbac.HasPermission("post.edit")
	for k := int64(1); k < 30; k++ { // more calls than following a change takes
		change, want := revoke("editors", "post.edit"), rbac.ErrDenied
		if k%2 == 0 {
			change, want = grant("editors", "post.edit"), nil
		}
		must(t, other.Update(ctx, change))
		s.arm(k)
		under := rbac.AtLeast(ctx, other.Revision())
		err := a.Judge(under, tok, edit)
		if !errors.Is(err, want) && !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("the store fails at call %d: %v; want %v or ErrUnavailable", k, err, want)
		}
		s.arm(0)
		for err = a.Judge(under, tok, edit); errors.Is(err, rbac.ErrUnavailable); err = a.Judge(under, tok, edit) {
		}
		if !errors.Is(err, want) {
			t.Errorf("and works again: %v; want %v", err, want)
		}
	}
}
