package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// visitor sends single requests to a site and reads the answers with care.
type visitor struct {
	http.Client
	base  string // such as "http://127.0.0.1:8080"
	login bool   // the site has sessions
}

func newVisitor(addr string, login bool) *visitor {
	return &visitor{base: "http://" + addr, login: login, Client: http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// send returns the answer to a request with a Cookie header; empty: without.
func (v *visitor) send(method, path, cookie string) (*http.Response, string, error) {
	r, err := http.NewRequest(method, v.base+path, nil)
	if err != nil {
		return nil, "", err
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	answer, err := v.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

// signIn starts a session and returns the Cookie header for it.
func (v *visitor) signIn(user string) (cookie string, err error) {
	answer, _, err := v.send(http.MethodPost, "/login?user="+url.QueryEscape(user), "")
	if err != nil {
		return "", err
	}
	var pairs []string
	for _, c := range answer.Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	if answer.StatusCode >= 400 || len(pairs) == 0 {
		return "", fmt.Errorf("signing %s in: %s with %d cookies", user, answer.Status, len(pairs))
	}
	return strings.Join(pairs, "; "), nil
}

// signOut ends the session of a Cookie header.
func (v *visitor) signOut(cookie string) error {
	answer, _, err := v.send(http.MethodPost, "/logout", cookie)
	if err == nil && answer.StatusCode >= 400 {
		err = fmt.Errorf("signing out: %s", answer.Status)
	}
	return err
}

// reads reports whether the page is served. An answer that is neither the page
// nor a refusal is an error.
func (v *visitor) reads(page, cookie string) (bool, error) {
	answer, text, err := v.send(http.MethodGet, "/"+page, cookie)
	if err != nil {
		return false, err
	}
	switch answer.StatusCode {
	case http.StatusOK:
		if text != pageText {
			return false, fmt.Errorf("/%s is %q", page, text)
		}
		return true, nil
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusSeeOther:
		return false, nil
	}
	return false, fmt.Errorf("/%s is answered with %s", page, answer.Status)
}

// expect returns an error unless the page is served, or refused, as want has
// it.
func (v *visitor) expect(want bool, page, cookie, who string) error {
	got, err := v.reads(page, cookie)
	if err == nil && got != want {
		err = fmt.Errorf("/%s for %s: served is %v, want %v", page, who, got, want)
	}
	return err
}
