package rbac_test

import (
	"errors"
	"testing"

	"github.com/rbac-go/rbac"
)

func TestOpenOnAStoreWithAHistory(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"editors": {"post.edit"}})
		h.user(a, "amy", "", "editors")
		tok := h.issue(a, rbac.Login{User: "amy"})
		b := h.open(rbac.Config{})
		if err := b.Judge(ctx, tok, rbac.HasPermission("post.edit")); err != nil {
			t.Errorf("an Authority opened later knows what is in the store: got %v", err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	if a, err := rbac.Open(ctx, nil, rbac.Config{}); a != nil || !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("a nil store is ErrInvalid: got %v, %v", a, err)
	}
	a, err := rbac.Open(ctx, openMemory(t), rbac.Config{Argon2id: rbac.Argon2id{MemoryKiB: 7}})
	e, ok := errors.AsType[*rbac.Error](err)
	if a != nil || !ok || *e != (rbac.Error{Kind: rbac.ErrInvalid, Record: "config", Field: "Argon2id", Reason: "MemoryKiB is less than 8 × Threads"}) {
		t.Errorf("a cost out of bounds is ErrInvalid: got %v, %v", a, err)
	}
}

func TestClosedAuthority(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.user(a, "amy", goodPassword)
		tok := h.issue(a, rbac.Login{User: "amy"})
		must(t, a.Close())
		must(t, a.Close())
		for name, err := range callAll(a, tok) {
			if !errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("after Close %s is ErrUnavailable: got %v", name, err)
			}
		}
	})
}

// A history without any policy change is a valid history.
func TestOpenOnAStoreWithUsersOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.user(a, "amy", "")
		for _, x := range []*rbac.Authority{a, h.open(rbac.Config{})} {
			if id, err := x.Identity(ctx, "amy"); err != nil || id.User() != "amy" {
				t.Errorf("the user is there: got %v, %v", id, err)
			}
		}
	})
}
