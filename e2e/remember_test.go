package e2e

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// ticketLasts returns how long the browser keeps the cookie of the ticket, and
// zero for a cookie that ends with the browser session.
func (u *user) ticketLasts() time.Duration {
	u.t.Helper()
	cookies := do(u, "look at the cookies", func(ctx context.Context, _ *chromedp.Target) ([]*network.Cookie, error) {
		answer, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{})
		if err != nil {
			return nil, err
		}
		return answer.Cookies, nil
	})
	for _, c := range cookies {
		switch {
		case c.Name != "ticket":
		case c.Session:
			return 0
		default:
			return time.Until(time.Unix(int64(c.Expires), 0))
		}
	}
	u.t.Fatalf("%s has no ticket", u.name)
	return 0
}

// A browser keeps the ticket for 30 days if the user asks to stay signed in, and
// otherwise until the browser is closed. Nothing but a login sets the cookie.
func TestStaySignedIn(t *testing.T) {
	const month = 30 * 24 * time.Hour
	u := startBlog(t).user("editor")
	u.open("/login")
	u.push("Stay signed in on this device")
	u.logIn("editor", "wrong")
	u.got(401)
	u.logIn("editor", "editpass") // the box is still checked
	u.isAt("/")
	first := u.ticketLasts()
	if math.Abs(float64(first-month)) > float64(time.Hour) {
		t.Errorf("with the box checked the ticket lasts for %v, want %v", first, month)
	}
	u.open("/me")
	u.reload()
	if now := u.ticketLasts(); now > first {
		t.Errorf("after two requests the ticket lasts for %v, before for %v", now, first)
	}
	u.open("/login")
	u.logIn("editor", "editpass")
	u.isAt("/")
	if d := u.ticketLasts(); d != 0 {
		t.Errorf("without the box checked the ticket lasts for %v, want the browser session", d)
	}
}
