package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// The forms of all pages are found by reading the pages, so that a new form is
// covered without being listed.

// pageForm is a form as a browser would send it, with one of its buttons.
type pageForm struct {
	page   string // where the form stands
	place  int    // among the forms of the page
	action string
	fields url.Values
	fixed  []string // the names of fields that nobody types: hidden, lists and boxes
}

// kind returns what forms of the same kind have in common.
func (f pageForm) kind() string {
	names := []string{}
	for name := range f.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Sprintf("%s do=%s purpose=%s %v", f.action, f.fields.Get("do"), f.fields.Get("purpose"), names)
}

// with returns the form with another value of a field.
func (f pageForm) with(name, value string) pageForm {
	fields := url.Values{}
	for key, values := range f.fields {
		fields[key] = slices.Clone(values)
	}
	fields.Set(name, value)
	f.fields = fields
	return f
}

// typed are what somebody types into empty fields, by name. Any other field
// gets "x".
var typed = map[string]string{
	"email": "x@example.org", "until_day": "2026-12-31", "permission": "order.approve", "cardinality": "2", "scope": "org:1", "zone": "UTC",
	"members": "readers\nleads", "user": "bob", "password": "correct horse battery staple",
}

// formsIn returns the forms of a page that are sent with POST, each once for each
// of its buttons.
func formsIn(t *testing.T, page, text string) (list []pageForm) {
	t.Helper()
	root := parsedPage(t, text)
	labels := map[string]string{}
	elements(root, func(n *html.Node, attr map[string]string) {
		if n.Data == "label" {
			labels[attr["for"]] = textWithin(n)
		}
	})
	elements(root, func(n *html.Node, attr map[string]string) {
		if n.Data != "form" || attr["method"] != "post" {
			return
		}
		f := pageForm{page: page, action: attr["action"], fields: url.Values{}}
		buttons := []url.Values{}
		elements(n, func(n *html.Node, attr map[string]string) {
			name := attr["name"]
			_, checked := attr["checked"]
			switch {
			case n.Data == "button":
				buttons = append(buttons, url.Values{name: {attr["value"]}})
			case n.Data == "select":
				f.fields[name], f.fixed = options(n), append(f.fixed, name)
			case n.Data == "input" && attr["type"] == "hidden":
				f.fields.Add(name, attr["value"])
				f.fixed = append(f.fixed, name)
			case n.Data == "input" && (attr["type"] == "checkbox" || attr["type"] == "radio"):
				// The first box is ticked, if none is: a form without any does nothing.
				if checked || f.fields[name] == nil {
					f.fields.Add(name, attr["value"])
				}
				f.fixed = append(f.fixed, name)
			case n.Data == "input" && name == "confirm_name" && attr["value"] == "":
				asked := strings.TrimPrefix(labels[attr["id"]], "Type ")
				f.fields.Set(name, strings.TrimSuffix(asked, " to confirm"))
			case n.Data == "input" && attr["value"] != "":
				f.fields.Set(name, attr["value"])
			case n.Data == "input" || n.Data == "textarea":
				f.fields.Set(name, "x")
				if value, ok := typed[name]; ok {
					f.fields.Set(name, value)
				}
			}
		})
		if f.action == "matrix" {
			f.fields["cell"] = f.fields["cell"][:1] // all other ticks are taken away
		}
		for _, b := range buttons {
			with := f
			for name, value := range b {
				if name != "" {
					with, with.fixed = with.with(name, value[0]), append(slices.Clone(f.fixed), name)
				}
			}
			with.place = len(list)
			list = append(list, with)
		}
	})
	return list
}

// options returns the last value of a list, and the last two of a list of which
// many may be chosen.
func options(list *html.Node) (chosen []string) {
	all := []string{}
	multiple := false
	elements(list, func(n *html.Node, attr map[string]string) {
		if _, ok := attr["multiple"]; ok {
			multiple = true
		}
		if n.Data != "option" {
			return
		}
		value, ok := attr["value"]
		if !ok {
			value = textWithin(n)
		}
		all = append(all, value)
	})
	if multiple {
		return all[len(all)-2:]
	}
	return all[len(all)-1:]
}

func textWithin(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	text := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		text += textWithin(c)
	}
	return text
}

// filledSite is a site with something for every form to act on. dora is a
// delegate who may give approvers in org:9, and nothing else.
func filledSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for _, name := range []string{"dora", "dis", "eve"} {
			if _, err := tx.AddUser(rbac.User{Name: name, Disabled: name == "dis"}); err != nil {
				return err
			}
		}
		if _, err := tx.AddGroup(rbac.Group{Name: "chiefs"}); err != nil {
			return err
		}
		if err := tx.AddDelegation(rbac.Delegation{Group: "chiefs", Assign: []string{"approvers"}}); err != nil {
			return err
		}
		for _, m := range []rbac.Membership{
			{User: "dora", Group: "chiefs", Scope: "org:9"}, {User: "dis", Group: "readers", Scope: "org:1"}, {User: "eve", Group: "buyers", Scope: "org:1"},
			{User: "eve", Group: "admins"},
		} {
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		hash, err := s.a.HashPassword(ctx, "correct horse battery")
		if err != nil {
			return err
		}
		return tx.SetPasswordHash("bob", hash)
	})
	token, err := s.a.Issue(ctx, rbac.Login{User: "dora"})
	must(t, err)
	s.token["dora"] = token
	for range 3 {
		if _, err := s.a.Login(ctx, rbac.Login{User: "bob", Password: "wrong"}); err == nil {
			t.Fatal("a wrong password logs in")
		}
	}
	return s
}

