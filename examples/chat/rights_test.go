package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/webtest"
	"github.com/rbac-go/rbac/rbactest"
)

// Ann and bob are in General only. HEAD requests a stream without waiting for
// the end. Forms are sent empty, which is 422 for a user who may send the form.
func TestWhoMayDoWhat(t *testing.T) {
	s := newSite(t)
	mux, _ := s.chat.routes()
	rbactest.Matrix(t, s.handler, s.authority, `
		-  ann manager
		GET  /                        401 200 200
		GET  /rooms/general           401 200 200
		GET  /rooms/attic             401 403 200
		GET  /rooms/nowhere           404 404 404
		HEAD /rooms/general/events    401 200 200
		HEAD /rooms/attic/events      401 403 200
		HEAD /rooms/nowhere/events    404 404 404
		POST /rooms/general/messages  401 422 422
		POST /rooms/attic/messages    401 403 422
		POST /rooms/general/mute      401 403 422
		POST /rooms/general/unmute    401 403 422
		POST /rooms/general/remove    401 403 422
		POST /rooms/general/admit     401 403 422
		POST /rooms/general/disable   401 403 422
		POST /rooms/general/enable    401 403 422
		GET  /login                   200 200 200
		POST /logout                  204 204 204
		GET  /style.css               200 200 200
		GET  /chat.js                 200 200 200
	`, mux.Routes()...)
}

// For every set of permissions, everywhere and in this room only, the guard
// allows the forms of the page and nothing else.
func TestPageAndGuardAgree(t *testing.T) {
	s := newSite(t)
	permissions := catalogue.Permissions
	for set := range 2 << len(permissions) {
		scope, name := "", fmt.Sprintf("user%d", set)
		if set >= 1<<len(permissions) {
			scope = rooms[0].scope()
		}
		s.update(func(tx *rbac.Tx) error {
			_, err1 := tx.AddUser(rbac.User{Name: name})
			_, err2 := tx.AddGroup(rbac.Group{Name: name})
			errs := []error{err1, err2, tx.AssignUser(rbac.Membership{User: name, Group: name, Scope: scope})}
			for i, p := range permissions {
				if set&(1<<i) != 0 {
					errs = append(errs, tx.GrantPermission(rbac.Grant{Group: name, Permission: p.Name}))
				}
			}
			return errors.Join(errs...)
		})
		token, err := s.authority.Issue(t.Context(), rbac.Login{User: name})
		if err != nil {
			t.Fatal(err)
		}
		send := func(method, path string) webtest.Answer {
			r, err := http.NewRequest(method, s.URL+path, strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token.Secret())
			r.Header.Set("Accept", "text/html")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return s.browser().Send(r)
		}
		const path = "/rooms/general"
		page := send("GET", path)
		if in := strings.Contains(send("GET", "/").Body, `href="`+path+`"`); in != (page.Status == http.StatusOK) {
			t.Errorf("%s: the list of rooms shows this one: %v; the guard answers %d", name, in, page.Status)
		}
		if page.Status != http.StatusOK {
			continue
		}
		disabled := strings.Contains(page.Body, "<fieldset disabled>")
		if got := send("POST", path+"/messages").Status; disabled != (got == http.StatusForbidden) {
			t.Errorf("%s: the form is disabled: %v; the guard answers %d", name, disabled, got)
		}
		// Bob is in the room, and neither muted nor disabled.
		for _, action := range []string{"mute", "remove", "admit", "disable"} {
			shown := strings.Contains(page.Body, path+"/"+action+`"`)
			if got := send("POST", path+"/"+action).Status; shown != (got != http.StatusForbidden) {
				t.Errorf("%s: the page offers %s: %v; the guard answers %d", name, action, shown, got)
			}
		}
	}
}

