package rbac_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/rbac-go/rbac"
)

// Each row reads as: the name of a new registration, and the users with a name
// that looks alike.
func TestLookalikeUsers(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		for _, name := range []string{"paypal", "scope", "bob", "jörg", "modern", "علی رضا", "йен", "hello1"} {
			h.user(a, name, "")
		}
		for name, want := range map[string][]string{
			"pаypаl":     {"paypal"}, // Cyrillic а
			"Pаypal":     {"paypal"},
			"ѕсоре":      {"scope"}, // all Cyrillic
			"ｂοｂ":        {"bob"},   // full-width Latin, Greek ο
			"jо\u0308rg": {"jörg"},  // Cyrillic о, diaeresis
			"modem":      {"modern"},
			"علي رضا":    {"علی رضا"}, // Arabic for Persian ye
			"hellol":     {"hello1"},
			"bob":        nil, // the user with the same name is no look-alike
			"jorg":       nil,
			"paypal2":    nil,
			"иен":        nil,
			"somebody":   nil,
		} {
			var got []string
			must(t, a.View(ctx, func(tx *rbac.Tx) error {
				got = nil
				for u, err := range tx.LookalikeUsers(name) {
					if err != nil {
						return err
					}
					got = append(got, u.Name)
				}
				return nil
			}))
			if !slices.Equal(got, want) {
				t.Errorf("%q looks like %q, want %q", name, got, want)
			}
		}
		err := a.View(ctx, func(tx *rbac.Tx) error {
			for _, err := range tx.LookalikeUsers("a\u202eb") {
				return err
			}
			return nil
		})
		if !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("what is no name: got %v", err)
		}
	})
}
