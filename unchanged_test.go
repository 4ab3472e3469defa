package rbac_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// again is a call that changes something at first, and nothing when repeated.
// The repeated call may be refused.
type again func(a *rbac.Authority, tok rbac.Token) error

// updater runs the Updates of inUpdate; nil: Authority.Update.
type updater func(f func(*rbac.Tx) error) error

func (u updater) inUpdate(f func(*rbac.Tx) error) again {
	return func(a *rbac.Authority, _ rbac.Token) error {
		if u != nil {
			return u(f)
		}
		return a.Update(ctx, f)
	}
}

// unchanging returns the calls that change something, by the names of their
// methods, in an order in which each call can. amy has a ticket and is in
// editors and staff, which inherits the group readers.
func unchanging(h *house, hash string, u updater) []struct {
	method string
	call   again
} {
	later := h.clock.Now().Add(24 * time.Hour)
	in := rbac.Membership{User: "amy", Group: "readers", Scope: "org:1", Note: "n"}
	noted := rbac.Membership{User: "amy", Group: "readers", Scope: "org:1", Note: "other", Until: later.Add(time.Nanosecond)}
	grant := rbac.Grant{Group: "readers", Permission: "post.list", Note: "n"}
	p := rbac.Permission{ID: uuid.UUID{1}, Name: "post.list", Section: "posts", Title: "List"}
	q := rbac.Permission{ID: uuid.UUID{1}, Name: "post.list", Section: "posts", Title: "List all", Object: "post", Operation: "list", Position: 2}
	set := rbac.SeparationSet{Name: "s", Groups: []string{"editors", "writers"}, Cardinality: 2}
	amend := func(change func(*rbac.User)) func(*rbac.Tx) error {
		return func(tx *rbac.Tx) error {
			u, err := tx.User("eve")
			change(&u)
			return errors.Join(err, tx.ModifyUser(u))
		}
	}
	catalogue := rbac.Catalogue{Sections: []rbac.Section{{Name: "c"}}, Permissions: []rbac.Permission{{Name: "c.p", Section: "c"}}, Groups: []rbac.Group{{Name: "cg"}},
		Grants: []rbac.Grant{{Group: "cg", Permission: "c.*"}}, Inheritances: []rbac.Inheritance{{Senior: "cg", Junior: "readers"}},
		Delegations: []rbac.Delegation{{Group: "cg", Assign: []string{"readers"}}}}
	return []struct {
		method string
		call   again
	}{
		{"AddUser", u.inUpdate(addUser(rbac.User{Name: "eve", Email: "eve@example.com"}))},
		{"ImportUser", u.inUpdate(func(tx *rbac.Tx) error { return alone(tx.ImportUser(rbac.User{Name: "ivan"})) })},
		{"ModifyUser", u.inUpdate(amend(func(u *rbac.User) { u.DisplayName, u.Email = "Eve", "Eve@Example.com" }))},
		{"ModifyUser", u.inUpdate(amend(func(u *rbac.User) { u.Disabled = true }))},
		{"SetPasswordHash", u.inUpdate(func(tx *rbac.Tx) error { return tx.SetPasswordHash("eve", hash) })},
		{"SetPasswordHash", u.inUpdate(func(tx *rbac.Tx) error { return tx.SetPasswordHash("eve", "") })},
		{"DeleteUser", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteUser("eve") })},
		{"AddSection", u.inUpdate(func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "texts"}) })},
		{"ModifySection", u.inUpdate(func(tx *rbac.Tx) error {
			return tx.ModifySection(rbac.Section{Name: "posts", Title: "Posts", Position: 3})
		})},
		{"AddPermission", u.inUpdate(addPermission(p))},
		{"ModifyPermission", u.inUpdate(func(tx *rbac.Tx) error { return tx.ModifyPermission(q) })},
		{"GrantPermission", u.inUpdate(func(tx *rbac.Tx) error { return tx.GrantPermission(grant) })},
		{"ModifyGrant", u.inUpdate(func(tx *rbac.Tx) error {
			return tx.ModifyGrant(rbac.Grant{Group: grant.Group, Permission: grant.Permission, Note: "other"})
		})},
		{"RevokePermission", u.inUpdate(func(tx *rbac.Tx) error { return tx.RevokePermission(grant) })},
		{"DeletePermission", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeletePermission("post.list") })},
		{"DeleteSection", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteSection("posts") })},
		{"AddGroup", u.inUpdate(addGroup(rbac.Group{ID: uuid.UUID{2}, Name: "writers"}))},
		{"ModifyGroup", u.inUpdate(func(tx *rbac.Tx) error {
			return tx.ModifyGroup(rbac.Group{ID: uuid.UUID{2}, Name: "writers", DisplayName: "Writers", Note: "n"})
		})},
		{"AddAscendant", u.inUpdate(ascendant("above", "writers"))},
		{"AddDescendant", u.inUpdate(func(tx *rbac.Tx) error {
			_, err := tx.AddDescendant(rbac.Group{Name: "below"}, "writers")
			return err
		})},
		{"AddInheritance", u.inUpdate(inherit("writers", "readers"))},
		{"DeleteInheritance", u.inUpdate(func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "writers", Junior: "readers"})
		})},
		{"AssignUser", u.inUpdate(func(tx *rbac.Tx) error { return tx.AssignUser(in) })},
		{"ModifyMembership", u.inUpdate(func(tx *rbac.Tx) error { return tx.ModifyMembership(noted) })},
		{"DeassignUser", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeassignUser(in) })},
		{"AssignUser", u.inUpdate(assignIn("amy", "readers", "org:9"))},
		{"EndScope", u.inUpdate(func(tx *rbac.Tx) error {
			_, err := tx.EndScope("org:9")
			return err
		})},
		{"CreateSSDSet", u.inUpdate(func(tx *rbac.Tx) error { return tx.CreateSSDSet(set) })},
		{"CreateDSDSet", u.inUpdate(func(tx *rbac.Tx) error { return tx.CreateDSDSet(set) })},
		{"AddSSDSetMember", u.inUpdate(func(tx *rbac.Tx) error { return tx.AddSSDSetMember("s", "below") })},
		{"AddDSDSetMember", u.inUpdate(func(tx *rbac.Tx) error { return tx.AddDSDSetMember("s", "below") })},
		{"SetSSDSetCardinality", u.inUpdate(func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("s", 3) })},
		{"SetDSDSetCardinality", u.inUpdate(func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("s", 3) })},
		{"SetSSDSetCardinality", u.inUpdate(func(tx *rbac.Tx) error { return tx.SetSSDSetCardinality("s", 2) })},
		{"SetDSDSetCardinality", u.inUpdate(func(tx *rbac.Tx) error { return tx.SetDSDSetCardinality("s", 2) })},
		{"DeleteSSDSetMember", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteSSDSetMember("s", "below") })},
		{"DeleteDSDSetMember", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteDSDSetMember("s", "below") })},
		{"DeleteSSDSet", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteSSDSet("s") })},
		{"DeleteDSDSet", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteDSDSet("s") })},
		{"AddDelegation", u.inUpdate(func(tx *rbac.Tx) error {
			return tx.AddDelegation(rbac.Delegation{Group: "readers", Assign: []string{"below"}})
		})},
		{"ModifyDelegation", u.inUpdate(func(tx *rbac.Tx) error {
			return tx.ModifyDelegation(rbac.Delegation{Group: "readers", Assign: []string{"writers", "below"}, Users: true})
		})},
		{"DeleteDelegation", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteDelegation("readers") })},
		{"DeleteGroup", u.inUpdate(func(tx *rbac.Tx) error { return tx.DeleteGroup("below") })},
		{"Declare", func(a *rbac.Authority, _ rbac.Token) error { return a.Declare(ctx, catalogue) }},
		{"Sync", func(a *rbac.Authority, _ rbac.Token) error {
			return second(a.Sync(ctx, rbac.Provision{User: "bob", Source: "idp", Groups: []string{"editors"}}))
		}},
		{"SetActiveGroups", func(a *rbac.Authority, tok rbac.Token) error {
			return a.SetActiveGroups(ctx, tok, []string{"staff", "editors", "staff"})
		}},
		{"SetActiveGroups", func(a *rbac.Authority, tok rbac.Token) error { return a.SetActiveGroups(ctx, tok, []string{"editors"}) }},
		{"AddActiveGroup", func(a *rbac.Authority, tok rbac.Token) error { return a.AddActiveGroup(ctx, tok, "staff") }},
		{"DropActiveGroup", func(a *rbac.Authority, tok rbac.Token) error { return a.DropActiveGroup(ctx, tok, "staff") }},
		{"SetActiveGroups", func(a *rbac.Authority, tok rbac.Token) error { return a.SetActiveGroups(ctx, tok, nil) }},
		{"SetValue", func(a *rbac.Authority, tok rbac.Token) error { return a.SetValue(ctx, tok, "lang", "de") }},
		{"SetValue", func(a *rbac.Authority, tok rbac.Token) error { return a.SetValue(ctx, tok, "lang", "") }},
		{"RevokeTicket", func(a *rbac.Authority, _ rbac.Token) error {
			list, err := a.Tickets(ctx, "amy")
			return errors.Join(err, a.RevokeTicket(ctx, "amy", list[0].ID))
		}},
		{"Logout", func(a *rbac.Authority, tok rbac.Token) error { return a.Logout(ctx, tok) }},
		{"EndTickets", u.inUpdate(func(tx *rbac.Tx) error {
			kept, err := tx.User("amy")
			if err != nil {
				return err
			}
			for ticket, err := range tx.Tickets(rbac.TicketQuery{User: kept.Name, Limit: 1}) {
				return errors.Join(err, endTickets("", ticket.ID)(tx))
			}
			return endTickets("")(tx)
		})},
		{"LogoutIdle", func(a *rbac.Authority, _ rbac.Token) error {
			_, err := a.LogoutIdle(ctx, "", h.clock.Now().Add(time.Hour))
			return err
		}},
		// of a user who never had a ticket
		{"LogoutUser", func(a *rbac.Authority, _ rbac.Token) error {
			_, err := a.LogoutUser(ctx, "bob")
			return err
		}},
	}
}

