package rbac_test

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// TestCacheKeepsItsOwnKeys: a host may write over the bytes of a string once the request is answered, as fasthttp
// does. Were they the key of a cache, one user would be taken for another when the cache grows.
func TestCacheKeepsItsOwnKeys(t *testing.T) {
	const users = 300
	store := memorystore.New()
	a, err := rbac.Open(ctx, store, rbac.Config{})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		for i := range users {
			if _, err := tx.AddUser(rbac.User{Name: fmt.Sprintf("user%03d", i), Subject: fmt.Sprintf("user%03d", i)}); err != nil {
				return err
			}
		}
		return nil
	}))
	buffer := []byte("user000")
	for i := range 20 * users {
		want := fmt.Sprintf("user%03d", i*37%users)
		copy(buffer, want)
		for _, find := range []func(string) (*rbac.Identity, error){
			func(s string) (*rbac.Identity, error) { return a.IdentityBySubject(ctx, s) },
			func(s string) (*rbac.Identity, error) { return a.Identity(ctx, s) },
		} {
			id, err := find(unsafe.String(&buffer[0], len(buffer)))
			if err != nil || id.User() != want {
				t.Fatalf("%s is taken for %v, with the error %v", want, id, err)
			}
		}
	}
}

// TestTicketsKeepTheirOwnTexts: nor may what is kept with a ticket change with the next request.
func TestTicketsKeepTheirOwnTexts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		buffer := []byte("lang")
		text := unsafe.String(&buffer[0], len(buffer))
		tok := h.issue(a, rbac.Login{User: "amy", Label: text, UserAgent: text})
		must(t, a.SetValue(ctx, tok, text, text))
		copy(buffer, "evil")
		checkValue(t, "its own key and value", h.open(rbac.Config{}), tok, "lang", "lang")
		ticket, err := h.open(rbac.Config{}).Ticket(ctx, tok)
		must(t, err)
		if ticket.Label != "lang" || ticket.UserAgent != "lang" {
			t.Errorf("the ticket has the label %q and the user agent %q", ticket.Label, ticket.UserAgent)
		}
	})
}
