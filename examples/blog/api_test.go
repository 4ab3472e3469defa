package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/examples/internal/webtest"
)

func TestProgramsGetProblemsAndTokens(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.Accept = "application/json"
	a := b.Get("/posts/new")
	if a.Status != http.StatusUnauthorized || a.Header.Get("Content-Type") != "application/problem+json" || a.Header.Get("WWW-Authenticate") == "" {
		t.Fatalf("a program without token got %d %v", a.Status, a.Header)
	}
	if a := b.Get("/nowhere"); a.Status != http.StatusNotFound || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program at an unknown page got %d %v", a.Status, a.Header)
	}
	token := s.token("editor", "editpass")
	a = s.bearer("/posts/new", token)
	if a.Status != http.StatusForbidden || !strings.Contains(a.Body, missing) {
		t.Errorf("a program that may not write got %d %s", a.Status, a.Body)
	}
	if a := s.bearer("/me", token); a.Status != http.StatusOK {
		t.Errorf("a program with a token got %d", a.Status)
	}
	if a := s.bearer("/me", token+"x"); a.Status != http.StatusUnauthorized {
		t.Errorf("a program with a wrong token got %d", a.Status)
	}
}

// token logs a program in.
func (s *site) token(user, password string) string {
	s.t.Helper()
	in, err := json.Marshal(map[string]string{"user": user, "password": password})
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Post(s.URL+"/login", "application/json", strings.NewReader(string(in)))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Token == "" || len(resp.Cookies()) > 0 {
		s.t.Fatalf("JSON login: %d, token %d bytes, %d cookies, %v", resp.StatusCode, len(out.Token), len(resp.Cookies()), err)
	}
	return out.Token
}

func (s *site) bearer(path, token string) webtest.Answer {
	s.t.Helper()
	r, err := http.NewRequest("GET", s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	return s.browser().Send(r)
}