// reads are the methods that change nothing of the policy, users and the log,
// and the methods that always write, as they make a new ticket or the salt of a
// new hash. TestWhatClearsFailures covers Unlock.
var reads = map[string]string{
	"Tx": "AssignedGroups AssignedUsers AuthorizedGroups AuthorizedUsers Changes Check DSDSet DSDSets Group GroupOperationsOnObject GroupPermissions Groups " +
		"Permission PermissionGroups PermissionUsers Permissions SSDSet SSDSets Sections Unwrap User UserByEmail UserByID UserBySubject " +
		"UserOperationsOnObject UserPermissions Users Grants AllGrants Inheritances AssignableScopes Memberships Scopes EmailConflicts LookalikeUsers Unlock RequireUnchanged Revision Assignable Administrable Delegations CountUsers Tickets Logins IssueLink HasPassword Links Now Applied Declared KeepApplied IssueKey RotateKey",
	"Authority": "Close Config ExplainUser Guarantee HashPassword HashPasswordFor Identify Identity IdentityBySubject Judge Menu Plan Preview PreviewAs Revision Ticket TicketGroups TicketPermissions " +
		"Tickets Validate Value View Watch Update UpdateAs ChangePassword SetPassword Issue Login CreateUser NewDevice Unlock " +
		"IssueLink LinkUser RedeemLink ResetPassword WrapPasswordHash IssueKey RotateKey IdentifyUnused Report Stats",
}

