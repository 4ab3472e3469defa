package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// memberships lists the memberships of a user: group, scope, source, and
// whether the membership has ended.
func (h *house) memberships(a *rbac.Authority, user string) string {
	h.t.Helper()
	var list []string
	must(h.t, a.View(ctx, func(tx *rbac.Tx) error {
		list = nil
		for m, err := range tx.Memberships(rbac.MembershipQuery{User: user}) {
			must(h.t, err)
			text := m.Group
			if m.Scope != "" {
				text += "@" + m.Scope
			}
			if m.Source != "" {
				text += " by " + m.Source
			}
			if !m.Until.IsZero() && !m.Until.After(tx.Now()) {
				text += " ended"
			}
			list = append(list, text)
		}
		return nil
	}))
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// end lets a membership end now.
func (h *house) end(user, group string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.ModifyMembership(rbac.Membership{User: user, Group: group, Until: h.clock.Now()})
	}
}

func assignFrom(source, user, group string) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: user, Group: group, Source: source})
	}
}

// Sync changes the memberships of one source in one scope, and no others.
func TestSync(t *testing.T) {
	names := map[string]string{"cn=writers": "editors", "cn=authors": "editors", "cn=porters": "staff"}
	type before func(h *house, user string) func(*rbac.Tx) error
	from := func(source, group string) before {
		return func(_ *house, user string) func(*rbac.Tx) error { return assignFrom(source, user, group) }
	}
	cases := []struct {
		rule   string
		before before // nil: the user is in no group
		p      rbac.Provision
		want   string
	}{
		{"a user joins the groups of the claim", nil, rbac.Provision{Groups: []string{"staff", "editors", "staff"}}, "editors by idp, staff by idp"},
		{"a user leaves groups that the claim lacks", from("idp", "chiefs"), rbac.Provision{Groups: []string{"staff"}}, "staff by idp"},
		{"an empty claim ends all memberships of the source", from("idp", "chiefs"), rbac.Provision{Groups: []string{}}, ""},
		{"an absent claim changes nothing", from("idp", "chiefs"), rbac.Provision{}, "chiefs by idp"},
		{"Additive ends nothing", from("idp", "chiefs"), rbac.Provision{Groups: []string{"staff"}, Additive: true}, "chiefs by idp, staff by idp"},
		{"an administrator's memberships stay", from("", "editors"), rbac.Provision{Groups: []string{}}, "editors"},
		{"other sources keep their memberships", from("hr", "chiefs"), rbac.Provision{Groups: []string{}}, "chiefs by hr"},
		{"a membership of another source is enough", from("", "editors"), rbac.Provision{Groups: []string{"editors"}}, "editors"},
		{"an administrator who ended a membership keeps the user out",
			func(h *house, user string) func(*rbac.Tx) error {
				return all(assignFrom("idp", user, "editors"), h.end(user, "editors"))
			},
			rbac.Provision{Groups: []string{"editors"}}, "editors by idp ended"},
		{"other scopes keep their memberships", from("idp", "editors"), rbac.Provision{Groups: []string{"staff"}, Scope: "org:1"}, "editors by idp, staff@org:1 by idp"},
		{"names of the provider are mapped, and other names left out", nil,
			rbac.Provision{Groups: []string{"cn=writers", "cn=authors", "cn=everybody", "chiefs"}, Map: names}, "editors by idp"},
		{"an empty map lets the source choose no group", from("idp", "chiefs"), rbac.Provision{Groups: []string{"chiefs"}, Map: map[string]string{}}, ""},
		{"the subject names the user", nil, rbac.Provision{Subject: "sub|", Groups: []string{"staff"}}, "staff by idp"},
		{"DryRun changes nothing", nil, rbac.Provision{Groups: []string{"staff"}, DryRun: true}, ""},
		{"groups of a set that allows only one are exchanged", from("idp", "left"), rbac.Provision{Groups: []string{"right"}}, "right by idp"},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.groups(a, map[string][]string{"left": nil, "right": nil})
		h.do(a, ssd("one", 2, "left", "right"))
		for i, tt := range cases {
			user := fmt.Sprintf("user%d", i)
			h.do(a, addUser(rbac.User{Name: user, Subject: "sub|" + user}))
			if tt.before != nil {
				h.do(a, tt.before(h, user))
			}
			if tt.p.Source = "idp"; tt.p.Subject == "" {
				tt.p.User = strings.ToUpper(user)
			} else {
				tt.p.Subject += user
			}
			before := a.Revision()
			e, err := a.Sync(ctx, tt.p)
			must(t, err)
			if got := h.memberships(a, user); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.rule, got, tt.want)
			}
			if changed := len(e.Changes) > 0 && !tt.p.DryRun; changed != (a.Revision() > before) {
				t.Errorf("%s: %d changes from revision %d to %d", tt.rule, len(e.Changes), before, a.Revision())
			}
			if tt.p.DryRun {
				continue
			}
			before = a.Revision()
			if e, err = a.Sync(ctx, tt.p); err != nil || e.Changes != nil || a.Revision() != before {
				t.Errorf("%s: a second Sync: %+v, %v", tt.rule, e, err)
			}
		}
	})
}

