package policy

import (
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// A policy that lacks odd rows is not whole, nor is any policy made of it.
func TestOddRowsMakeAPolicyPartial(t *testing.T) {
	known := store.Group{ID: uuid.UUID{1}, Name: "known"}
	for name, c := range map[string]struct {
		tables Tables
		whole  bool
	}{
		"nothing odd":         {Tables{Groups: []store.Group{known}}, true},
		"a junior is missing": {Tables{Groups: []store.Group{known}, Inheritances: []store.Inheritance{{Senior: known.ID, Junior: uuid.UUID{2}}}}, false},
		"a senior is missing": {Tables{Groups: []store.Group{known}, Inheritances: []store.Inheritance{{Senior: uuid.UUID{2}, Junior: known.ID}}}, false},
		"a pattern as a name": {Tables{Permissions: []store.Permission{{ID: uuid.UUID{3}, Name: "post.*"}}}, false},
	} {
		p := New(c.tables)
		after, ok := p.After(nil)
		if !ok || p.Whole() != c.whole || after.Whole() != c.whole {
			t.Errorf("%s: whole is %t, and %t in the next policy (%t); want %t", name, p.Whole(), after.Whole(), ok, c.whole)
		}
	}
}
