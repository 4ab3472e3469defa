package console

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/rbac-go/rbac"
)

// Every page to which a link leads works, for administrators and delegates, and
// is well-formed: labels, headers, no inline code, and no address outside of the
// console.
func TestEveryPage(t *testing.T) {
	for user, least := range map[string]int{"amy": 30, "lea": 8} {
		s := newSite(t)
		pages := 0
		s.crawl(user, func(page string, resp answer) {
			if pages++; strings.Contains(page, "format=csv") {
				return
			}
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %q: %d\n%s", user, page, resp.StatusCode, textOf(resp.text))
				return
			}
			checkPage(t, user+" at "+page, resp)
		})
		if pages < least {
			t.Errorf("%s has reached %d pages, want %d", user, pages, least)
		}
	}
}

// Pages are the same if the store runs the function of each View twice: every
// row is listed once.
func TestRowsAreListedOnce(t *testing.T) {
	for user, least := range map[string]int{"amy": 30, "lea": 8} {
		s := newSite(t)
		pages := 0
		s.crawl(user, func(page string, resp answer) {
			pages++
			s.runs.Store(1)
			s.h = mountedOn(t, s, nil) // without the findings of before
			once := s.get(user, page)
			s.runs.Store(2)
			s.h = mountedOn(t, s, nil)
			if twice := s.get(user, page); twice.text != once.text {
				t.Errorf("%s: %q differs if the store runs the function twice:\n%s\nonce:\n%s", user, page, textOf(twice.text), textOf(once.text))
			}
		})
		if pages < least {
			t.Errorf("%s has reached %d pages, want %d", user, pages, least)
		}
	}
}

// checkPage checks what holds for all pages.
func checkPage(t *testing.T, name string, resp answer) {
	t.Helper()
	h := resp.Header
	if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("%s: the policy is %q", name, csp)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: headers %v", name, h)
	}
	root := parsedPage(t, resp.text)
	ids, labels := map[string]int{}, map[string]bool{}
	elements(root, func(n *html.Node, attr map[string]string) {
		if id := attr["id"]; id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labels[attr["for"]] = true
		}
	})
	for id, times := range ids {
		if times > 1 {
			t.Errorf("%s: the id %q is used %d times", name, id, times)
		}
	}
	headings := 0
	elements(root, func(n *html.Node, attr map[string]string) {
		for key, value := range attr {
			if strings.HasPrefix(key, "on") || key == "style" {
				t.Errorf("%s: inline code %s=%q", name, key, value)
			}
		}
		for _, key := range []string{"href", "src", "action"} {
			if strings.Contains(attr[key], "//") || strings.HasPrefix(attr[key], "javascript:") {
				t.Errorf("%s: %s=%q leads away", name, key, attr[key])
			}
		}
		switch n.Data {
		case "h1":
			headings++
		case "script":
			if !strings.HasPrefix(attr["src"], "console.js?v=") || n.FirstChild != nil {
				t.Errorf("%s: a script %v", name, attr)
			}
		case "style":
			t.Errorf("%s: inline style", name)
		case "input", "select", "textarea":
			if attr["type"] != "hidden" && !labels[attr["id"]] && attr["aria-label"] == "" {
				t.Errorf("%s: the field %v has no label", name, attr)
			}
		case "th":
			if attr["scope"] == "" {
				t.Errorf("%s: a header without scope", name)
			}
		case "form":
			if m := attr["method"]; m != "get" && m != "post" {
				t.Errorf("%s: a form with the method %q", name, m)
			}
		}
	})
	if headings != 1 {
		t.Errorf("%s: %d main headings", name, headings)
	}
	if strings.Contains(resp.text, "%!") || strings.Contains(resp.text, "<no value>") {
		t.Errorf("%s: a text with a wrong argument:\n%s", name, textOf(resp.text))
	}
}

// hostile are texts that must be shown as they are.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{.Me}}`, `=HYPERLINK("http://evil")`, `javascript:alert(1)`, `a&b=c?d#e/f`,
}