// A call that changes nothing writes nothing: no row, no Change, and no new
// head. Every call is in the table, or in reads.
func TestNothingChangedNothingWritten(t *testing.T) {
	known := map[string]bool{}
	localStores(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.groups(a, map[string][]string{"editors": {"post.edit"}})
		h.do(a, assign("amy", "editors"))
		for range 3 {
			h.issue(a, rbac.Login{User: "amy"})
		}
		tok := h.issue(a, rbac.Login{User: "amy"})
		if _, err := a.Value(ctx, tok, "lang"); err != nil { // a use of the ticket, as SetValue is
			t.Fatal(err)
		}
		for i, c := range unchanging(h, must1(a.HashPassword(ctx, goodPassword)), nil) {
			known[c.method] = true
			what := fmt.Sprint(i, " ", c.method)
			before := h.contents(a, tok)
			err := c.call(a, tok)
			once := h.contents(a, tok)
			if (err != nil || once == before) && c.method != "LogoutUser" {
				t.Errorf("%s: the call changes nothing, %v: it proves nothing", what, err)
			}
			if c.method == "RevokeTicket" {
				continue // RevokeTicket takes the next ticket then
			}
			err = c.call(a, tok)
			if twice := h.contents(a, tok); twice != once {
				t.Errorf("%s again, %v, writes\n%s\nbefore:\n%s", what, err, twice, once)
			}
		}
	})
	for _, m := range exportedMethods(t) {
		if !known[m.name] && !slices.Contains(strings.Fields(reads[m.of]), m.name) {
			t.Errorf("%s.%s is not in the table", m.of, m.name)
		}
	}
}

