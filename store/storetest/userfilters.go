package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var userFilterRules = []rule{
	{"users filter", "A filter selects the users whom each of its fields selects, in order.", func(w *world) {
		w.update(filterWorld)
		for _, c := range filterCases() {
			w.equal(fmt.Sprintf("Users(%+v)", c.filter), w.userNames(c.filter), c.want)
		}
	}},
	{"users count", "CountUsers counts the users that a filter selects, each once, without regard to After and Limit.", func(w *world) {
		w.update(filterWorld)
		for _, c := range filterCases() {
			paged := c.filter
			paged.After, paged.Limit = "", 0
			want := len(w.userNames(paged))
			w.equal(fmt.Sprintf("CountUsers(%+v)", c.filter), get(w, func(r store.Records) (int, error) { return r.CountUsers(c.filter) }), want)
		}
	}},
	{"users renamed", "A member with another name is listed under the new name, and by no other.", func(w *world) {
		w.update(filterWorld)
		w.update(func(r store.Records) error {
			for old, name := range map[string]string{"boss": "zoe", "scoped": "adam"} {
				u := user(name)
				u.ID = id(old)
				if err := r.SetUser(u); err != nil {
					return err
				}
			}
			return nil
		})
		both := store.UserFilter{Groups: ids("staff", "boss"), At: noon}
		want := []string{"adam", "always", "disabled always", "scoped soon", "until far", "until soon", "zoe"}
		w.equal("members", w.userNames(both), want)
		for _, limit := range []int{1, 2, 3} {
			both.Limit = limit
			w.equal(fmt.Sprintf("in pages of %d", limit), w.pages(both), want)
		}
		w.equal("members in a scope", w.userNames(store.UserFilter{Scopes: []string{"org:1"}, At: noon}), []string{"adam", "scoped soon"})
	}},
	{"users search", "Search finds Name, DisplayName or Email that contain the text; A to Z match in either case, all else exactly.", func(w *world) {
		w.update(func(r store.Records) error {
			for i, name := range []string{"\u00c9mile", "\u00c9MILE", "Kelvin", "\u212aelvin", "100%", "1000", "a_b", "axb", `back\slash`, "straße", "STRASSE", "張三"} {
				u := user(name)
				u.DisplayName, u.Email = fmt.Sprintf("Display %d.", i), fmt.Sprintf("Mail%d@example.com", i)
				u.Note, u.Subject, u.EmailKey = "hidden", fmt.Sprint("hidden", i), fmt.Sprint("hidden", i)
				if err := r.AddUser(u); err != nil {
					return err
				}
			}
			return nil
		})
		for search, want := range map[string][]string{
			"\u00e9mile": nil, "\u00c9": {"\u00c9MILE", "\u00c9mile"}, "\u00c9Mil": {"\u00c9MILE", "\u00c9mile"}, "E\u0301": nil, "mile": {"\u00c9MILE", "\u00c9mile"},
			"kelvin": {"Kelvin"}, "\u212aelvin": {"\u212aelvin"}, "ELVIN": {"Kelvin", "\u212aelvin"},
			"%": {"100%"}, "_": {"a_b"}, `\`: {`back\slash`}, "A_B": {"a_b"}, "1%": nil, "ss": {"STRASSE"}, "ß": {"straße"}, "三": {"張三"},
			"dISPLAY 2.": {"Kelvin"}, "mail4@EXAMPLE": {"100%"}, "hidden": nil, " ": w.userNames(store.UserFilter{}), "*": nil, "'": nil,
		} {
			slices.Sort(want)
			w.equal(fmt.Sprintf("Search %q", search), w.userNames(store.UserFilter{Search: search}), want)
		}
	}},
	{"users pages", "After and Limit walk through all users, each once, with every other field set too.", func(w *world) {
		n := many
		var want []string
		w.update(func(r store.Records) error {
			want = nil
			if err := addGroups(r, "all", "none"); err != nil {
				return err
			}
			for i := range n {
				name := fmt.Sprintf("user %04d", (i*7919)%n)
				want = append(want, name)
				if err := r.AddUser(user(name)); err != nil {
					return err
				}
				if err := r.PutMembership(member(name, "all")); err != nil {
					return err
				}
			}
			return nil
		})
		slices.Sort(want)
		for _, limit := range []int{0, n * 2 / 5, n*2/15 - 1} {
			for _, groups := range [][]uuid.UUID{nil, ids("all"), ids("all", "none")} {
				for _, f := range []store.UserFilter{
					{Search: "USER", Groups: groups, At: noon, Permanent: true, Enabled: true, Limit: limit},
					{Groups: groups, Scopes: []string{"", "none"}, At: noon, Limit: limit},
					{Groups: groups, AlsoGroups: groups, AlsoScopes: []string{""}, LastLoginBefore: noon, Limit: limit},
				} {
					got := w.pages(f)
					w.equal(fmt.Sprintf("%d users in pages of %d", len(got), limit), got, want)
				}
			}
			rare := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return !strings.Contains(name, "99") })
			for _, groups := range [][]uuid.UUID{nil, ids("all")} {
				w.equal("rare", w.pages(store.UserFilter{Search: "99", Groups: groups, At: noon, Limit: limit}), rare)
			}
		}
		w.equal("first", w.userNames(store.UserFilter{Groups: ids("all"), Limit: 1}), want[:1])
		w.equal("last", w.userNames(store.UserFilter{Groups: ids("all"), After: want[n-2]}), want[n-1:])
	}},
}

func (w *world) pages(f store.UserFilter) (names []string) {
	w.Helper()
	for {
		page := w.userNames(f)
		names = append(names, page...)
		if f.Limit == 0 || len(page) == 0 {
			return names
		}
		if len(page) > f.Limit {
			w.Fatalf("Limit %d: got %d users", f.Limit, len(page))
		}
		f.After = page[len(page)-1]
	}
}

// filterWorld adds users. Each name describes the membership of the user in the
// group staff.
func filterWorld(r store.Records) error {
	if err := addGroups(r, "staff", "boss", "empty"); err != nil {
		return err
	}
	for name, m := range map[string]store.Membership{
		"always":          {},
		"scoped":          {Scope: "org:1"},
		"until past":      {Until: noon.Add(-tick)},
		"until now":       {Until: noon},
		"until soon":      {Until: noon.Add(tick)},
		"until far":       {Until: noon.Add(1000 * time.Hour)},
		"scoped past":     {Scope: "org:1", Until: noon.Add(-tick)},
		"scoped soon":     {Scope: "org:1", Until: noon.Add(tick)},
		"disabled always": {},
	} {
		u := user(name)
		u.Disabled = name == "disabled always"
		switch name {
		case "always":
			u.LastLogin = noon
		case "scoped":
			u.LastLogin = noon.Add(-tick)
		case "until far":
			u.LastLogin = noon.Add(tick)
		}
		if err := r.AddUser(u); err != nil {
			return err
		}
		m.User, m.Group = u.ID, id("staff")
		if err := r.PutMembership(m); err != nil {
			return err
		}
	}
	if err := addUsers(r, "boss", "outside"); err != nil {
		return err
	}
	// always is in both groups, and boss is in one group twice. Each is listed
	// once nevertheless.
	scoped := member("boss", "boss")
	scoped.Scope = "org:2"
	return each([]store.Membership{member("always", "boss"), member("boss", "boss"), scoped}, r.PutMembership)
}

type filterCase struct {
	filter store.UserFilter
	want   []string
}

func filterCases() []filterCase {
	staff, both := ids("staff"), ids("staff", "boss")
	one, everywhere, there := []string{"org:1"}, []string{""}, []string{"", "org:1"}
	return []filterCase{
		{store.UserFilter{}, []string{"always", "boss", "disabled always", "outside", "scoped", "scoped past", "scoped soon", "until far", "until now", "until past", "until soon"}},
		{store.UserFilter{Limit: 2}, []string{"always", "boss"}},
		{store.UserFilter{After: "scoped soon"}, []string{"until far", "until now", "until past", "until soon"}},
		{store.UserFilter{After: "scoped", Limit: 1}, []string{"scoped past"}},
		{store.UserFilter{After: "until soon"}, nil},
		{store.UserFilter{Search: "SOON"}, []string{"scoped soon", "until soon"}},
		{store.UserFilter{Search: "soon", After: "scoped soon"}, []string{"until soon"}},
		{store.UserFilter{Enabled: true, Limit: 3}, []string{"always", "boss", "outside"}},
		{store.UserFilter{Enabled: true, Search: "always"}, []string{"always"}},
		{store.UserFilter{Groups: []uuid.UUID{}, At: noon}, nil},
		{store.UserFilter{Groups: ids("empty"), At: noon}, nil},
		{store.UserFilter{Groups: ids("unknown"), At: noon}, nil},
		{store.UserFilter{Groups: staff, At: noon}, []string{"always", "disabled always", "scoped", "scoped soon", "until far", "until soon"}},
		{store.UserFilter{Groups: staff, At: noon.Add(tick)}, []string{"always", "disabled always", "scoped", "until far"}},
		{store.UserFilter{Groups: staff}, []string{"always", "disabled always", "scoped", "scoped past", "scoped soon", "until far", "until now", "until past", "until soon"}},
		{store.UserFilter{Groups: both, At: noon}, []string{"always", "boss", "disabled always", "scoped", "scoped soon", "until far", "until soon"}},
		{store.UserFilter{Groups: staff, At: noon, Permanent: true}, []string{"always", "disabled always"}},
		{store.UserFilter{Groups: staff, Permanent: true}, []string{"always", "disabled always"}},
		{store.UserFilter{Groups: both, At: noon, Permanent: true, Enabled: true}, []string{"always", "boss"}},
		{store.UserFilter{Groups: both, At: noon, Permanent: true, Enabled: true, Limit: 1}, []string{"always"}},
		{store.UserFilter{Groups: both, At: noon, After: "boss", Search: "S", Limit: 2}, []string{"disabled always", "scoped"}},
		{store.UserFilter{Groups: both, At: noon, After: "boss", Search: "S", Limit: 2, Enabled: true}, []string{"scoped", "scoped soon"}},
		{store.UserFilter{Disabled: true}, []string{"disabled always"}},
		{store.UserFilter{Disabled: true, After: "disabled always"}, nil},
		{store.UserFilter{Disabled: true, Groups: staff, At: noon}, []string{"disabled always"}},
		{store.UserFilter{Disabled: true, Enabled: true}, nil},
		{store.UserFilter{LastLoginBefore: noon, After: "scoped past"}, []string{"scoped soon", "until now", "until past", "until soon"}},
		{store.UserFilter{LastLoginBefore: noon, Groups: staff, At: noon}, []string{"disabled always", "scoped", "scoped soon", "until soon"}},
		{store.UserFilter{LastLoginBefore: noon.Add(-tick), Groups: staff, At: noon}, []string{"disabled always", "scoped soon", "until soon"}},
		{store.UserFilter{Scopes: one, At: noon}, []string{"scoped", "scoped soon"}},
		{store.UserFilter{Scopes: one}, []string{"scoped", "scoped past", "scoped soon"}},
		{store.UserFilter{Scopes: one, At: noon, After: "scoped", Limit: 1}, []string{"scoped soon"}},
		{store.UserFilter{Scopes: []string{"org:2", "org:1"}, At: noon}, []string{"boss", "scoped", "scoped soon"}},
		{store.UserFilter{Scopes: []string{"org:", "ORG:1", "org:1\x00", "\xff"}, At: noon}, nil},
		{store.UserFilter{Scopes: []string{}, At: noon}, nil},
		{store.UserFilter{Scopes: everywhere, At: noon}, []string{"always", "boss", "disabled always", "until far", "until soon"}},
		{store.UserFilter{Scopes: there, Groups: staff, At: noon}, []string{"always", "disabled always", "scoped", "scoped soon", "until far", "until soon"}},
		{store.UserFilter{Scopes: one, Groups: ids("boss"), At: noon}, nil},
		{store.UserFilter{Scopes: []string{"org:2"}, Groups: both, At: noon}, []string{"boss"}},
		{store.UserFilter{Scopes: []string{"org:2"}, Groups: []uuid.UUID{}, At: noon}, nil},
		{store.UserFilter{Scopes: there, At: noon, Permanent: true}, []string{"always", "boss", "disabled always"}},
		{store.UserFilter{Scopes: one, At: noon, Permanent: true}, nil},
		{store.UserFilter{At: noon, Permanent: true}, []string{"always", "boss", "disabled always"}},
		{store.UserFilter{Groups: staff, AlsoGroups: ids("boss"), At: noon}, []string{"always"}},
		{store.UserFilter{Groups: staff, AlsoGroups: []uuid.UUID{}, At: noon}, nil},
		{store.UserFilter{Groups: []uuid.UUID{}, AlsoGroups: staff, At: noon}, nil},
		{store.UserFilter{Groups: staff, AlsoScopes: one, At: noon}, []string{"scoped", "scoped soon"}},
		{store.UserFilter{AlsoGroups: staff, AlsoScopes: one, At: noon}, []string{"scoped", "scoped soon"}},
		{store.UserFilter{Groups: both, AlsoGroups: ids("boss"), AlsoScopes: []string{"org:2"}, At: noon}, []string{"boss"}},
		{store.UserFilter{Groups: ids("boss"), Scopes: everywhere, AlsoGroups: staff, AlsoScopes: one, At: noon}, nil},
		{store.UserFilter{Groups: staff, Permanent: true, AlsoGroups: ids("boss"), At: noon}, []string{"always"}},
		{store.UserFilter{Groups: both, AlsoGroups: both, At: noon, Enabled: true, Search: "AL", LastLoginBefore: noon.Add(tick)}, []string{"always"}},
	}
}
