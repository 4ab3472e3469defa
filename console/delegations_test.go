package console

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// delegation returns the delegation of a group; nil: none.
func (s *site) delegation(group string) (found *rbac.Delegation) {
	s.t.Helper()
	must(s.t, s.a.View(ctx, func(tx *rbac.Tx) error {
		found = nil
		for _, d := range must1(tx.Delegations()) {
			if d.Group == group {
				found = &d
			}
		}
		return nil
	}))
	return found
}

// A delegation is added, changed and deleted, each time after a preview.
func TestEditDelegation(t *testing.T) {
	s := newSite(t)
	checkText(t, s.get("amy", "delegations"), "1 delegation", "leads", "editors, readers", "yes")
	page, apply := s.staged("do", "set-delegation", "group", "editors", "member", "readers", "note", "for news", "back", "group?name=editors")
	checkText(t, page, "the members of editors will be able to give groups", "May givereaders")
	if s.delegation("editors") != nil {
		t.Fatal("the preview added the delegation")
	}
	checkText(t, s.follow("amy", "change", apply...), "amy let the members of editors give groups", "Members may give and take readers for news")
	if got := s.delegation("editors"); !reflect.DeepEqual(got, &rbac.Delegation{Group: "editors", Assign: []string{"readers"}, Note: "for news"}) {
		t.Errorf("the delegation is %+v", got)
	}
	page, apply = s.staged("do", "set-delegation", "group", "editors", "member", "readers", "member", "buyers", "users", "1", "back", "delegations")
	checkText(t, page, "what the members of editors may give will be changed", "May givereaders buyers, readers", "Administers usersyes", "for news")
	s.follow("amy", "change", apply...)
	if got := s.delegation("editors"); !reflect.DeepEqual(got, &rbac.Delegation{Group: "editors", Assign: []string{"buyers", "readers"}, Users: true}) {
		t.Errorf("the delegation is %+v", got)
	}
	page = s.get("amy", "group?name=editors")
	for _, want := range []string{"<option selected>buyers", "<option selected>readers", `name="users" type="checkbox" value="1" checked`} {
		if !strings.Contains(page.text, want) {
			t.Errorf("the form of the delegation lacks %q", want)
		}
	}
	_, apply = s.staged("do", "delete-delegation", "group", "editors", "back", "delegations")
	checkText(t, s.follow("amy", "change", apply...), "1 delegation")
	if s.delegation("editors") != nil {
		t.Error("the delegation is still there")
	}
	if resp := s.get("amy", "delegations?format=csv"); !strings.Contains(resp.text, `"leads","editors, readers","yes",""`) {
		t.Errorf("%s", resp.text)
	}
	if resp := s.get("amy", "delegations?q=buyers"); !strings.Contains(textOf(resp.text), "0 delegations") {
		t.Errorf("the filter is ignored:\n%s", textOf(resp.text))
	}
}

// What cannot be delegated is refused, in words, and nothing is changed; so is a
// change over the change of somebody else.
func TestDelegationRefused(t *testing.T) {
	s := newSite(t)
	before := s.a.Revision()
	for want, fields := range map[string][]string{
		"May give: empty":        {"group", "editors"},
		"There is no group elk.": {"group", "editors", "members", "readers\r\nelk\r\n"},
		"There is no group moo.": {"group", "moo", "member", "readers"},
	} {
		page, _ := s.staged(append(fields, "do", "set-delegation", "back", "delegations")...)
		checkText(t, page, want)
		if page.StatusCode < 400 {
			t.Errorf("%v: %d", fields, page.StatusCode)
		}
	}
	if resp := s.get("lea", "delegations"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a delegate sees the delegations: %d", resp.StatusCode)
	}
	if now := s.a.Revision(); now != before {
		t.Fatalf("the store is at revision %v, want %v", now, before)
	}
	_, apply := s.staged("do", "set-delegation", "group", "leads", "member", "readers", "back", "delegations")
	s.update(func(tx *rbac.Tx) error {
		return tx.ModifyDelegation(rbac.Delegation{Group: "leads", Assign: []string{"buyers"}})
	})
	resp := s.post("amy", "change", apply...)
	checkText(t, resp, "Meanwhile, somebody else changed what the members of leads may give")
	if got := s.delegation("leads"); resp.StatusCode != http.StatusConflict || len(got.Assign) != 1 || got.Assign[0] != "buyers" {
		t.Errorf("%d: the delegation is %+v", resp.StatusCode, got)
	}
}
