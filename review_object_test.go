package rbac_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// A permission has an object and an operation of its own, or else the parts of
// its name before and after the last dot (INCITS 359 section 6.2.1:
// RoleOperationsOnObject, UserOperationsOnObject).
func TestOperationsOnObject(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.do(a, func(tx *rbac.Tx) error {
			return each([]rbac.Permission{{Name: "invoice.read"}, {Name: "invoice.write"}, {Name: "invoice.line.write"}, {Name: "manage"},
				{Name: "pay", Object: "invoice"}, {Name: "bill.print", Operation: "read"},
				{Name: "look", Object: "invoice", Operation: "read"}, {Name: "stock.read"}}, func(p rbac.Permission) error { return addPermission(p)(tx) })
		})
		h.groups(a, map[string][]string{"clerks": {"invoice.read", "look", "manage", "bill.print"}, "chiefs": {"pay", "invoice.line.write"}, "all": nil})
		h.do(a, func(tx *rbac.Tx) error { return tx.GrantPermission(rbac.Grant{Group: "all", Permission: "*"}) })
		h.do(a, both(inherit("chiefs", "clerks"), addUser(rbac.User{Name: "bob"})))
		h.do(a, both(assign("bob", "clerks"), func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: "bob", Group: "chiefs", Scope: "org:1"})
		}))
		h.do(a, addUser(rbac.User{Name: "amy"}))
		for _, c := range []struct {
			who, object string
			want        []string
			err         error
		}{
			{"clerks", "invoice", []string{"read"}, nil},
			{"clerks", "bill", []string{"read"}, nil},
			{"clerks", "stock", nil, nil},
			{"chiefs", "invoice", []string{"pay", "read"}, nil},
			{"chiefs", "invoice.line", []string{"write"}, nil},
			{"all", "invoice", []string{"pay", "read", "write"}, nil},
			{"all", "manage", nil, rbac.ErrNotFound},
			{"all", "look", nil, rbac.ErrNotFound},
			{"all", "", nil, rbac.ErrInvalid},
			{"nobody", "invoice", nil, rbac.ErrNotFound},
			{"user bob", "invoice", []string{"pay", "read"}, nil},
			{"user bob", "stock", nil, nil},
			{"user amy", "invoice", nil, nil},
			{"user amy", "nothing", nil, rbac.ErrNotFound},
			{"user nobody", "invoice", nil, rbac.ErrNotFound},
		} {
			var got []string
			err := a.View(ctx, func(tx *rbac.Tx) (err error) {
				if user, ok := strings.CutPrefix(c.who, "user "); ok {
					got, err = tx.UserOperationsOnObject(user, c.object)
				} else {
					got, err = tx.GroupOperationsOnObject(c.who, c.object)
				}
				return err
			})
			if !errors.Is(err, c.err) || err == nil && (got == nil || !slices.Equal(got, c.want)) {
				t.Errorf("%s on %q: %q, %v; want %q, %v", c.who, c.object, got, err, c.want, c.err)
			}
		}
	})
}