// A Sync that is refused changes nothing.
func TestSyncRefused(t *testing.T) {
	cases := []struct {
		why    string
		before func(*rbac.Tx) error
		p      rbac.Provision
		kind   error
		names  string // what the error has to name
	}{
		{"an unknown user", nil, rbac.Provision{User: "zoe", Source: "idp", Groups: []string{"staff"}}, rbac.ErrNotFound, `user "zoe"`},
		{"an unknown user without a claim", nil, rbac.Provision{User: "zoe", Source: "idp"}, rbac.ErrNotFound, `user "zoe"`},
		{"an unknown subject", nil, rbac.Provision{Subject: "sub|zoe", Source: "idp", Groups: []string{}}, rbac.ErrNotFound, `user "sub|zoe"`},
		{"an unknown group", nil, rbac.Provision{User: "nora", Source: "idp", Groups: []string{"staff", "nowhere"}}, rbac.ErrNotFound, `group "nowhere"`},
		{"an unknown group of the map", nil, rbac.Provision{User: "nora", Source: "idp", Groups: []string{"x"}, Map: map[string]string{"x": "nowhere"}}, rbac.ErrNotFound, `group "nowhere"`},
		{"administrators without a map", grant("chiefs", "rbac.administer"), rbac.Provision{User: "nora", Source: "idp", Groups: []string{"chiefs"}}, rbac.ErrInvalid, `"chiefs"`},
		{"no source", nil, rbac.Provision{User: "nora", Groups: []string{"staff"}}, rbac.ErrInvalid, "Source"},
		{"a source that is no key", nil, rbac.Provision{User: "nora", Source: "a\nb", Groups: []string{}}, rbac.ErrInvalid, "Source"},
		{"a source with hidden characters", nil, rbac.Provision{User: "nora", Source: "id\u200bp", Groups: []string{"staff"}}, rbac.ErrInvalid, "Source"},
		{"a scope that is no key", nil, rbac.Provision{User: "nora", Source: "idp", Scope: "a\nb", Groups: []string{}}, rbac.ErrInvalid, "Scope"},
		{"no user", nil, rbac.Provision{Source: "idp", Groups: []string{}}, rbac.ErrInvalid, "User"},
		{"two users", nil, rbac.Provision{User: "nora", Subject: "sub|amy", Source: "idp", Groups: []string{}}, rbac.ErrInvalid, "User"},
		{"a set of separation", ssd("pair", 2, "editors", "staff"), rbac.Provision{User: "nora", Source: "idp", Groups: []string{"staff"}}, rbac.ErrSeparation, `"pair"`},
		{"a set that the claim itself violates", all(deassign("nora", "editors"), ssd("pair", 2, "editors", "staff")),
			rbac.Provision{User: "nora", Source: "idp", Groups: []string{"editors", "staff"}}, rbac.ErrSeparation, `"pair"`},
		{"the last holder", all(deassign("amy", "editors"), deassign("nora", "editors"), assignFrom("idp", "nora", "editors")),
			rbac.Provision{User: "nora", Source: "idp", Groups: []string{"staff"}}, rbac.ErrProtected, `"post.edit"`},
	}
	localStores(t, func(t *testing.T, h *house) {
		cfg := rbac.Config{Protected: []string{"post.edit"}}
		office := h.office(cfg)
		for _, tt := range cases {
			h, a := h, office
			if tt.before != nil {
				h = h.beside(t)
				a = h.office(cfg)
				h.do(a, tt.before)
			}
			for _, tt.p.DryRun = range []bool{true, false} {
				before := contents(t, h.store)
				e, err := a.Sync(ctx, tt.p)
				if !errors.Is(err, tt.kind) || !strings.Contains(fmt.Sprint(err), tt.names) {
					t.Errorf("%s: got %v, want %v that names %s", tt.why, err, tt.kind, tt.names)
				}
				if e.Changes != nil || e.Users != 0 || contents(t, h.store) != before {
					t.Errorf("%s: was refused and changed something: %+v", tt.why, e)
				}
			}
		}
	})
}

