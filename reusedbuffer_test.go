package rbac_test

import (
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A host may overwrite the bytes of a string once the request is answered, as
// fasthttp does. If a cache used such bytes as a key, one user would be taken
// for another when the cache grows.
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

// Values kept with a ticket do not change with the next request.
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

// Texts sent by an administrator do not change with the next request, in any
// record and in the log.
func TestRecordsKeepTheirOwnTexts(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		var buffers [][]byte
		// sent returns a text whose bytes the host will reuse.
		sent := func(text string) string {
			b := []byte(text)
			buffers = append(buffers, b)
			return unsafe.String(&b[0], len(b))
		}
		under := rbac.WithReason(rbac.WithActor(ctx, sent("root")), sent("because"))
		must(t, a.Update(under, func(tx *rbac.Tx) error {
			u, err1 := tx.AddUser(rbac.User{Name: sent("zoe"), Email: sent("zoe@example.com"), Subject: sent("sub|zoe"), DisplayName: sent("Zoe"), Note: sent("new")})
			u.Note = sent("newer")
			g, err2 := tx.AddGroup(rbac.Group{Name: sent("tellers"), DisplayName: sent("Tellers"), Note: sent("note")})
			g.DisplayName = sent("The tellers")
			_, err3 := tx.AddPermission(rbac.Permission{Name: sent("till.open"), Title: sent("Open"), Description: sent("the till"), Object: sent("the till"), Operation: sent("opening")})
			must(t, errors.Join(err1, err2, err3, tx.ModifyUser(u), tx.ModifyGroup(g)))
			return errors.Join(
				tx.AddSection(rbac.Section{Name: sent("Tills"), Title: sent("All tills")}),
				tx.SetPasswordHash("zoe", sent("$2a$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")),
				tx.GrantPermission(rbac.Grant{Group: sent("tellers"), Permission: sent("till.*"), Note: sent("granted")}),
				tx.AssignUser(rbac.Membership{User: sent("zoe"), Group: sent("tellers"), Scope: sent("org:1"), Note: sent("assigned")}),
				tx.CreateDSDSet(rbac.SeparationSet{Name: sent("desks"), Groups: []string{sent("tellers"), sent("staff")}, Cardinality: 2}))
		}))
		must(t, a.Declare(under, rbac.Catalogue{Permissions: []rbac.Permission{{Name: sent("till.close"), Title: sent("Close")}}}))
		before := h.everything(t)
		for _, b := range buffers {
			for i := range b {
				b[i] = 'x'
			}
		}
		if after := h.everything(t); after != before {
			t.Errorf("the records changed with the bytes of the request:\n%s\nwere\n%s", after, before)
		}
		if drift := must1(a.PolicyDrift(ctx)); drift != "" {
			t.Errorf("the policy in memory changed with the bytes of the request: it %s", drift)
		}
		b := h.open(rbac.Config{})
		id, err := b.IdentityBySubject(ctx, "sub|zoe")
		if must(t, err); id.User() != "zoe" || !id.In("org:1").HasPermission("till.open") {
			t.Errorf("%v lacks what she was given", id)
		}
	})
}

// everything returns the contents of the store, as text.
func (h *house) everything(t *testing.T) string {
	t.Helper()
	var all []any
	must(t, h.store.View(ctx, func(r store.Records) error {
		all = nil
		for u, err := range r.Users(store.UserFilter{}) {
			must(t, err)
			memberships, err := r.UserMemberships(u.ID)
			must(t, err)
			all = append(all, u, memberships)
		}
		for c, err := range r.Changes(store.ChangeFilter{}) {
			must(t, err)
			all = append(all, c)
		}
		groups, err1 := r.Groups()
		grants, err2 := r.Grants(store.GrantFilter{})
		permissions, err3 := r.Permissions()
		sections, err4 := r.Sections()
		sets, err5 := r.Separations(store.SeparationFilter{Dynamic: true})
		declarations, err6 := r.Declarations()
		all = append(all, groups, grants, permissions, sections, sets, declarations)
		return errors.Join(err1, err2, err3, err4, err5, err6)
	}))
	return fmt.Sprintf("%+v", all)
}
