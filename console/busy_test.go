package console

import (
	"context"
	"net/http"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// hooks are called by the transactions of one request: before each, unless nil,
// and before each call of the store, unless nil.
type hooks struct {
	before func() error
	call   func(storefault.Call) error
}

type hooksKey struct{}

// hookedSite is a site whose requests can have hooks.
func hookedSite(t *testing.T) *site {
	t.Helper()
	before := func(ctx context.Context, run func() error) error {
		if h, ok := ctx.Value(hooksKey{}).(hooks); ok && h.before != nil {
			if err := h.before(); err != nil {
				return err
			}
		}
		return run()
	}
	call := func(c storefault.Call) error {
		if h, ok := c.Context.Value(hooksKey{}).(hooks); ok && h.call != nil {
			return h.call(c)
		}
		return nil
	}
	st := &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{Update: before, View: before, Call: call}}
	s := siteOn(t, st, "/admin/", Config{}, nil)
	s.runs.Store(1)
	return s
}

// postWith sends a form to the page change, with hooks.
func (s *site) postWith(h hooks, user, language string, fields ...string) answer {
	s.t.Helper()
	r := s.form("change", fields...)
	r.Header.Set("Accept-Language", language)
	return s.send(user, r.WithContext(context.WithValue(r.Context(), hooksKey{}, h)))
}

// Logouts raise the revision of the store, and change no right: a form is
// confirmed while others come and go.
func TestConfirmedWhileOthersSignOut(t *testing.T) {
	s := hookedSite(t)
	out := func() error {
		token, err := s.a.Issue(ctx, rbac.Login{User: "bob"})
		if err == nil {
			err = s.a.Logout(ctx, token)
		}
		return err
	}
	for _, fields := range [][]string{
		{"do", "grant", "group", "readers", "permission", "post.delete", "reason", "as asked"},
		{"do", "disable", "user", "bob", "user", "otto"},
	} {
		_, apply := s.staged(append(fields, "back", "users")...)
		for range 50 {
			must(t, out())
		}
		must(t, second(s.a.Issue(ctx, rbac.Login{User: "bob"}))) // another session to end
		before := s.a.Revision()
		resp := s.postWith(hooks{before: out}, "amy", "en", apply...) // somebody signs out before each transaction
		if resp.StatusCode != http.StatusSeeOther || s.a.Revision() < before+4 {
			t.Errorf("%v: %d at revision %d\n%s", fields, resp.StatusCode, s.a.Revision()-before, textOf(resp.text))
		}
	}
	if !s.account("bob").Disabled || !s.account("otto").Disabled {
		t.Error("the users are not disabled")
	}
}

// A change of rights that comes between every preview and its Update leaves the
// form as it was, to be sent again.
func TestConfirmedWhileRightsChange(t *testing.T) {
	s := hookedSite(t)
	on := false
	change := func() error {
		on = !on
		return s.a.Update(ctx, func(tx *rbac.Tx) error {
			m := rbac.Membership{User: "amy", Group: "leads", Scope: "org:7"}
			if on {
				return tx.AssignUser(m)
			}
			return tx.DeassignUser(m)
		})
	}
	_, apply := s.staged("do", "grant", "group", "readers", "permission", "post.delete", "back", "groups")
	resp := s.postWith(hooks{before: change}, "amy", "en", append(apply, "reason", "spring cleaning")...)
	if resp.StatusCode != http.StatusServiceUnavailable || s.may("bob", "post.delete", "") {
		t.Errorf("%d", resp.StatusCode)
	}
	checkText(t, resp, "The store is busy", "Try again")
	s.again(resp, "spring cleaning")
	if !s.may("bob", "post.delete", "") {
		t.Error("sent again, the grant is not made")
	}
}

// again sends the form of a page again, as amy, and checks the reason.
func (s *site) again(page answer, reason string) {
	s.t.Helper()
	list := formsIn(s.t, "change", page.text)
	if len(list) != 1 || list[0].fields.Get("reason") != reason {
		s.t.Fatalf("the page has %d forms, and not the reason %q:\n%s", len(list), reason, page.text)
	}
	if resp := s.send("amy", s.request(list[0])); resp.StatusCode != http.StatusSeeOther {
		s.t.Errorf("sent again: %d\n%s", resp.StatusCode, textOf(resp.text))
	}
}

// failing returns hooks by which every Update fails.
func failing(fault error) hooks {
	return hooks{call: func(c storefault.Call) error {
		if c.Update {
			return fault
		}
		return nil
	}}
}

// A store that is busy, or away, loses no edits: the page shows the form again,
// with everything that was sent, in the language of the person.
func TestBusyKeepsTheForm(t *testing.T) {
	for _, fault := range []error{rbac.ErrBusy, rbac.ErrUnavailable} {
		s := hookedSite(t)
		fails := failing(fault)
		_, apply := s.staged("do", "delete-user", "user", "otto", "back", "users")
		for _, form := range []struct {
			fields []string
			user   string // who is changed
		}{
			{[]string{"do", "disable", "user", "bob", "reason", "on leave"}, "bob"},
			{[]string{"do", "disable", "user", "lea", "user", "amy", "reason", "on leave"}, ""},
			{append(apply, "confirm_name", "otto", "reason", "on leave"), "otto"},
		} {
			before := s.a.Revision()
			resp := s.postWith(fails, "amy", "zh", form.fields...)
			if resp.StatusCode != http.StatusServiceUnavailable || s.a.Revision() != before {
				t.Errorf("%v: %d", form.fields, resp.StatusCode)
			}
			checkText(t, resp, "存储繁忙或无法访问。", "请重试")
			checkPage(t, "busy", resp)
			if form.user != "" {
				s.again(resp, "on leave")
			} else if list := formsIn(t, "change", resp.text); len(list) != 1 || len(list[0].fields["edit"]) != 2 {
				t.Errorf("the edits are lost:\n%s", resp.text)
			}
		}
		if _, err := userOf(s, "otto"); !s.account("bob").Disabled || err == nil {
			t.Error("sent again, the edits are not made")
		}
	}
}

// An undo that meets a busy store is kept, too.
func TestBusyUndo(t *testing.T) {
	s := hookedSite(t)
	undo := undoOf(t, s.follow("amy", "change", "do", "deassign", "user", "bob", "group", "readers", "back", "users"))
	resp := s.postWith(failing(rbac.ErrBusy), "amy", "en", "undo", undo, "back", "users")
	checkText(t, resp, "The store is busy")
	s.again(resp, "x") // what a test types into an empty field
	if !s.may("bob", "post.read", "") {
		t.Error("sent again, the undo is not made")
	}
}
