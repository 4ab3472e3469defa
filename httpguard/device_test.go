package httpguard

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A browser with the device of an earlier login of amy stays usable for amy
// while strangers fail for her name; no other browser does.
func TestDeviceCookie(t *testing.T) {
	a := authorityOf(t, memorystore.New())
	g := New(a, quiet(Config{}))
	// Each client has an address of its own: only the device identifies the
	// browser.
	login := func(password, addr, cookie string) *http.Response {
		r := request(t, "POST /login", "Content-Type: "+formType, "Accept: "+browserAccept, "Cookie: "+cookie)
		r.RemoteAddr = addr + ":4711"
		r.Body = readCloser{strings.NewReader(loginForm("amy", password, ""))}
		return serve(g.Handler(g.LoginHandler()), r)
	}
	device := func(resp *http.Response) *http.Cookie {
		cookies := resp.Cookies()
		i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == "__Host-ticket-device" })
		if i < 0 {
			return nil
		}
		return cookies[i]
	}
	first := login(password, "192.0.2.1", "")
	c := device(first)
	if c == nil || !c.Secure || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 400*24*60*60 || len(c.Value) != 43 {
		t.Fatalf("the cookie of the device is %+v", c)
	}
	if first.Header.Get("Cache-Control") != "no-store" {
		t.Error("an answer with the cookie can be cached")
	}
	for range 100 {
		if resp := login("wrong", "192.0.2.2", ""); resp.StatusCode != http.StatusUnauthorized || device(resp) != nil {
			t.Fatalf("a stranger's guess: %d, %v", resp.StatusCode, resp.Cookies())
		}
	}
	shut := login(password, "192.0.2.3", "")
	if text := body(t, shut); shut.StatusCode != http.StatusTooManyRequests || shut.Header.Get("Retry-After") != "" ||
		!strings.Contains(text, "unlock the account") || strings.Contains(text, password) || len(shut.Cookies()) != 0 {
		t.Errorf("a stranger with the right password: %d, Retry-After %q\n%s", shut.StatusCode, shut.Header.Get("Retry-After"), text)
	}
	twice := "__Host-ticket-device=" + c.Value + "; __Host-ticket-device=" + c.Value
	if resp := login(password, "192.0.2.4", twice); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("two cookies: %d", resp.StatusCode)
	}
	known := login(password, "192.0.2.5", "__Host-ticket-device="+c.Value)
	next := device(known)
	if known.StatusCode != http.StatusSeeOther || next == nil || next.Value == c.Value {
		t.Fatalf("the browser that is known: %d, %v", known.StatusCode, known.Cookies())
	}
	logout := request(t, "POST /logout", "Sec-Fetch-Site: same-origin", "Cookie: __Host-ticket-device="+next.Value+"; "+ticketOf(known))
	if resp := serve(g.Handler(g.LogoutHandler()), logout); device(resp) != nil {
		t.Error("a logout touches the device")
	}
}

func ticketOf(resp *http.Response) string {
	for _, c := range resp.Cookies() {
		if c.Name == "__Host-ticket" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// A program requests a device by sending a device, empty at first.
func TestDeviceOverJSON(t *testing.T) {
	a := authorityOf(t, memorystore.New())
	g := New(a, quiet(Config{}))
	n := 0
	login := func(fields string) (status int, device string) {
		n++
		r := request(t, "POST /login", "Content-Type: "+jsonType)
		r.RemoteAddr = "192.0.2." + string(rune('0'+n%10)) + ":4711"
		r.Body = readCloser{strings.NewReader(`{"user":"amy"` + fields + "}")}
		resp := serve(g.Handler(g.LoginHandler()), r)
		var out struct{ Device string }
		if err := json.Unmarshal([]byte(body(t, resp)), &out); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, out.Device
	}
	right := `,"password":"` + password + `"`
	if status, device := login(right); status != 200 || device != "" {
		t.Errorf("a program that asks for no device: %d, %q", status, device)
	}
	_, device := login(right + `,"device":""`)
	for range 100 {
		r := rbac.Login{User: "amy", Password: "wrong"}
		if _, err := a.Login(t.Context(), r); err == nil {
			t.Fatal("let in")
		}
	}
	n = 4
	if status, _ := login(right); status != 429 {
		t.Errorf("a stranger: %d", status)
	}
	if status, next := login(right + `,"device":"` + device + `"`); status != 200 || len(next) != 43 || next == device {
		t.Errorf("with the device: %d, %q", status, next)
	}
}
