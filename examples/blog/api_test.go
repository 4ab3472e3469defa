package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestProgramsGetProblemsAndTokens(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.accept = "application/json"
	a := b.get("/posts/new")
	if a.status != http.StatusUnauthorized || a.header.Get("Content-Type") != "application/problem+json" || a.header.Get("WWW-Authenticate") == "" {
		t.Fatalf("a program without token got %d %v", a.status, a.header)
	}
	if a := b.get("/nowhere"); a.status != http.StatusNotFound || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program at an unknown page got %d %v", a.status, a.header)
	}
	token := s.token("editor", "editpass")
	a = s.bearer("/posts/new", token)
	if a.status != http.StatusForbidden || !strings.Contains(a.body, missing) {
		t.Errorf("a program that may not write got %d %s", a.status, a.body)
	}
	if a := s.bearer("/me", token); a.status != http.StatusOK {
		t.Errorf("a program with a token got %d", a.status)
	}
	if a := s.bearer("/me", token+"x"); a.status != http.StatusUnauthorized {
		t.Errorf("a program with a wrong token got %d", a.status)
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

func (s *site) bearer(path, token string) answer {
	s.t.Helper()
	r, err := http.NewRequest("GET", s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	return s.browser().send(r)
}
