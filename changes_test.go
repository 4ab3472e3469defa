package rbac_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// Every changing call writes actor, reason, time and change in the transaction
// that makes the change.
func TestChangeLog(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		id, err := a.Identity(ctx, "amy")
		must(t, err)
		nobody, err := a.Identify(ctx, rbac.Token{})
		must(t, err)
		byTicket, err := a.Identify(ctx, h.issue(a, rbac.Login{User: "amy"}))
		must(t, err)
		const asserted, verified, actedFor = "asserted", "verified", "acted for"
		for _, by := range []struct {
			ctx   context.Context
			actor string
			how   string
		}{
			{ctx, "", asserted},
			{rbac.WithActor(ctx, "cron"), "cron", asserted},
			{rbac.NewContext(ctx, rbac.NewIdentity("Zoe", nil, nil)), "zoe", asserted},
			{rbac.WithActor(rbac.NewContext(ctx, nobody), "cron"), "cron", asserted},
			// an empty name is not an actor
			{rbac.WithActor(rbac.NewContext(ctx, rbac.NewIdentity("Zoe", nil, nil)), "\x00"), "zoe", asserted},
			{rbac.NewContext(ctx, byTicket), "amy", verified},
			{rbac.WithActor(rbac.NewContext(ctx, byTicket.In("org:1").WithAddr(home)), "cron"), "amy", verified},
			{rbac.NewContext(ctx, id), "amy", actedFor},
			{rbac.WithActor(rbac.NewContext(ctx, id.WithAuthenticatedAt(h.clock.Now())), "cron"), "amy", actedFor},
			{rbac.WithActor(rbac.NewContext(ctx, rbac.NewIdentity("zoe", nil, nil)), "cron"), "cron", asserted},
		} {
			rev := lastRevision(t, a)
			h.clock.Advance(time.Second)
			must(t, a.Update(rbac.WithReason(by.ctx, "ticket 4711"), func(tx *rbac.Tx) error {
				return tx.AssignUser(rbac.Membership{User: "bob", Group: "staff", Scope: "org:1", Note: "for now", AssignedBy: "mallory"})
			}))
			must(t, a.Update(by.ctx, func(tx *rbac.Tx) error {
				return tx.DeassignUser(rbac.Membership{User: "bob", Group: "staff", Scope: "org:1"})
			}))
			var c []rbac.Change
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				for change, err := range tx.Changes(rbac.ChangeQuery{After: rev}) {
					must(t, err)
					c = append(c, change)
				}
				return nil
			}))
			if len(c) != 2 || c[0].Revision != rev+1 || c[1].Revision != rev+2 || c[0].Seq != 0 || c[0].Nonce == c[1].Nonce {
				t.Fatalf("two Updates logged %+v; want revisions %d and %d", c, rev+1, rev+2)
			}
			if c[0].Actor != by.actor || c[0].Verified != (by.how == verified) || c[0].ActedFor != (by.how == actedFor) || c[0].Reason != "ticket 4711" || c[1].Reason != "" || !c[0].At.Equal(h.clock.Now()) {
				t.Errorf("logged %+v; want actor %q, %s, the reason and the time", c[0], by.actor, by.how)
			}
			if c[0].Action != "AssignUser" || c[0].Subject != "bob" || c[0].Object != "staff" || c[0].Scope != "org:1" || c[0].SubjectID == uuid.Nil || c[0].ObjectID == uuid.Nil {
				t.Errorf("logged %+v; want what was assigned, where", c[0])
			}
			var m rbac.Membership
			must(t, json.Unmarshal(c[0].After, &m))
			if c[0].Before != nil || c[1].After != nil || string(c[1].Before) != string(c[0].After) ||
				m != (rbac.Membership{User: "bob", Group: "staff", Scope: "org:1", Note: "for now", AssignedBy: by.actor, AssignedAt: h.clock.Now()}) {
				t.Errorf("before and after: %s → %s, then %s → %s", c[0].Before, c[0].After, c[1].Before, c[1].After)
			}
		}
	})
}

// changesSince lists the log after a revision.
func changesSince(t testing.TB, a *rbac.Authority, rev rbac.Revision) []rbac.Change {
	t.Helper()
	var list []rbac.Change
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		list = nil
		for c, err := range tx.Changes(rbac.ChangeQuery{After: rev}) {
			must(t, err)
			list = append(list, c)
		}
		return nil
	}))
	return list
}