type method struct{ of, name string }

// exportedMethods returns the methods of Tx and Authority in the package's
// source. Reflection would also find the methods of export_test.go.
func exportedMethods(t *testing.T) (list []method) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	must(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		must(t, err)
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
				if of := fmt.Sprint(star.X); of == "Tx" || of == "Authority" {
					list = append(list, method{of, f.Name.Name})
				}
			}
		}
	}
	if len(list) < 80 {
		t.Errorf("only %d methods were found", len(list))
	}
	return list
}

// contents returns all tables, and the values of a ticket.
func (h *house) contents(a *rbac.Authority, tok rbac.Token) string {
	h.t.Helper()
	text := records(h.t.(*testing.T), h.store)
	must(h.t, h.store.View(ctx, func(r store.Records) error {
		sections, err := r.Sections()
		declarations, err2 := r.Declarations()
		text += fmt.Sprintf("%+v\n%+v\n", sections, declarations)
		return errors.Join(err, err2)
	}))
	value, err := a.Value(ctx, tok, "lang")
	return text + fmt.Sprint(value, err)
}

// The changes that a user can cause alone are bounded, over all processes,
// tickets and kinds of calls; and logging out always works.
func TestUsersChangesAreBounded(t *testing.T) {
	floods := map[string]func(x *rbac.Authority, i int, tok *rbac.Token) error{
		"choices": func(x *rbac.Authority, i int, tok *rbac.Token) error {
			return x.SetActiveGroups(ctx, *tok, [][]string{{"editors"}, {}}[i%2])
		},
		"logins beyond MaxTickets": func(x *rbac.Authority, _ int, _ *rbac.Token) error {
			_, err := x.Issue(ctx, rbac.Login{User: "amy"})
			return err
		},
		"logins that replace": func(x *rbac.Authority, _ int, tok *rbac.Token) error {
			next, err := x.Issue(ctx, rbac.Login{User: "amy", Replaces: *tok})
			if err == nil {
				*tok = next
			}
			return err
		},
		"logins and logouts": func(x *rbac.Authority, _ int, _ *rbac.Token) error {
			tok, err := x.Issue(ctx, rbac.Login{User: "amy"})
			if err != nil {
				return err
			}
			return x.Logout(ctx, tok)
		},
	}
	localStores(t, func(t *testing.T, h *house) {
		for name, flood := range floods {
			t.Run(name, func(t *testing.T) {
				h := h.beside(t)
				a, b := h.office(rbac.Config{MaxTickets: 1}), h.open(rbac.Config{MaxTickets: 1})
				tok, other := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "nora"})
				before := h.lastChange(a).Revision
				refused := 0
				for i := range 400 {
					err := flood([]*rbac.Authority{a, b}[i%2], i, &tok)
					var throttled *rbac.ThrottledError
					switch {
					case errors.As(err, &throttled):
						refused++
						if throttled.RetryAfter <= 0 || throttled.RetryAfter > 13*time.Second {
							t.Fatalf("refused, to be tried again in %v", throttled.RetryAfter)
						}
					case err != nil:
						t.Fatal(err)
					case refused > 0 && name != "choices": // an unchanged choice is no change
						t.Fatal("after a refusal one is let through")
					}
				}
				if changes := h.lastChange(a).Revision - before; refused < 90 || changes > 310 {
					t.Errorf("of 400 %d are refused, and %d revisions are written", refused, changes)
				}
				if name == "choices" { // a holder of a ticket cannot keep its user from logging in
					tok = h.issue(a, rbac.Login{User: "amy"})
				}
				checkAlive(t, "other users", a, alive, other)
				must(t, a.SetActiveGroups(ctx, other, nil))
				h.clock.Advance(24 * time.Second)
				if err := flood(a, 0, &tok); err != nil {
					t.Errorf("later: %v", err)
				}
				list, err := a.Tickets(ctx, "amy")
				must(t, err)
				for _, ticket := range list {
					if err := a.RevokeTicket(ctx, "amy", ticket.ID); err != nil {
						t.Errorf("ending a ticket: %v", err)
					}
				}
				h.clock.Advance(-24 * time.Hour)
				h.issue(a, rbac.Login{User: "amy"}) // a clock that is set back locks nobody out
			})
		}
	})
}