// Texts that anybody can enter are shown as texts, on every page.
func TestHostileTexts(t *testing.T) {
	s := newSite(t)
	for i, text := range hostile {
		s.update(func(tx *rbac.Tx) error {
			u, err := tx.AddUser(rbac.User{Name: text, DisplayName: text, Note: text})
			if err != nil {
				return err
			}
			g, err := tx.AddGroup(rbac.Group{Name: text, DisplayName: text, Note: text})
			if err != nil {
				return err
			}
			p, err := tx.AddPermission(rbac.Permission{Name: strings.ReplaceAll(text, "*", "x"), Title: text, Description: text})
			if err != nil {
				return err
			}
			if err := tx.GrantPermission(rbac.Grant{Group: g.Name, Permission: p.Name, Note: text}); err != nil {
				return err
			}
			return tx.AssignUser(rbac.Membership{User: u.Name, Group: g.Name, Scope: text, Note: text})
		})
		s.advance(time.Minute)
		_, err := s.a.Issue(ctx, rbac.Login{User: hostile[i], UserAgent: text, Label: text})
		must(t, err)
	}
	pages := 0
	s.crawl("amy", func(page string, resp answer) {
		pages++
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%q: %d\n%s", page, resp.StatusCode, textOf(resp.text))
		} else if !strings.Contains(page, "format=csv") {
			checkPage(t, page, resp)
		}
	})
	if pages < 100 {
		t.Errorf("%d pages", pages)
	}
	for _, text := range hostile {
		checkText(t, s.get("amy", "users"), text)
		checkText(t, s.get("amy", address("user", "name", text)), text)
	}
}

// The console works below any path, and behind http.StripPrefix.
func TestMounts(t *testing.T) {
	for _, m := range []struct {
		mount string
		cfg   Config
		wrap  func(http.Handler) http.Handler
	}{
		{"/", Config{}, nil},
		{"/admin/", Config{Path: "/admin/"}, nil},
		{"/a/b/", Config{}, nil},
		{"/a/b/", Config{Path: "/"}, func(h http.Handler) http.Handler { return http.StripPrefix("/a/b", h) }},
	} {
		s := mountedAt(t, m.mount, m.cfg, m.wrap)
		checkText(t, s.get("amy", ""), "Overview", "Last changes")
		page := s.follow("amy", "change", "do", "disable", "user", "bob", "back", "user?name=bob")
		checkText(t, page, "amy disabled bob", "Undo")
		for _, file := range []string{"console.css", "console.js"} {
			if resp := s.get("amy", file); resp.StatusCode != http.StatusOK {
				t.Errorf("%s%s: %d", m.mount, file, resp.StatusCode)
			}
		}
		for path, up := range map[string]string{"nothing": "", "user/x": "../", "user/x/y?z=/": "../../"} {
			resp := s.get("amy", path)
			if resp.StatusCode != http.StatusNotFound {
				t.Errorf("%s%s: %d", m.mount, path, resp.StatusCode)
			}
			checkText(t, resp, "Not found", "Overview")
			for _, want := range []string{`href="` + up + `console.css?v=`, `href="` + up + `users"`, `href="` + up + `settings"`, `href="` + up + `./"`} {
				if !strings.Contains(resp.text, want) {
					t.Errorf("%s%s: no %s", m.mount, path, want)
				}
			}
		}
	}
}

