package rbac_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// The text of a policy file is kept with the store, apart from the declarations
// of programs, and is no change.
func TestApplied(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		world(t, h, a)
		must(t, a.Declare(ctx, rbac.Catalogue{Groups: []rbac.Group{{Name: "policy"}}}))
		before := a.Revision()
		applied := func(tx *rbac.Tx, file, want string) {
			t.Helper()
			if got, err := tx.Applied(file); err != nil || got != want {
				t.Errorf("file %q: %q, %v; want %q", file, got, err, want)
			}
		}
		long := strings.Repeat("text ", 100_000)
		h.do(a, func(tx *rbac.Tx) error {
			applied(tx, "policy", "")
			err := errors.Join(tx.KeepApplied("policy", "first"), tx.KeepApplied("other", "second"), tx.KeepApplied("policy", long))
			applied(tx, "policy", long)
			return err
		})
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			applied(tx, "policy", long)
			applied(tx, "other", "second")
			if err := tx.KeepApplied("policy", ""); !errors.Is(err, rbac.ErrReadOnly) {
				t.Errorf("in a View: %v", err)
			}
			if _, err := tx.Applied(""); !errors.Is(err, rbac.ErrInvalid) {
				t.Errorf("without a name: %v", err)
			}
			return nil
		}))
		if a.Revision() != before {
			t.Error("the head has moved")
		}
		err := a.Update(ctx, func(tx *rbac.Tx) error { return tx.KeepApplied("a\nb", "") })
		if !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("an impossible name: %v", err)
		}
		bob, err := a.Identity(ctx, "bob")
		must(t, err)
		err = a.UpdateAs(ctx, bob, func(tx *rbac.Tx) error { return tx.KeepApplied("policy", "") })
		if !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("by a user without rights: %v", err)
		}
	})
}
