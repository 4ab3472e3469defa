// Package webtest has a browser for the tests of the examples.
package webtest

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Browser keeps cookies and follows no redirect.
type Browser struct {
	T      *testing.T
	Base   string // the URL of the site, without a path
	Client *http.Client
	Accept string
}

// Answer is the answer to a request.
type Answer struct {
	Status   int
	Location string
	Header   http.Header
	Body     string
	Text     string // the body as a reader sees it
}

// New returns a browser for a site.
func New(t *testing.T, base string) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Browser{t, base, &http.Client{Jar: jar, CheckRedirect: stay}, "text/html,*/*;q=0.8"}
}

// Get requests a page.
func (b *Browser) Get(path string) Answer {
	b.T.Helper()
	return b.Do(http.MethodGet, path, nil)
}

// Post sends a form with pairs of names and values.
func (b *Browser) Post(path string, pairs ...string) Answer {
	b.T.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.Do(http.MethodPost, path, strings.NewReader(form.Encode()))
}

// Do sends a request; a body is an encoded form.
func (b *Browser) Do(method, path string, body io.Reader) Answer {
	b.T.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, b.Base+path, body)
	if err != nil {
		b.T.Fatal(err)
	}
	r.Header.Set("Accept", b.Accept)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.Send(r)
}

// Send sends a request as it is.
func (b *Browser) Send(r *http.Request) Answer {
	b.T.Helper()
	resp, err := b.Client.Do(r)
	if err != nil {
		b.T.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	body := string(text)
	return Answer{resp.StatusCode, resp.Header.Get("Location"), resp.Header, body, html.UnescapeString(tags.ReplaceAllString(body, ""))}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// Want checks the status of an answer, and that a reader finds the texts in the
// answer.
func (b *Browser) Want(what string, a Answer, status int, texts ...string) {
	b.T.Helper()
	if a.Status != status {
		b.T.Fatalf("%s: status %d, want %d\n%s", what, a.Status, status, a.Text)
	}
	for _, text := range texts {
		if !strings.Contains(a.Text, text) {
			b.T.Errorf("%s: %q is missing in\n%s", what, text, a.Text)
		}
	}
}

// Done checks that a form was accepted: the answer is a redirect.
func (b *Browser) Done(what string, a Answer) {
	b.T.Helper()
	b.Want(what, a, http.StatusSeeOther)
}