// A user who may cause no further change can still end sessions.
func TestLogoutIsNeverThrottled(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		one, two, three := h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"}), h.issue(a, rbac.Login{User: "amy"})
		ticket, err := a.Ticket(ctx, two)
		must(t, err)
		for i := 0; i < 1000 && err == nil; i++ {
			var tok rbac.Token
			if tok, err = a.Issue(ctx, rbac.Login{User: "amy"}); err == nil {
				must(t, a.Logout(ctx, tok))
			}
		}
		if !errors.Is(err, rbac.ErrThrottled) {
			t.Fatalf("1000 logins and logouts: %v, want ErrThrottled", err)
		}
		must(t, a.Logout(ctx, one))
		must(t, a.RevokeTicket(ctx, "amy", ticket.ID))
		n, err := a.LogoutUser(ctx, "amy")
		if n != 1 || err != nil {
			t.Errorf("LogoutUser ends %d, %v", n, err)
		}
		checkAlive(t, "ended", a, dead, one, two, three)
	})
}

// Nobody makes any change without a delegation: each call of a Tx that changes
// something is denied to a user without rights.
func TestUpdateAsDeniesEveryChange(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.groups(a, map[string][]string{"editors": {"post.edit"}})
		h.do(a, assign("amy", "editors"))
		tok := h.issue(a, rbac.Login{User: "amy"})
		bob, err := a.Identity(ctx, "bob")
		must(t, err)
		denied := 0
		asBob := func(f func(*rbac.Tx) error) error {
			before := h.contents(a, tok)
			if err := a.UpdateAs(ctx, bob, f); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("%d. as bob: got %v", denied, err)
			}
			if after := h.contents(a, tok); after != before {
				t.Errorf("%d. as bob: something was written", denied)
			}
			denied++
			return a.Update(ctx, f)
		}
		for _, c := range unchanging(h, must1(a.HashPassword(ctx, goodPassword)), asBob) {
			before := denied
			if err := c.call(a, tok); err != nil && denied > before {
				t.Errorf("%s: %v", c.method, err)
			}
		}
		if denied < 30 {
			t.Errorf("%d calls", denied)
		}
	})
}
