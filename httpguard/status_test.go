package httpguard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// TestStatus lists errors, their statuses and texts.
func TestStatus(t *testing.T) {
	denied := func(id *rbac.Identity) error { return rbac.Check(id, rbac.HasPermission("x")) }
	wrong := errors.New("secret")
	for _, c := range []struct {
		err    error
		status int
		detail string
	}{
		{nil, 200, "Something went wrong on our side. Please try again later."},
		{&rbac.Error{Kind: rbac.ErrExists, Record: "user", Name: "bob", Field: "Name"}, 409, `The user "bob" already exists. Choose another name.`},
		{&rbac.Error{Kind: rbac.ErrExists, Record: "user", Name: "bob", Field: "Email"}, 409, "Another user already has this email. Choose another."},
		{&rbac.Error{Kind: rbac.ErrExists, Record: "inheritance", Name: "a > b", Field: "Senior", Reason: "a inherits c"}, 409, "This cannot be done: a inherits c."},
		{&rbac.Error{Kind: rbac.ErrProtected, Record: "permission", Name: "manage"}, 409, "This would leave nobody with the permission manage. Grant the permission to somebody else first."},
		{&rbac.Error{Kind: rbac.ErrSeparation, Record: "set", Reason: "amy would be in both"}, 409, "This would violate a separation of duty: amy would be in both."},
		{&rbac.Error{Kind: rbac.ErrCycle, Record: "inheritance", Reason: "a is or inherits b"}, 409, "This would make a group inherit itself: a is or inherits b."},
		{rbac.ErrConflict, 409, "This cannot be done, because it conflicts with existing data."},
		{&rbac.ConflictError{Record: "user", Name: "bob", Change: rbac.Change{Action: "ModifyUser", Actor: "amy"}}, 409,
			`The user "bob" has been changed in the meantime by "amy". Load the page again, and decide with the new values.`},
		{&rbac.ConflictError{Record: "user", Name: "bob"}, 409,
			`The user "bob" has been changed in the meantime. Load the page again, and decide with the new values.`},
		{rbac.ErrCycle, 409, "This cannot be done, because it conflicts with existing data."},
		{&rbac.Error{Kind: rbac.ErrInvalid, Record: "user", Field: "DisplayName", Reason: "contains a NUL"}, 422, "This display name cannot be used: contains a NUL."},
		{&rbac.Error{Kind: rbac.ErrInvalid}, 422, "The request contains an invalid value."},
		{rbac.ErrInvalid, 422, "The request contains an invalid value."},
		{fmt.Errorf("wrapped: %w", &rbac.Error{Kind: rbac.ErrNotFound, Record: "user", Name: "bob"}), 404, `There is no user "bob".`},
		{rbac.ErrNotFound, 404, "Nothing was found at this address."},
		{rbac.ErrDenied, 403, "You do not have permission to do this."},
		{denied(rbac.NewIdentity("amy", nil, nil)), 403, "You do not have permission to do this."},
		{denied(rbac.NewIdentity("", nil, nil)), 401, "You must sign in first."},
		{denied(nil), 401, "You must sign in first."},
		{rbac.Check(rbac.NewIdentity("amy", nil, nil).WithAuthenticatedAt(time.Now().AddDate(-1, 0, 0)), rbac.AuthenticatedWithin(time.Minute)), 401, "You must sign in first."},
		{rbac.ErrNoTicket, 401, "You must sign in first."},
		{rbac.ErrBadCredentials, 401, "You must sign in first."},
		{&rbac.ThrottledError{RetryAfter: time.Second}, 429, "There were too many attempts. Please try again later."},
		{rbac.ErrUnavailable, 503, "The service cannot answer at the moment. Please try again shortly."},
		{rbac.ErrBusy, 503, "The service cannot answer at the moment. Please try again shortly."},
		{rbac.ErrTxDone, 500, "Something went wrong on our side. Please try again later."},
		{rbac.ErrReadOnly, 500, "Something went wrong on our side. Please try again later."},
		{wrong, 500, "Something went wrong on our side. Please try again later."},
		{errors.Join(rbac.ErrTxDone, rbac.ErrUnavailable), 500, "Something went wrong on our side. Please try again later."},
		{errors.Join(&rbac.Error{Kind: rbac.ErrExists, Record: "user"}, rbac.ErrUnavailable), 503, "The service cannot answer at the moment. Please try again shortly."},
		{errors.Join(&rbac.Error{Kind: rbac.ErrExists, Record: "user"}, rbac.ErrDenied), 403, "You do not have permission to do this."},
	} {
		if got := Status(c.err); got != c.status {
			t.Errorf("Status(%v) = %d, want %d", c.err, got, c.status)
		}
		if got := Detail(c.err); got != c.detail {
			t.Errorf("Detail(%v) = %q, want %q", c.err, got, c.detail)
		}
	}
}

// TestDenyAnswersErrorsOfTheAuthority: Deny alone gives every error that a
// request of an administrator can cause its status and text.
func TestDenyAnswersErrorsOfTheAuthority(t *testing.T) {
	store := memorystore.New()
	t.Cleanup(func() { store.Close() })
	a := authorityOf(t, store)
	var log strings.Builder
	g := New(a, Config{Identify: byHeader, Logger: logTo(&log)})
	var kept *rbac.Tx
	must(t, a.View(t.Context(), func(tx *rbac.Tx) error { kept = tx; return nil }))
	for _, c := range []struct {
		what   string
		f      func(*rbac.Tx) error
		status int
		detail string
	}{
		{"a name that is taken", func(tx *rbac.Tx) error { _, err := tx.AddUser(rbac.User{Name: "AMY"}); return err }, 409, `The user "AMY" already exists. Choose another name.`},
		{"a name that cannot be", func(tx *rbac.Tx) error { _, err := tx.AddUser(rbac.User{Name: "a\x00"}); return err }, 422, "This name cannot be used: contains a control character."},
		{"a user that is not there", func(tx *rbac.Tx) error { return tx.DeleteUser("nobody") }, 404, `There is no user "nobody".`},
		{"a cycle", func(tx *rbac.Tx) error {
			return tx.AddInheritance(rbac.Inheritance{Senior: "editors", Junior: "editors"})
		}, 409, "This would make a group inherit itself: editors is or inherits editors."},
		{"a Tx after its function", func(*rbac.Tx) error { _, err := kept.User("amy"); return err }, 500, "Something went wrong on our side. Please try again later."},
	} {
		h := g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			g.Deny(w, r, a.Update(r.Context(), c.f))
		}))
		log.Reset()
		resp := serve(h, request(t, "POST /", "X-Who: admin"))
		var doc struct{ Detail string }
		if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil || resp.StatusCode != c.status || doc.Detail != c.detail {
			t.Errorf("%s: %d, %q (%v); want %d, %q", c.what, resp.StatusCode, doc.Detail, err, c.status, c.detail)
		}
		if fault := strings.Contains(log.String(), "level=ERROR"); fault != (c.status == 500) {
			t.Errorf("%s: logged as an error: %v", c.what, fault)
		}
	}
	resp := serve(g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Deny(w, r, &rbac.Error{Kind: rbac.ErrNotFound, Record: "group", Name: "board"})
	})), request(t, "GET /"))
	if text := body(t, resp); strings.Contains(text, "board") {
		t.Errorf("a stranger reads %s", text)
	}
}
