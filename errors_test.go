package rbac_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// Errors name the input as the caller typed it.
func TestErrorsNameWhatWasTyped(t *testing.T) {
	tests := []struct {
		call func(*rbac.Tx) error
		want string
	}{
		{addUser(rbac.User{Name: "AMY"}), `user "AMY": Name: rbac: already exists`},
		{addUser(rbac.User{Name: "Amy Two", Email: "BOB@EXAMPLE.COM"}), `user "Amy Two": Email: rbac: already exists`},
		{func(tx *rbac.Tx) error { u, _ := tx.User("amy"); u.Name = "BOB"; return tx.ModifyUser(u) }, `user "BOB": Name: rbac: already exists`},
		{func(tx *rbac.Tx) error { return tx.DeleteUser("Zoë") }, `user "Zoë": rbac: not found`},
		{func(tx *rbac.Tx) error { return tx.ModifyUser(rbac.User{ID: uuid.New(), Name: "Amy"}) }, `user "Amy": ID: rbac: not found`},
		{assign("AMY", "staff"), `membership "AMY in staff": rbac: already exists`},
		{func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "Amy", Group: "staff", Scope: "org:1"})
		}, `membership "Amy in staff at org:1": rbac: not found`},
		{grant("staff", "post.raed"), `permission "post.raed": rbac: not found`},
		{revoke("empty", "post.read"), `grant "post.read to empty": rbac: not found`},
		{inherit("readers", "staff"), `inheritance "readers of staff": rbac: inheritance cycle: staff is or inherits readers`},
		{inherit("staff", "readers"), `inheritance "staff of readers": rbac: already exists`},
		{addGroup(rbac.Group{Name: "a\x00"}), `group "a\x00": Name: rbac: invalid: contains a control character`},
		{addGroup(rbac.Group{Name: " ", Note: "\xff"}), "group \" \": Name: rbac: invalid: leading or trailing space\ngroup \" \": Note: rbac: invalid: not valid UTF-8"},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		for _, tt := range tests {
			if err := a.Update(ctx, tt.call); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		}
	})
}

// A name of any length and content is refused, and never reaches the logs
// whole.
func TestHugeNames(t *testing.T) {
	huge := strings.Repeat("é", 1<<20)
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		for name, call := range map[string]func(*rbac.Tx) error{
			"user": addUser(rbac.User{Name: huge}), "e-mail": addUser(rbac.User{Name: "x", Email: huge}), "group": addGroup(rbac.Group{Name: huge}),
			"membership": assign(huge, huge), "grant": grant(huge, huge), "note": addGroup(rbac.Group{Name: "g", Note: huge}),
			"lookup": func(tx *rbac.Tx) error { _, err := tx.User(huge); return err }, "inheritance": inherit(huge, "g"),
		} {
			err := a.Update(ctx, call)
			if !errors.Is(err, rbac.ErrInvalid) || len(err.Error()) > 4000 || strings.Contains(err.Error(), "\uFFFD") {
				t.Errorf("a huge %s: %v, %.200s …", name, errors.Is(err, rbac.ErrInvalid), err)
			}
		}
	})
}

// The zero Error prints and has no kind.
func TestZeroError(t *testing.T) {
	if err := (&rbac.Error{}); err.Error() == "" || errors.Is(err, rbac.ErrDenied) {
		t.Errorf("the zero Error is %q", err)
	}
}