// The language is that of the browser until the person chooses, and times are in
// the zone that the person has chosen.
func TestSettings(t *testing.T) {
	s := newSite(t)
	r := s.form("settings", "language", "zh", "zone", "Asia/Shanghai", "back", "users")
	resp := s.send("amy", r)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "users" || len(resp.Cookies()) != 1 {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	chosen := resp.Cookies()[0]
	// A proxy ends TLS: what counts is the address of the site.
	if !chosen.HttpOnly || !chosen.Secure || chosen.Path != "" {
		t.Errorf("the cookie is %v", chosen)
	}
	get := func(page, accept string, cookies ...*http.Cookie) answer {
		r, err := http.NewRequest(http.MethodGet, "http://app.example.com/admin/"+page, nil)
		must(t, err)
		r.Header.Set("Accept-Language", accept)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return s.send("amy", r)
	}
	checkText(t, get("users", "en", chosen), "用户", "时间按 Asia/Shanghai 显示")
	checkText(t, get("users", "zh-CN,en;q=0.5"), "用户")
	checkText(t, get("users", "fr"), "Users", "Times are in UTC")
	for _, c := range []string{"language=xx&zone=Nowhere", "%", "zone=Local"} {
		checkText(t, get("users", "", &http.Cookie{Name: settingsCookie, Value: c}), "Users", "Times are in UTC")
	}
	if resp := s.post("amy", "settings", "language", "en", "zone", "Nowhere"); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(resp.text, "There is no time zone Nowhere.") {
		t.Errorf("%d\n%s", resp.StatusCode, textOf(resp.text))
	}
	if page := get("changes", "en", &http.Cookie{Name: settingsCookie, Value: "language=en&zone=Asia%2FShanghai"}); !strings.Contains(textOf(page.text), "2026-03-01 20:00 CST") {
		t.Errorf("times are not in the zone:\n%s", textOf(page.text))
	}
}

// Both languages have every text, with the same arguments and nothing else that
// looks like one, and every text that the pages and the program ask for exists.
func TestTexts(t *testing.T) {
	en := builtIn[0]
	if en.tag.String() != "en" || len(builtIn) < 2 {
		t.Fatalf("the first language is %v of %d", en.tag, len(builtIn))
	}
	for _, l := range builtIn {
		for key, text := range l.texts {
			if fault := en.refuse(key, text); fault != "" {
				t.Errorf("%v: %s", l.tag, fault)
			}
		}
		for key := range en.texts {
			one := strings.TrimSuffix(key, ".one")
			if l.texts[key] == "" && (one == key || l.texts[one] == "") { // some languages have no singular
				t.Errorf("%v: there is no text %q", l.tag, key)
			}
		}
	}
	asked := regexp.MustCompile(`[.$ (]([TN]) "([^"]+)"`)
	used := 0
	must(t, fs.WalkDir(templates, "templates", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(templates, path)
		for _, m := range asked.FindAllStringSubmatch(string(data), -1) {
			used++
			if _, ok := en.texts[m[2]]; !ok {
				t.Errorf("%s asks for %q", path, m[2])
			}
		}
		return err
	}))
	sources, err := filepath.Glob("*.go")
	must(t, err)
	inGo := regexp.MustCompile(`\.([TN])\("([^"]+)"[,)]`)
	for _, file := range sources {
		data, err := os.ReadFile(file)
		must(t, err)
		for _, m := range inGo.FindAllStringSubmatch(string(data), -1) {
			used++
			if _, ok := en.texts[m[2]]; !ok {
				t.Errorf("%s asks for %q", file, m[2])
			}
		}
	}
	if used < 250 {
		t.Errorf("%d texts are asked for", used)
	}
}

// Every action that this version writes into the change log has words.
func TestEveryChangeHasWords(t *testing.T) {
	s := newSite(t)
	s.follow("amy", "change", "do", "assign", "user", "bob", "group", "editors", "until_day", "2026-03-05", "back", "users")
	must(t, s.a.SetPassword(ctx, "bob", "correct horse battery staple"))
	must(t, second(s.a.IssueKey(ctx, rbac.APIKey{User: "bob", Label: "robot", Expires: s.now().AddDate(0, 1, 0)})))
	token, err := s.a.Issue(ctx, rbac.Login{User: "bob", Groups: []string{"editors", "readers"}})
	must(t, err)
	must(t, s.a.SetActiveGroups(ctx, token, []string{"editors"}))
	must(t, s.a.DropActiveGroup(ctx, token, "editors"))
	must(t, s.a.AddActiveGroup(ctx, token, "editors"))
	must(t, second(s.a.LogoutUser(ctx, "bob")))
	must(t, s.a.Unlock(ctx, "bob"))
	must(t, s.a.View(ctx, func(tx *rbac.Tx) error {
		v := &visit{lang: builtIn[0]}
		for c, err := range tx.Changes(rbac.ChangeQuery{}) {
			if err != nil {
				return err
			}
			for _, text := range []string{v.say(c), v.planned(c)} {
				if strings.Contains(text, c.Action) || strings.Contains(text, "%!") {
					t.Errorf("%s is %q", c.Action, text)
				}
			}
		}
		return nil
	}))
}
