package sqlitestore_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/memdir"
	"github.com/rbac-go/rbac/store"
)

// The users of a scope are the same whether the scope has so few members that
// all are read, or so many that each group is read by itself.
func TestUsersOfLargeScopes(t *testing.T) {
	s := mustOpen(t, filepath.Join(memdir.New(t), "rbac.db"))
	group := func(n int) uuid.UUID { return uuid.UUID{'g', 15: byte(n)} }
	names := map[string][]string{}
	must(t, s.Update(t.Context(), func(r store.Records) error {
		for n := range 3 {
			if err := r.PutGroup(store.Group{ID: group(n), Name: fmt.Sprint("group", n)}); err != nil {
				return err
			}
		}
		for i := range 5200 {
			u := store.User{ID: uuid.UUID{'u', 14: byte(i >> 8), 15: byte(i)}, Name: fmt.Sprintf("user%04d", 7*i%5200), Disabled: i%3 == 0}
			if err := r.AddUser(store.UserRecord{User: u}); err != nil {
				return err
			}
			for scope, has := range map[string]bool{"large": true, "small": i%2 == 0, "other": i == 1} {
				if !has {
					continue
				}
				names[scope] = append(names[scope], u.Name)
				for n := range 1 + i%2 { // some users by two groups
					if err := r.PutMembership(store.Membership{User: u.ID, Group: group((i + n) % 3), Scope: scope}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}))
	for scope, want := range names {
		slices.Sort(want)
		half := want[len(want)/2]
		for _, c := range []struct {
			name   string
			filter store.UserFilter
			want   []string
		}{
			{"all", store.UserFilter{}, want},
			{"a page", store.UserFilter{After: half, Limit: 60}, want[len(want)/2+1 : min(len(want), len(want)/2+61)]},
			{"a search", store.UserFilter{Search: "user33"}, containing(want, "user33")},
			{"also in another scope", store.UserFilter{AlsoScopes: []string{"other"}}, containing(want, names["other"][0])},
		} {
			c.filter.Scopes, c.filter.At = []string{scope}, time.Unix(1, 0)
			var got []string
			must(t, s.View(t.Context(), func(r store.Records) error {
				got = nil
				for u, err := range r.Users(c.filter) {
					if err != nil {
						return err
					}
					got = append(got, u.Name)
				}
				return nil
			}))
			if !slices.Equal(got, c.want) {
				t.Errorf("%s of the scope %s: %d users, want %d", c.name, scope, len(got), len(c.want))
			}
		}
	}
}

func containing(list []string, text string) (found []string) {
	for _, name := range list {
		if len(name) >= len(text) && name[:len(text)] == text {
			found = append(found, name)
		}
	}
	return found
}
