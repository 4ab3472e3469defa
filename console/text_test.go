package console

import (
	"cmp"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rbac-go/rbac"
)

// inLanguage loads a page as a browser that asks for a language.
func (s *site) inLanguage(user, accept, page string) answer {
	r, err := http.NewRequest(http.MethodGet, "http://app.example.com"+s.mount+page, nil)
	must(s.t, err)
	r.Header.Set("Accept-Language", accept)
	return s.send(user, r)
}

func textFile(name string, lines ...string) fstest.MapFS {
	return fstest.MapFS{name: {Data: []byte(strings.Join(lines, "\r\n"))}}
}

// A host adds a language: texts that the file lacks are in English, and the
// person can choose the language.
func TestTextsOfTheHost(t *testing.T) {
	s := mountedAt(t, "/admin/", Config{Texts: textFile("de.txt", "\ufeff# Deutsch", "", "language = Deutsch", "users = Benutzer", "date = 02.01.2006",
		"reason.is in = %[1]s gehört zu %[2]s", "n users = %[1]s Benutzer", "error.no such user = %[1]s gibt es nicht (100%%).")}, nil)
	page := s.inLanguage("amy", "de-AT,en;q=0.5", "users")
	checkText(t, page, "Benutzer", "4 Benutzer", "Times are in UTC")
	if got := page.Header.Get("Content-Language"); got != "de" {
		t.Errorf("the language is %q", got)
	}
	checkText(t, s.inLanguage("amy", "de", "users?q=amy"), "1 Benutzer") // no singular of its own
	checkText(t, s.inLanguage("amy", "de", "why?user=bob&ask="+`in_group("readers")`), "bob gehört zu readers")
	checkText(t, s.inLanguage("amy", "de", "user?name=nobody"), "nobody gibt es nicht (100%).")
	s.advance(48 * time.Hour)
	token, err := s.a.Issue(ctx, rbac.Login{User: "amy"}) // the first has ended
	must(t, err)
	s.token["amy"] = token
	checkText(t, s.inLanguage("amy", "de", "user?name=bob"), "01.03.2026")
	checkText(t, s.get("amy", "settings"), "English", "中文", "Deutsch")
	checkText(t, s.inLanguage("amy", "zh", "users"), "用户")
	checkText(t, s.inLanguage("amy", "en", "users"), "Users")
}

// A text that a host's language lacks comes from the console, the singular
// included: in the same language, or in English. Nothing is left out.
func TestTextsFallBack(t *testing.T) {
	for _, c := range []struct{ file, accept, line, want string }{
		{"de.txt", "de", "gain = %[1]s bekommen %[2]s", "otto gains post.delete"},
		{"de.txt", "de", "lose = %[1]s verlieren %[2]s", "otto loses post.write"},
		{"zh.txt", "zh", "gain = %[1]s 得到 %[2]s", "otto 获得 post.delete"},
		{"en.txt", "en", "lose = %[1]s no longer have %[2]s", "otto loses post.write"},
		{"de.txt", "de", "n users affected = %[1]s Benutzer sind betroffen", "1 Benutzer sind betroffen"},
	} {
		s := mountedAt(t, "/admin/", Config{Texts: textFile(c.file, "language = x", c.line)}, nil)
		s.update(func(tx *rbac.Tx) error {
			return cmp.Or(tx.GrantPermission(rbac.Grant{Group: "leads", Permission: "post.write"}),
				tx.AssignUser(rbac.Membership{User: "otto", Group: "leads"}))
		})
		r := s.form("change", "edit", "do=grant&group=leads&permission=post.delete", "edit", "do=revoke&group=leads&permission=post.write")
		r.Header.Set("Accept-Language", c.accept)
		s.update(func(tx *rbac.Tx) error {
			return tx.DeassignUser(rbac.Membership{User: "lea", Group: "leads", Scope: "org:1"})
		})
		checkText(t, s.send("amy", r), c.want)
	}
	// Whatever text a host replaces, every text of every language is there.
	for key, text := range builtIn[0].texts {
		if key == "language" || strings.HasSuffix(key, ".one") {
			continue
		}
		for _, name := range []string{"de.txt", "zh.txt", "en.txt"} {
			for _, l := range must1(languagesWith(textFile(name, "language = x", key+" = "+text))).list {
				for wanted, english := range builtIn[0].texts {
					if got := l.T(wanted); got == "" || got == wanted && english != wanted {
						t.Fatalf("%s has %q: the text of %q is %q", name, key, wanted, got)
					}
				}
			}
		}
	}
}

// A host replaces texts of a language that comes along, and no others.
func TestTextsReplaced(t *testing.T) {
	s := mountedAt(t, "/admin/", Config{Texts: textFile("en.txt", "users = People")}, nil)
	checkText(t, s.get("amy", "users"), "People", "4 users", "Groups")
	checkText(t, newSite(t).get("amy", "users"), "Users")
}

// New refuses texts with a fault, and names the file, the line and the key.
func TestTextsRefused(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct{ name, line, says string }{
		{"de.txt", "usrs = Benutzer", `de.txt:2: there is no key "usrs"`},
		{"de.txt", "n users = Benutzer", `de.txt:2: the text of "n users" has the arguments [], and needs [%[1]s]`},
		{"de.txt", "n users = %[2]s Benutzer", `de.txt:2: the text of "n users" has the arguments [%[2]s], and needs [%[1]s]`},
		{"de.txt", "n users = %[1]d Benutzer", `de.txt:2: the text of "n users" has the arguments [%[1]d]`},
		{"de.txt", "n users = %[1]s Benutzer, %s", `de.txt:2: the text of "n users" has a % that is no argument`},
		{"de.txt", "n users = %[1]s 100%", `de.txt:2: the text of "n users" has a % that is no argument`},
		{"de.txt", "users: Benutzer", `de.txt:2: the line is not of the form "key = text"`},
		{"de.txt", "language = Deutsch", `de.txt:2: the key "language" is there already`},
		{"zh.txt", "usrs = x", `zh.txt:2: there is no key "usrs"`},
		{"german texts.txt", "", `german texts.txt: the name is no language such as de.txt`},
	} {
		_, err := New(s.guard(), s.a, Config{Texts: textFile(c.name, "language = Deutsch", c.line)})
		if err == nil || !strings.Contains(err.Error(), "Config.Texts: "+c.says) {
			t.Errorf("%s: %q: %v, want %s", c.name, c.line, err, c.says)
		}
	}
	_, err := New(s.guard(), s.a, Config{Texts: textFile("de.txt", "users = Benutzer")})
	if err == nil || !strings.Contains(err.Error(), `de.txt: the key "language" is missing`) {
		t.Errorf("a language without a name: %v", err)
	}
}

// The texts of a host are shown as text.
func TestTextsAreText(t *testing.T) {
	evil := `<script>alert(1)</script>"'`
	s := mountedAt(t, "/admin/", Config{Texts: textFile("en.txt", "users = "+evil, "language = "+evil, "never = "+evil, "date = "+evil, "no end = "+evil)}, nil)
	s.update(func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "new"})
		return err
	})
	for _, page := range []string{"", "users", "user?name=bob", "settings"} {
		resp := s.get("amy", page)
		checkText(t, resp, evil)
		checkPage(t, page, resp)
	}
}