// changed makes a change as amy, and returns the page with the message and its
// undo.
func (s *site) changed() string {
	return s.post("amy", "change", "do", "assign", "user", "otto", "group", "editors", "back", "users").Header.Get("Location")
}

// forms returns the forms that a user finds.
func (s *site) forms(user string) (list []pageForm) {
	s.t.Helper()
	s.crawl(user, func(page string, resp answer) {
		if !strings.Contains(page, "format=csv") {
			list = append(list, formsIn(s.t, page, resp.text)...)
		}
	})
	return list
}

// request returns the request of a form, as a browser sends it.
func (s *site) request(f pageForm) *http.Request {
	fields := []string{}
	for name, values := range f.fields {
		for _, value := range values {
			fields = append(fields, name, value)
		}
	}
	r := s.form(f.action, fields...)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// nothing sends a form and reports an error if the form did anything.
func (s *site) nothing(about, user string, f pageForm, r *http.Request) {
	s.t.Helper()
	before := s.a.Revision()
	resp := s.send(user, r)
	if now := s.a.Revision(); now != before {
		s.t.Errorf("%s: the form %s of the page %q has changed something", about, f.kind(), f.page)
	}
	if resp.StatusCode >= 500 {
		s.t.Errorf("%s: the form %s of the page %q: %d", about, f.kind(), f.page, resp.StatusCode)
	}
	if to := resp.Header.Get("Location"); strings.Contains(to, "//") && !strings.HasPrefix(to, "/login") {
		s.t.Errorf("%s: the form %s of the page %q leads to %s", about, f.kind(), f.page, to)
	}
}

// attacks sends a form as all those who may not send it.
func (s *site) attacks(f pageForm) {
	s.t.Helper()
	for _, user := range []string{"", "bob", "dora"} {
		s.nothing("sent by "+user, user, f, s.request(f))
	}
	for _, from := range []struct{ site, origin string }{
		{"cross-site", "https://evil.example"}, {"same-site", "http://other.example.com"}, {"cross-site", "null"}, {"", "https://evil.example"},
	} {
		r := s.request(f)
		r.Header.Set("Origin", from.origin)
		r.Header.Del("Sec-Fetch-Site")
		if from.site != "" {
			r.Header.Set("Sec-Fetch-Site", from.site)
		}
		s.nothing("from "+from.origin, "amy", f, r)
	}
}

// Values that no page offers.
var foreign = []string{"nosuch", "00000000-0000-0000-0000-000000000000", strings.Repeat("x", 300), "\x00", "\xff", "../../etc", "-1", "99999999999999999999", "do=explode"}

// tampered sends a form with foreign ids and unknown values in each field that
// nobody types, and with the fields of other forms.
func (s *site) tampered(user string, f pageForm) {
	s.t.Helper()
	for _, name := range f.fixed {
		switch {
		case name == "back": // see TestBack
			continue
		case user == "amy" && slices.Contains([]string{"language", "granted", "confirm", "scope", "kind"}, name):
			continue // any value is possible
		case name == "group" && slices.Contains([]string{"disable", "enable", "end-sessions"}, f.fields.Get("do")):
			continue // not about the group
		}
		for _, value := range foreign {
			s.nothing(fmt.Sprintf("%s=%q", name, value), user, f, s.request(f.with(name, value)))
		}
	}
}

// Every form of every page does nothing for those who may not send it, nothing
// with ids and values that no page offers, and nothing when it is sent again.
func TestEveryForm(t *testing.T) {
	s := filledSite(t)
	byKind := map[string][]pageForm{}
	done := s.changed()
	for _, f := range append(formsIn(t, done, s.get("amy", done).text), s.forms("amy")...) {
		byKind[f.kind()] = append(byKind[f.kind()], f)
		s.attacks(f)
	}
	if len(byKind) < 25 {
		t.Errorf("only %d kinds of forms are found", len(byKind))
	}
	for kind, list := range byKind {
		s.tampered("amy", list[0])
		if !slices.ContainsFunc(list, func(f pageForm) bool { return works(t, f) }) {
			t.Errorf("the form %s of the page %q does nothing even if amy sends it: add values to typed, or something to filledSite", kind, list[0].page)
		}
	}
	for _, f := range s.forms("lea") {
		s.tampered("lea", f)
	}
}

// works reports whether a form does something on a site of its own when an
// administrator sends it. Sent again, it does nothing more.
func works(t *testing.T, like pageForm) bool {
	t.Helper()
	s := filledSite(t)
	s.changed()
	f := formsIn(t, like.page, s.get("amy", like.page).text)[like.place]
	if f.kind() != like.kind() {
		t.Fatalf("the form is %s, want %s", f.kind(), like.kind())
	}
	before := s.a.Revision()
	resp := s.send("amy", s.request(f))
	if resp.StatusCode == http.StatusOK && s.a.Revision() == before { // a preview
		list := formsIn(t, f.page, resp.text)
		if len(list) != 1 {
			return false
		}
		f = list[0]
		s.attacks(f)
		s.tampered("amy", f)
		resp = s.send("amy", s.request(f))
	}
	if resp.StatusCode >= 400 || s.a.Revision() == before && len(resp.Cookies()) == 0 {
		return false
	}
	if f.action != "link" { // each time, another link is shown to the administrator
		s.nothing("sent again", "amy", f, s.request(f))
	}
	return true
}