// Readers of the log depend on the names and fields that each call writes. Ids
// are given and the clock stands still.
func TestWhatIsLogged(t *testing.T) {
	id := uuid.UUID{15: 1}
	user := rbac.User{ID: id, Name: "amy", Email: "Amy@x", Subject: "s|1", DisplayName: `<b>"é"</b>`}
	group, admins := rbac.Group{ID: id, Name: "staff"}, rbac.Group{ID: uuid.UUID{15: 2}, Name: "admins"}
	permission := rbac.Permission{ID: id, Name: "read", Section: "posts", Position: 2}
	amy := `{"id":"00000000-0000-0000-0000-000000000001","name":"amy","email":"Amy@x","subject":"s|1","display_name":"\u003cb\u003e\"é\"\u003c/b\u003e"`
	staff := `{"id":"00000000-0000-0000-0000-000000000001","name":"staff"`
	read := `{"id":"00000000-0000-0000-0000-000000000001","name":"read"`
	const now = `2031-03-03T09:00:00Z"`
	member := `{"user":"amy","group":"staff"`
	steps := []struct {
		call func(*rbac.Tx) error
		want []string
	}{
		{addUser(user), []string{`AddUser amy - → ` + amy + `,"created":"` + now + `}`}},
		{func(tx *rbac.Tx) error { u := user; u.Disabled = true; return tx.ModifyUser(u) },
			[]string{`ModifyUser amy ` + amy + `,"created":"` + now + `} → ` + amy + `,"disabled":true,"created":"` + now + `}`}},
		{func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", someHash) }, []string{`SetPasswordHash amy - → -`}},
		{both(addGroup(group), addGroup(admins)), []string{`AddGroup staff - → ` + staff + `,"created":"` + now + `}`,
			`AddGroup admins - → {"id":"00000000-0000-0000-0000-000000000002","name":"admins","created":"` + now + `}`}},
		{func(tx *rbac.Tx) error { g := group; g.Note = "n"; return tx.ModifyGroup(g) },
			[]string{`ModifyGroup staff ` + staff + `,"created":"` + now + `} → ` + staff + `,"note":"n","created":"` + now + `}`}},
		{func(tx *rbac.Tx) error { return tx.AddSection(rbac.Section{Name: "posts", Title: "Posts"}) },
			[]string{`AddSection posts - → {"name":"posts","title":"Posts"}`}},
		{func(tx *rbac.Tx) error { return tx.ModifySection(rbac.Section{Name: "posts", Position: 1}) },
			[]string{`ModifySection posts {"name":"posts","title":"Posts"} → {"name":"posts","position":1}`}},
		{addPermission(permission), []string{`AddPermission read - → ` + read + `,"section":"posts","position":2,"created":"` + now + `}`}},
		{func(tx *rbac.Tx) error { return tx.DeleteSection("posts") }, []string{
			`ModifyPermission read ` + read + `,"section":"posts","position":2,"created":"` + now + `} → ` + read + `,"position":2,"created":"` + now + `}`,
			`DeleteSection posts {"name":"posts","position":1} → -`}},
		{grant("staff", "read"), []string{`GrantPermission staff read - → {"group":"staff","permission":"read","granted_by":"root","granted_at":"` + now + `}`}},
		{func(tx *rbac.Tx) error {
			return tx.ModifyGrant(rbac.Grant{Group: "staff", Permission: "read", Note: "n"})
		}, []string{`ModifyGrant staff read {"group":"staff","permission":"read","granted_by":"root","granted_at":"` + now +
			`} → {"group":"staff","permission":"read","note":"n","granted_by":"root","granted_at":"` + now + `}`}},
		{revoke("staff", "read"), []string{`RevokePermission staff read {"group":"staff","permission":"read","note":"n","granted_by":"root","granted_at":"` + now + `} → -`}},
		{func(tx *rbac.Tx) error { return tx.DeletePermission("read") }, []string{`DeletePermission read ` + read + `,"position":2,"created":"` + now + `} → -`}},
		{inherit("admins", "staff"), []string{`AddInheritance admins staff - → {"senior":"admins","junior":"staff"}`}},
		{func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "admins", Junior: "staff"})
		}, []string{`DeleteInheritance admins staff {"senior":"admins","junior":"staff"} → -`}},
		{assign("AMY", "staff"), []string{`AssignUser amy staff - → ` + member + `,"assigned_by":"root","assigned_at":"` + now + `}`}},
		{func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Until: far.In(time.FixedZone("", 3600))})
		}, []string{`ModifyMembership amy staff ` + member + `,"assigned_by":"root","assigned_at":"` + now + `} → ` +
			member + `,"until":"2040-01-01T00:00:00Z","assigned_by":"root","assigned_at":"` + now + `}`}},
		{deassign("amy", "staff"), []string{`DeassignUser amy staff ` + member + `,"until":"2040-01-01T00:00:00Z","assigned_by":"root","assigned_at":"` + now + `} → -`}},
		{func(tx *rbac.Tx) error { return tx.DeleteUser("amy") }, []string{`DeleteUser amy ` + amy + `,"disabled":true,"created":"` + now + `} → -`}},
		{func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") }, []string{`DeleteGroup staff ` + staff + `,"note":"n","created":"` + now + `} → -`}},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		for _, step := range steps {
			rev := lastRevision(t, a)
			must(t, a.Update(rbac.WithActor(ctx, "root"), step.call))
			var got []string
			for _, c := range changesSince(t, a, rev) {
				line := strings.TrimSpace(c.Action+" "+c.Subject+" "+c.Object) + " " + orDash(c.Before) + " → " + orDash(c.After)
				got = append(got, line)
			}
			if !slices.Equal(got, step.want) {
				t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(step.want, "\n"))
			}
		}
	})
}

func orDash(record json.RawMessage) string {
	if record == nil {
		return "-"
	}
	return string(record)
}

// The log names each group dropped from a narrowed ticket.
func TestDroppedGroupsAreLogged(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.issue(a, rbac.Login{User: "amy", Groups: []string{"staff", "readers"}})
		h.do(a, func(tx *rbac.Tx) error {
			return tx.DeleteInheritance(rbac.Inheritance{Senior: "staff", Junior: "readers"})
		})
		log := changesSince(t, a, 0)
		last := log[len(log)-1]
		if last.Action != "DropActiveGroup" || string(last.Before) != `{"groups":["readers","staff"]}` || string(last.After) != `{"groups":["staff"]}` {
			t.Errorf("logged %s %s → %s; want the groups before and after", last.Action, last.Before, last.After)
		}
	})
}

// Actors and reasons come from anywhere, and are cleaned for display.
func TestActorAndReasonAreCleaned(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		c := rbac.WithReason(rbac.WithActor(ctx, "a\xff\nb"+strings.Repeat("é", 1000)), "r\xff\x00\x1b"+strings.Repeat("x", 1<<20))
		must(t, a.Update(c, addGroup(rbac.Group{Name: "g"})))
		got := h.lastChange(a)
		if !strings.HasPrefix(got.Actor, "a\uFFFDbé") || len(got.Actor) > 256 || !strings.HasPrefix(got.Reason, "r\uFFFDxx") || len(got.Reason) > 64<<10 {
			t.Errorf("logged actor %q (%d bytes), reason %.20q (%d bytes)", got.Actor, len(got.Actor), got.Reason, len(got.Reason))
		}
	})
}

// The log holds neither a hash nor the password behind the hash.
func TestNoHashIsLogged(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.user(a, "amy", goodPassword)
		h.do(a, func(tx *rbac.Tx) error {
			u, err := tx.User("amy")
			u.Disabled = true
			return errors.Join(err, tx.ModifyUser(u), tx.DeleteUser("amy"))
		})
		for _, c := range changesSince(t, a, 0) {
			if all := fmt.Sprintf("%+v %s %s", c, c.Before, c.After); strings.Contains(all, "argon2") || strings.Contains(all, "hash\"") || strings.Contains(all, goodPassword) {
				t.Errorf("logged %s", all)
			}
		}
	})
}

// A change that cannot be logged is not made, even if the error is ignored.
func TestWhatCannotBeLoggedIsNotDone(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{Clock: func() time.Time { return time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }})
		err := a.Update(ctx, func(tx *rbac.Tx) error {
			tx.AddGroup(rbac.Group{Name: "g"}) // Created has no form in JSON
			return nil
		})
		if err == nil {
			t.Error("an Update committed what it could not log")
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			if groups := groupNames(tx.Groups()); len(groups) != 0 {
				t.Errorf("there are %q that nobody added", groups)
			}
			return nil
		}))
	})
}

// In a store that contradicts itself no change is half made, even if the error
// is ignored.
func TestNoChangeIsHalfMade(t *testing.T) {
	calls := map[string]struct {
		lost string // the call for a record that was listed, and is missing
		call func(*rbac.Tx) error
	}{
		"DeleteUser":       {"DeleteMembership", func(tx *rbac.Tx) error { return tx.DeleteUser("amy") }},
		"DeleteGroup":      {"DeleteInheritance", func(tx *rbac.Tx) error { return tx.DeleteGroup("staff") }},
		"DeletePermission": {"DeleteGrant", func(tx *rbac.Tx) error { return tx.DeletePermission("post.read") }},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		h.issue(a, rbac.Login{User: "amy"})
		before := dump(t, a)
		for name, c := range calls {
			n := *h
			n.store = whileUpdating(h.store, func(name string, _ []any) error {
				if name == c.lost {
					return rbac.ErrNotFound
				}
				return nil
			})
			err := n.open(rbac.Config{}).Update(ctx, func(tx *rbac.Tx) error {
				if err := c.call(tx); !errors.Is(err, rbac.ErrUnavailable) || errors.Is(err, rbac.ErrNotFound) {
					t.Errorf("%s: %v; want ErrUnavailable", name, err)
				}
				return nil
			})
			if !errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("%s was half made, and the Update committed: %v", name, err)
			}
			if after := dump(t, a); after != before {
				t.Errorf("%s changed something:\n%s\nbefore:\n%s", name, after, before)
			}
		}
	})
}

// The log is queried for a time that every store can compare, and returns the
// matching entries.
func TestTimesOfChangeQueries(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.do(a, addGroup(rbac.Group{Name: "g1"}))
		h.clock.Advance(time.Microsecond)
		h.do(a, addGroup(rbac.Group{Name: "g2"}))
		now := h.clock.Now()
		for _, tt := range []struct {
			q    rbac.ChangeQuery
			want []string
		}{
			{rbac.ChangeQuery{Since: now}, []string{"g2"}},
			// stores keep microseconds
			{rbac.ChangeQuery{Since: now.Add(999 * time.Nanosecond).In(time.FixedZone("", 3600))}, []string{"g2"}},
			{rbac.ChangeQuery{Until: now}, []string{"rbac.administer", "g1"}},
			{rbac.ChangeQuery{Since: now.Add(time.Microsecond)}, []string{}},
			{rbac.ChangeQuery{Until: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Newest: true}, []string{"g2", "g1", "rbac.administer"}},
			{rbac.ChangeQuery{Until: time.Unix(1<<62, 0)}, []string{"error: change query: Until: rbac: invalid: not in the years 1970 to 9999"}},
			{rbac.ChangeQuery{Since: time.Unix(-1<<62, 0)}, []string{"error: change query: Since: rbac: invalid: not in the years 1970 to 9999"}},
		} {
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				if got := names(tx.Changes(tt.q), func(c rbac.Change) string { return c.Subject }); !slices.Equal(got, tt.want) {
					t.Errorf("Changes(%+v) = %q; want %q", tt.q, got, tt.want)
				}
				return nil
			}))
		}
	})
}

// A console shows the log page by page, in both directions, by any of its
// fields, also where a page ends within a revision.
func TestPagesOfChanges(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		must(t, a.Update(rbac.WithActor(ctx, "zoe"), all(
			assignIn("amy", "readers", "org:1"), assignIn("bob", "readers", "org:1"), assignIn("bob", "readers", "org:2"),
			deassign("amy", "staff"))))
		for _, c := range []struct {
			q    rbac.ChangeQuery
			want []string
		}{
			{rbac.ChangeQuery{Actor: "zoe"}, []string{"AssignUser amy readers org:1", "AssignUser bob readers org:1", "AssignUser bob readers org:2", "DeassignUser amy staff "}},
			{rbac.ChangeQuery{Scope: "org:1"}, []string{"AssignUser amy readers org:1", "AssignUser bob readers org:1"}},
			{rbac.ChangeQuery{Action: "DeassignUser"}, []string{"DeassignUser amy staff "}},
			{rbac.ChangeQuery{Action: "AssignUser", Subject: "bob", Scope: "org:2"}, []string{"AssignUser bob readers org:2"}},
			{rbac.ChangeQuery{Actor: "zoe", Subject: "readers"}, []string{"AssignUser amy readers org:1", "AssignUser bob readers org:1", "AssignUser bob readers org:2"}},
			{rbac.ChangeQuery{Action: "deassignuser"}, nil},
		} {
			for _, newest := range []bool{false, true} {
				want := slices.Clone(c.want)
				if newest {
					slices.Reverse(want)
				}
				for _, limit := range []int{0, 1, 2, 3} {
					q := c.q
					q.Newest, q.Limit = newest, limit
					var got []string
					for more := true; more && len(got) <= len(want); {
						more = false
						must(t, a.View(ctx, func(tx *rbac.Tx) error {
							for c, err := range tx.Changes(q) {
								must(t, err)
								got = append(got, fmt.Sprint(c.Action, " ", c.Subject, " ", c.Object, " ", c.Scope))
								q.Last, more = c, limit > 0
							}
							return nil
						}))
					}
					if !slices.Equal(got, want) {
						t.Errorf("%+v, pages of %d, newest first %t:\ngot  %q\nwant %q", c.q, limit, newest, got, want)
					}
				}
			}
		}
	})
}