// The Effect has the changes of the log and the rights, and a dry run has the
// same Effect.
func TestSyncEffect(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.do(a, all(deassign("amy", "editors"), assignFrom("idp", "amy", "editors")))
		amy, err := a.Identity(ctx, "amy")
		must(t, err)
		p := rbac.Provision{User: "amy", Source: "idp", Groups: []string{"chiefs"}, DryRun: true}
		dry, err := a.Sync(rbac.NewContext(ctx, amy), p)
		must(t, err)
		p.DryRun = false
		e, err := a.Sync(rbac.NewContext(ctx, amy), p)
		must(t, err)
		if fmt.Sprint(dry) != fmt.Sprint(e) {
			t.Errorf("the dry run had the effect\n%+v, and the Sync\n%+v", dry, e)
		}
		gained, lost := []rbac.Right{{User: "amy", Permission: "door.open"}}, []rbac.Right{{User: "amy", Permission: "post.edit"}}
		if e.Users != 1 || !slices.Equal(e.Gained, gained) || !slices.Equal(e.Lost, lost) {
			t.Errorf("got %+v", e)
		}
		var logged []string
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			logged = nil
			for c, err := range tx.Changes(rbac.ChangeQuery{After: a.Revision() - 1}) {
				must(t, err)
				logged = append(logged, fmt.Sprintf("%s %s %s by %s %v%v: %s%s", c.Action, c.Subject, c.Object, c.Actor, c.Verified, c.ActedFor, c.Before, c.After))
				c.Revision, c.Nonce = 0, 0
				if got := e.Changes[c.Seq]; fmt.Sprint(got) != fmt.Sprint(c) {
					t.Errorf("the effect has %+v, the log %+v", got, c)
				}
			}
			return nil
		}))
		at := h.clock.Now().UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
		want := []string{
			`DeassignUser amy editors by idp falsefalse: {"user":"amy","group":"editors","assigned_at":"` + at + `","source":"idp"}`,
			`AssignUser amy chiefs by idp falsefalse: {"user":"amy","group":"chiefs","assigned_by":"idp","assigned_at":"` + at + `","source":"idp"}`,
		}
		if !slices.Equal(logged, want) {
			t.Errorf("the log has\n%s\nwant\n%s", strings.Join(logged, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Administrators meet memberships of a source.
func TestSourceOfMemberships(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		h.do(a, assignFrom("idp", "amy", "staff"))
		err := a.Update(ctx, assign("amy", "staff"))
		if !errors.Is(err, rbac.ErrExists) || !strings.Contains(err.Error(), "of the source idp") {
			t.Errorf("an assignment that exists names its source: got %v", err)
		}
		for _, source := range []string{"a\nb", "id\u200bp", strings.Repeat("x", 257)} {
			if err := a.Update(ctx, assignFrom(source, "amy", "chiefs")); !errors.Is(err, rbac.ErrInvalid) {
				t.Errorf("source %q: got %v, want ErrInvalid", source, err)
			}
		}
		h.do(a, func(tx *rbac.Tx) error {
			return tx.ModifyMembership(rbac.Membership{User: "amy", Group: "staff", Source: "other", Note: "n", Until: far})
		})
		if got := h.memberships(a, "amy"); got != "editors, staff by idp" {
			t.Errorf("ModifyMembership leaves the source: got %s", got)
		}
		h.do(a, all(deassign("amy", "staff"), assign("amy", "staff")))
		if got := h.memberships(a, "amy"); got != "editors, staff" {
			t.Errorf("an administrator takes a membership over in two steps: got %s", got)
		}
	})
}

// An explanation says which source a membership is of.
func TestExplainSource(t *testing.T) {
	h := newHouse(t, openMemory(t))
	a := h.office(rbac.Config{})
	must(t, a.Update(rbac.WithActor(ctx, "root"), assignFrom("staff.csv", "nora", "staff")))
	must(t, second(a.Sync(ctx, rbac.Provision{User: "amy", Source: "idp", Groups: []string{"staff"}})))
	for user, want := range map[string]string{"nora": "assigned by root", "amy": "assigned by idp"} {
		e, err := a.ExplainUser(ctx, user, rbac.InGroup("staff"))
		must(t, err)
		text := fmt.Sprintf("%+v", e)
		if named := strings.Contains(text, ", for staff.csv"); !strings.Contains(text, want) || named != (user == "nora") {
			t.Errorf("%s: got %s", user, text)
		}
	}
}

// updates counts the Updates of a store.
type updates struct {
	rbac.Store
	n int
}

func (s *updates) Update(c context.Context, f func(store.Records) error) error {
	s.n++
	return s.Store.Update(c, f)
}

// Sync runs at each login: as long as nothing changes, there is no Update, whose
// lock would make logins wait for each other.
func TestSyncWithoutChangeTakesNoLock(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		counted := &updates{Store: h.store}
		h.store = counted
		a := h.office(rbac.Config{})
		p := rbac.Provision{Subject: "sub|amy", Source: "idp", Groups: []string{"staff", "editors"}}
		for _, want := range []int{1, 0, 0} {
			before := counted.n
			must(t, second(a.Sync(ctx, p)))
			if got := counted.n - before; got != want {
				t.Errorf("%d Updates, want %d", got, want)
			}
		}
	})
}

// Of Syncs at once, the memberships are those of one.
func TestSyncAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		h.do(a, deassign("amy", "editors"))
		claims := [][]string{{"staff"}, {"chiefs", "editors"}, {}, {"editors"}}
		var group sync.WaitGroup
		for i, claim := range claims {
			for _, each := range []*rbac.Authority{a, b} {
				group.Go(func() {
					_, err := each.Sync(ctx, rbac.Provision{User: "amy", Source: "idp", Groups: claims[i]})
					if err != nil {
						t.Errorf("Sync %v: %v", claim, err)
					}
				})
			}
		}
		group.Wait()
		got := strings.ReplaceAll(h.memberships(a, "amy"), " by idp", "")
		if !slices.ContainsFunc(claims, func(claim []string) bool { return strings.Join(claim, ", ") == got }) {
			t.Errorf("the memberships are %q, those of no claim", got)
		}
	})
}