// No message is written after a mute, even if the rule of the route was met
// before.
func TestMuteBetweenTheRuleAndTheMessage(t *testing.T) {
	s := newSite(t)
	token, err := s.authority.Issue(t.Context(), rbac.Login{User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/rooms/general/messages", nil)
	r.Header.Set("Authorization", "Bearer "+token.Secret())
	s.chat.guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := rbac.Check(rbac.FromContext(r.Context()), rooms[0].maySpeak()); err != nil {
			t.Error(err)
		}
		s.update(func(tx *rbac.Tx) error { return move(tx, rooms[0], "ann", "listeners") })
		if err := s.chat.write(r, rooms[0], "too late"); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("%v, want ErrDenied", err)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
	if messages := s.messages(); len(messages) != 0 {
		t.Errorf("written: %v", messages)
	}
}

// messages returns all messages in General.
func (s *site) messages() (list []message) {
	s.t.Helper()
	err := s.authority.View(s.t.Context(), func(tx *rbac.Tx) (err error) {
		list, err = latestMessages(s.t.Context(), tx, "general", 100)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// A login that leaves groups out has fewer rights than the user, and never
// more.
func TestNarrowedLoginDoesNotLiftAMute(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager")
	manager.Done("mute", manager.Post("/rooms/general/mute", "user", "ann"))
	for _, groups := range []string{`["speakers"]`, `["listeners"]`, `["speakers","listeners"]`, `[]`} {
		body := fmt.Sprintf(`{"user":"ann","password":"annspass","groups":%s}`, groups)
		resp, err := http.Post(s.URL+"/login", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var login struct{ Token string }
		err = json.NewDecoder(resp.Body).Decode(&login)
		resp.Body.Close()
		if err != nil || login.Token == "" {
			continue // refused: good
		}
		r, err := http.NewRequest(http.MethodPost, s.URL+"/rooms/general/messages", strings.NewReader("text=x"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+login.Token)
		manager.Want("with "+groups, s.browser().Send(r), http.StatusForbidden)
	}
}

// A moderator of one room has no rights in another.
func TestModeratorsOfOneRoom(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "new"})
		return errors.Join(err, tx.AssignUser(rbac.Membership{User: "bob", Group: "moderators", Scope: "room:attic"}))
	})
	bob := s.as("bob")
	bob.Done("in the attic", bob.Post("/rooms/attic/admit", "user", "ann"))
	bob.Done("in the attic", bob.Post("/rooms/attic/mute", "user", "ann"))
	bob.Want("in General", bob.Post("/rooms/general/mute", "user", "ann"), 403, "in room:general: needs room.moderate")
	bob.Want("accounts", bob.Post("/rooms/attic/disable", "user", "ann"), 403, "needs account.disable")
	bob.Want("an account of no room", bob.Post("/rooms/attic/admit", "user", "new"), 403, "the account is in no group yet")
	s.as("ann").says("still a speaker here")
}

func TestFormsSayWhatIsWrong(t *testing.T) {
	s := newSite(t)
	manager, ann := s.as("manager"), s.as("ann")
	manager.Done("mute", manager.Post("/rooms/general/mute", "user", "bob"))
	long := strings.Repeat("é", mostText)
	for _, c := range []struct {
		what, path, field, value string
		status                   int
		alert                    string
	}{
		{"empty", "messages", "text", " \n", 422, "The message is empty."},
		{"too long", "messages", "text", long + "é", 422, "The message is too long."},
		{"nobody", "mute", "user", "nobody", 404, `There is no user "nobody".`},
		{"no name", "admit", "user", "", 422, "This name cannot be used: empty."},
		{"not here", "remove", "user", "manager", 409, "They are not in this room any more."},
		{"here already, and muted", "admit", "user", "bob", 409, "They are in this room already."},
		{"the last administrator", "disable", "user", "manager", 409, "This would leave nobody with the permission account.disable."},
	} {
		a := manager.Post("/rooms/general/"+c.path, c.field, c.value)
		manager.Want(c.what, a, c.status, c.alert)
		if !strings.Contains(a.Body, `role="alert"`) || c.field == "text" && !strings.Contains(a.Body, ">"+c.value+"</textarea>") {
			t.Errorf("%s: no alert, or what was typed is lost:\n%s", c.what, a.Body)
		}
	}
	ann.says(long)
	ann.Accept = "application/json"
	ann.Want("the script", ann.Post("/rooms/general/messages", "text", ""), 422, "The message is empty.")
	ann.Want("the script", ann.Post("/rooms/general/messages", "text", "fine"), 204)
}

func TestMessagesAreTexts(t *testing.T) {
	s := newSite(t)
	ann := s.as("ann")
	for what, text := range map[string]string{"not UTF-8": "a\xff", "NUL": "a\x00b", "for a terminal": "\x1b[2J", "a lone CR": "a\rb"} {
		ann.Want(what, ann.Post("/rooms/general/messages", "text", text), 422, "characters that cannot be shown")
	}
	ann.Want("more than a form is", ann.Post("/rooms/general/messages", "text", strings.Repeat("a", 64<<10)), 413, "could not be read")
	ear := ann.listens("0")
	ear.hears("at first", speaks)
	ann.says("\tone\r\ntwo" + strings.Repeat("\r\n", mostText-8)) // as a browser counts them
	if now := ear.next(); !strings.Contains(now.data, `"\tone\ntwo\n`) {
		t.Errorf("%q came, want lines as they were typed", now)
	}
}

func TestInputOfOthersIsShownAsText(t *testing.T) {
	const evil = `<script>alert("x")</script>`
	s := newSite(t)
	ann := s.as("ann")
	ann.says(evil)
	a := ann.Get("/rooms/general")
	ann.Want("page", a, 200, evil)
	if strings.Contains(a.Body, "<script>") {
		t.Error("a script is on the page")
	}
}

func TestForeignSitesCannotPost(t *testing.T) {
	s := newSite(t)
	manager := s.as("manager")
	for _, path := range []string{"messages", "mute", "remove", "disable"} {
		for name, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"} {
			r, err := http.NewRequest(http.MethodPost, s.URL+"/rooms/general/"+path, strings.NewReader("text=spam&user=ann"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(name, value)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			manager.Want(path+" "+name, manager.Send(r), http.StatusForbidden)
		}
	}
	s.as("ann").says("not muted")
}
