package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// No page reads the tables of groups, permissions, sections and inheritances,
// however the page is reached: the policy in memory answers. The store refuses
// every question about these tables.
func TestPagesReadNoTableOfThePolicy(t *testing.T) {
	var armed atomic.Bool
	refuse := func(c storefault.Call) error {
		switch c.Name {
		case "Groups", "Permissions", "Sections", "Inheritances":
			if armed.Load() {
				return errors.New("the store was asked for " + c.Name)
			}
		}
		return nil
	}
	st := &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{Call: refuse}}
	s := siteOn(t, st, "/admin/", Config{}, nil)
	armed.Store(true)
	for user, least := range map[string]int{"amy": 40, "lea": 10} {
		pages := 0
		s.crawlKinds(user, nil, func(page string, resp answer) {
			pages++
			if resp.StatusCode >= http.StatusInternalServerError || strings.Contains(resp.text, "the store was asked") {
				t.Errorf("%s: %q: %d", user, page, resp.StatusCode)
			}
		})
		if pages < least {
			t.Errorf("%s has reached %d pages, want %d", user, pages, least)
		}
	}
	err := s.a.View(context.Background(), func(tx *rbac.Tx) error {
		tx.Unwrap() // thereafter the store answers
		_, err := tx.Groups()
		return err
	})
	if err == nil {
		t.Error("the store refuses nothing")
	}
}
