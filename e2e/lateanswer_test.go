package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// behindLateProxy returns the app behind a proxy that holds back the answers to
// requests with "late" in their query. The proxy sends to held for each answer
// that is held back, and delivers the answers when deliver is closed.
func (a *app) behindLateProxy(held chan<- struct{}, deliver <-chan struct{}) *app {
	a.t.Helper()
	target, err := url.Parse(a.url)
	if err != nil {
		a.t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(resp *http.Response) error {
			if resp.Request.URL.Query().Has("late") {
				held <- struct{}{}
				select {
				case <-deliver:
				case <-a.t.Context().Done(): // the test has failed
				}
			}
			return nil
		},
	})
	a.t.Cleanup(proxy.Close)
	return &app{t: a.t, name: a.name, url: proxy.URL}
}

// Late answers to a dead ticket do not end a newer login. Two tabs poll with a
// dead ticket. Their answers arrive after a login in a third tab, which stays
// logged in.
func TestLateAnswerKeepsLogin(t *testing.T) {
	held, deliver := make(chan struct{}, 10), make(chan struct{})
	editor := startBlog(t).behindLateProxy(held, deliver).user("editor")
	editor.open("/login")
	do(editor, "plant an old ticket", chromedp.Evaluate[chromedp.Void](`document.cookie = "ticket=`+deadTicket+`; path=/"`))
	var polls sync.WaitGroup
	for i, tab := range []*user{editor.tab(), editor.tab()} {
		polls.Go(func() { tab.open(fmt.Sprint("/?late=", i)) }) // Chromium serializes requests for one URL
		select {
		case <-held:
		case <-time.After(patience):
			t.Fatal("the poll does not arrive")
		}
	}
	editor.logIn("editor", "editpass")
	editor.isAt("/")
	close(deliver)
	polls.Wait()
	editor.reload()
	editor.finds("editor", "Sign out")
	editor.open("/me")
	editor.got(200)
}

// deadTicket has the form of a token.
const deadTicket = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
