package rbac_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// Every field of User that a host may write is kept, by AddUser and by
// ModifyUser. A new field fails this test until it is copied and stored.
func TestEveryFieldOfUserIsKept(t *testing.T) {
	ignored := []string{"Created", "LastLogin", "EmailVerified"}
	fill := func(u rbac.User, n int) rbac.User {
		v := reflect.ValueOf(&u).Elem()
		for i := range v.NumField() {
			name, f := v.Type().Field(i).Name, v.Field(i)
			switch f.Interface().(type) {
			case string:
				f.SetString(fmt.Sprintf("%s%d@example.org", map[bool]string{true: "name", false: name}[name == "Name"], n))
			case bool:
				f.SetBool(n%2 == 1)
			case time.Time:
				f.Set(reflect.ValueOf(time.Unix(int64(1000*n), 0).UTC()))
			case uuid.UUID:
				f.Set(reflect.ValueOf(uuid.MustParse("00000000-0000-4000-8000-000000000001")))
			default:
				t.Fatalf("no sample for User.%s, a %v", name, f.Type())
			}
		}
		return u
	}
	check := func(what string, got, want rbac.User) {
		t.Helper()
		g, w := reflect.ValueOf(got), reflect.ValueOf(want)
		for i := range g.NumField() {
			name := g.Type().Field(i).Name
			if same := g.Field(i).Equal(w.Field(i)); same == slices.Contains(ignored, name) {
				t.Errorf("%s: User.%s is %v, given %v", what, name, g.Field(i), w.Field(i))
			}
		}
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		read := func() (u rbac.User) {
			must(t, a.View(ctx, func(tx *rbac.Tx) (err error) {
				u, err = tx.UserByID(uuid.MustParse("00000000-0000-4000-8000-000000000001"))
				return err
			}))
			return u
		}
		u := fill(rbac.User{}, 1)
		h.do(a, func(tx *rbac.Tx) error { return second(tx.AddUser(u)) })
		check("AddUser", read(), u)
		u = fill(u, 2)
		h.do(a, func(tx *rbac.Tx) error { return tx.ModifyUser(u) })
		check("ModifyUser", read(), u)
	})
}
