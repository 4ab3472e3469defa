package rbac_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// Each field of a UserQuery narrows the list, and CountUsers counts what Users
// lists.
func TestUserQuery(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		hospital(t, h, a)
		began := h.clock.Now()
		h.do(a, all(
			assignIn("ana", "visitor", "ward:3"),
			assignIn("bo", "visitor", "ward:4"),
			grant("doctor", "budget.*"),
			addPermission(rbac.Permission{Name: "budget.read"}),
			addPermission(rbac.Permission{Name: "unused"}),
			func(tx *rbac.Tx) error {
				return tx.AssignUser(rbac.Membership{User: "bo", Group: "visitor", Scope: "ward:9", Until: began.Add(time.Minute)})
			},
			func(tx *rbac.Tx) error {
				u, err := tx.User("bo")
				u.Disabled = true
				return errors.Join(err, tx.ModifyUser(u))
			}))
		h.clock.Advance(30 * time.Second)
		h.issue(a, rbac.Login{User: "ana"})
		h.clock.Advance(30 * time.Second) // the end of bo's membership in ward:9
		soon := h.clock.Now().Add(time.Nanosecond)
		for _, c := range []struct {
			query rbac.UserQuery
			want  []string
		}{
			{rbac.UserQuery{State: rbac.EnabledUser}, []string{"ana", "cy", "di"}},
			{rbac.UserQuery{State: rbac.DisabledUser}, []string{"bo"}},
			{rbac.UserQuery{State: rbac.DisabledUser, Group: "staff"}, []string{"bo"}},
			{rbac.UserQuery{LastLoginBefore: began}, []string{"bo", "cy", "di"}},
			{rbac.UserQuery{LastLoginBefore: began.Add(30 * time.Second)}, []string{"bo", "cy", "di"}},
			{rbac.UserQuery{LastLoginBefore: soon}, []string{"ana", "bo", "cy", "di"}},

			// a membership in exactly that scope, that has not ended
			{rbac.UserQuery{Scope: "ward:3"}, []string{"ana", "di"}},
			{rbac.UserQuery{Scope: "ward:4"}, []string{"bo"}},
			{rbac.UserQuery{Scope: "ward:9"}, []string{}},
			{rbac.UserQuery{Scope: "ward"}, []string{}},
			{rbac.UserQuery{Scope: "ward:3", Group: "nurse"}, []string{"di"}},
			{rbac.UserQuery{Scope: "ward:3", Group: "staff"}, []string{"di"}},
			{rbac.UserQuery{Scope: "ward:4", Group: "nurse"}, []string{}},

			// the members of the group itself
			{rbac.UserQuery{Group: "staff", Direct: true}, []string{}},
			{rbac.UserQuery{Group: "doctor", Direct: true}, []string{"cy"}},
			{rbac.UserQuery{Group: "nurse", Direct: true}, []string{"bo", "di"}},
			{rbac.UserQuery{Scope: "ward:3", Group: "nurse", Direct: true}, []string{"di"}},
			{rbac.UserQuery{Scope: "ward:3", Group: "staff", Direct: true}, []string{}},
			{rbac.UserQuery{Permission: "budget", Group: "nurse", Direct: true}, []string{}},

			// held anywhere, by whatever path
			{rbac.UserQuery{Permission: "door.open"}, []string{"ana", "bo", "cy", "di"}},
			{rbac.UserQuery{Permission: "chart.write"}, []string{"ana", "cy"}},
			{rbac.UserQuery{Permission: "budget.read"}, []string{"ana", "cy"}},
			{rbac.UserQuery{Permission: "unused"}, []string{}},
			{rbac.UserQuery{Permission: "door.open", Group: "doctor"}, []string{"ana", "cy"}},
			{rbac.UserQuery{Permission: "budget", Group: "nurse"}, []string{"ana"}},

			// held there: memberships without scope count, too
			{rbac.UserQuery{Permission: "chart.read", Scope: "ward:3"}, []string{"ana", "bo", "cy", "di"}},
			{rbac.UserQuery{Permission: "chart.read", Scope: "ward:4"}, []string{"ana", "bo", "cy"}},
			{rbac.UserQuery{Permission: "chart.read", Scope: "ward:3", Group: "visitor"}, []string{"ana"}},
			{rbac.UserQuery{Permission: "chart.read", Scope: "ward:4", Group: "visitor"}, []string{"bo"}},
			{rbac.UserQuery{Permission: "chart.read", Scope: "ward:3", Group: "nurse"}, []string{"di"}},

			{rbac.UserQuery{Permission: "chart.read", Scope: "ward:3", State: rbac.EnabledUser, LastLoginBefore: soon, Search: "A"}, []string{"ana"}},
		} {
			for _, limit := range []int{0, 1} {
				must(t, a.View(ctx, func(tx *rbac.Tx) error {
					what, got := fmt.Sprintf("%+v", c.query), []string{}
					for q := c.query; ; {
						q.Limit = limit
						page := names(tx.Users(q), userName)
						got = append(got, page...)
						if limit == 0 || len(page) == 0 {
							break
						}
						q.After = page[len(page)-1]
					}
					if !slices.Equal(got, c.want) {
						t.Errorf("%s selects %q; want %q", what, got, c.want)
					}
					q := c.query
					q.After, q.Limit = "b", limit
					n, err := tx.CountUsers(q)
					if n != len(c.want) {
						t.Errorf("%s counts %d; want %d", what, n, len(c.want))
					}
					return err
				}))
			}
		}
	})
}

func TestUserQueryRefusals(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		hospital(t, h, a)
		for _, c := range []struct {
			query rbac.UserQuery
			kind  error
			field string
		}{
			{rbac.UserQuery{Group: "zoo"}, rbac.ErrNotFound, ""},
			{rbac.UserQuery{Permission: "zap"}, rbac.ErrNotFound, ""},
			{rbac.UserQuery{Permission: "chart.*"}, rbac.ErrNotFound, ""},
			{rbac.UserQuery{Group: "nurse", Permission: "zap"}, rbac.ErrNotFound, ""},
			{rbac.UserQuery{Scope: "a\x00"}, rbac.ErrInvalid, "Scope"},
			{rbac.UserQuery{State: -1}, rbac.ErrInvalid, "State"},
			{rbac.UserQuery{State: rbac.DisabledUser + 1}, rbac.ErrInvalid, "State"},
			{rbac.UserQuery{LastLoginBefore: time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)}, rbac.ErrInvalid, "LastLoginBefore"},
			{rbac.UserQuery{LastLoginBefore: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, rbac.ErrInvalid, "LastLoginBefore"},
		} {
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				_, err := tx.CountUsers(c.query)
				for what, err := range map[string]error{"Users": last(tx.Users(c.query)), "CountUsers": err} {
					if !errors.Is(err, c.kind) || !strings.Contains(fmt.Sprint(err), c.field) {
						t.Errorf("%s(%+v) = %v; want %v", what, c.query, err, c.kind)
					}
				}
				return nil
			}))
		}
	})
}
