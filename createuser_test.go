package rbac_test

import (
	"errors"
	"testing"

	"github.com/rbac-go/rbac"
)

// CreateUser makes a user who can log in and has the groups, or makes nothing.
func TestCreateUser(t *testing.T) {
	tests := []struct {
		rule     string
		user     rbac.User
		password string
		groups   []string
		want     error
		hashes   int
	}{
		{"two groups", rbac.User{Name: "Cleo", Email: "cleo@example.com", Note: "new"}, goodPassword, []string{"editors", "staff"}, nil, 1},
		{"no group", rbac.User{Name: "dan"}, goodPassword, nil, nil, 1},
		{"a group that is not there", rbac.User{Name: "eve"}, goodPassword, []string{"editors", "nowhere"}, rbac.ErrNotFound, 1},
		{"a group twice", rbac.User{Name: "eve"}, goodPassword, []string{"staff", "staff"}, rbac.ErrExists, 1},
		{"a name that is taken", rbac.User{Name: "AMY"}, goodPassword, nil, rbac.ErrExists, 1},
		{"an address that is taken", rbac.User{Name: "eve", Email: "Cleo@Example.com"}, goodPassword, nil, rbac.ErrExists, 1},
		{"no name", rbac.User{}, goodPassword, nil, rbac.ErrInvalid, 0},
		{"a weak password", rbac.User{Name: "eve"}, "short", []string{"staff"}, rbac.ErrInvalid, 0},
		{"no password", rbac.User{Name: "eve"}, "", nil, rbac.ErrInvalid, 0},
	}
	eachStoreAlone(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{Argon2id: measured})
		for _, tt := range tests {
			before := h.lastChange(a).Revision
			var u rbac.User
			var err error
			if got := hashesIn(func() { u, err = a.CreateUser(ctx, tt.user, tt.password, tt.groups...) }); got != tt.hashes {
				t.Errorf("%s: %d times argon2id, want %d", tt.rule, got, tt.hashes)
			}
			if !errors.Is(err, tt.want) || (err != nil) != (u == rbac.User{}) {
				t.Errorf("%s: got %+v, %v, want %v", tt.rule, u, err, tt.want)
			}
			if err != nil {
				if after := h.lastChange(a).Revision; after != before {
					t.Errorf("%s: something was changed", tt.rule)
				}
				continue
			}
			tok, err := a.Login(ctx, rbac.Login{User: tt.user.Name, Password: tt.password})
			must(t, err)
			id, err := a.Identify(ctx, tok)
			must(t, err)
			for _, g := range tt.groups {
				if !id.InGroup(g) {
					t.Errorf("%s: %v is not in %s", tt.rule, id, g)
				}
			}
			if id.ID() != u.ID || u.Email != tt.user.Email || u.Note != tt.user.Note || id.User() != u.Name {
				t.Errorf("%s: returned %+v, logged in %v", tt.rule, u, id)
			}
		}
	})
}
