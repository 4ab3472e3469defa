package httpguard

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// TestValidate: a misspelling in the table of routes is reported at start, with
// its pattern.
func TestValidate(t *testing.T) {
	store := memorystore.New()
	t.Cleanup(func() { store.Close() })
	m := New(authorityOf(t, store), quiet(Config{})).NewMux()
	page := &countingHandler{}
	m.Public("/", page)
	m.Handle("GET /a", rbac.Any(rbac.HasPermission("post.write"), rbac.InGroup("editors")), page)
	m.HandleRule("/b", func(*http.Request) (rbac.Predicate, error) { return rbac.InGroup("nobody knows"), nil }, page)
	if err := m.Validate(); err != nil {
		t.Fatalf("a table without faults: %v", err)
	}
	m.Handle("/c", rbac.HasPermission("post.wirte"), page)
	m.Handle("/d", rbac.In("org:1", rbac.Not(rbac.InGroup("editor"))), page)
	err := m.Validate()
	if !errors.Is(err, rbac.ErrNotFound) {
		t.Fatalf("Validate = %v; want ErrNotFound", err)
	}
	for _, want := range []string{`pattern "/c": permission "post.wirte"`, `pattern "/d": group "editor"`, `did you mean "post.write"?`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Validate does not say %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), `"GET /a"`) || strings.Contains(err.Error(), `"/b"`) {
		t.Errorf("Validate finds fault with what has none: %v", err)
	}
	store.Close()
	if err := m.Validate(); !errors.Is(err, rbac.ErrUnavailable) {
		t.Errorf("with the store down: %v; want ErrUnavailable", err)
	}
}
