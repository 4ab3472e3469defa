package main

import (
	"fmt"
	"strings"
)

// visits are the questions for every site.
type visits struct {
	allowed []probe
	denied  []probe
	revoked change // a membership that alone gives the permission
}

func newVisits(q *questions) visits {
	const most = 64
	v := visits{revoked: q.revokes[0]}
	for _, p := range q.probes {
		switch {
		case p.want && len(v.allowed) < most:
			v.allowed = append(v.allowed, p)
		case !p.want && len(v.denied) < most:
			v.denied = append(v.denied, p)
		}
	}
	return v
}

// pages returns the permissions that the pages need, each once.
func (v visits) pages() (names []string) {
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, p := range v.allowed {
		add(p.permission)
	}
	for _, p := range v.denied {
		add(p.permission)
	}
	add(v.revoked.permission)
	return names
}

// requests signs every allowed user in, requires that the site serves the page,
// and returns the requests that are timed.
func (v visits) requests(on *visitor, host string) (requests [][]byte, err error) {
	for _, p := range v.allowed {
		cookie := ""
		if on.login {
			if cookie, err = on.signIn(p.user); err != nil {
				return nil, err
			}
		}
		if err := on.expect(true, p.permission, cookie, p.user); err != nil {
			return nil, err
		}
		header := ""
		if cookie != "" {
			header = "Cookie: " + cookie + "\r\n"
		}
		requests = append(requests, fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", p.permission, host, header))
	}
	return requests, nil
}

// guarded returns an error unless the site refuses users who lack the
// permission, requests without a session, and cookies that were changed.
func (v visits) guarded(on *visitor) error {
	for _, p := range v.denied {
		cookie, err := on.signIn(p.user)
		if err != nil {
			return err
		}
		if err := on.expect(false, p.permission, cookie, p.user+", who lacks the permission"); err != nil {
			return err
		}
	}
	for _, p := range v.allowed {
		cookie, err := on.signIn(p.user)
		if err != nil {
			return err
		}
		if err := on.expect(false, p.permission, "", "a request without a cookie"); err != nil {
			return err
		}
		if err := on.expect(false, p.permission, forged(cookie), "a changed cookie of "+p.user); err != nil {
			return err
		}
	}
	return nil
}

// forged changes one character in the middle of the value of every cookie.
func forged(cookie string) string {
	pairs := strings.Split(cookie, "; ")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		at := len(value) / 2
		other := "A"
		if value[at] == 'A' {
			other = "B"
		}
		pairs[i] = name + "=" + value[:at] + other + value[at+1:]
	}
	return strings.Join(pairs, "; ")
}

// revokeSeen reports whether the site refuses the next request after a
// membership was taken away. The membership is given back.
func (v visits) revokeSeen(on *visitor, s *site) (seen bool, err error) {
	c := v.revoked
	cookie, err := on.signIn(c.user)
	if err != nil {
		return false, err
	}
	for range 2 { // the second time from a cache, if there is one
		if err := on.expect(true, c.permission, cookie, c.user); err != nil {
			return false, err
		}
	}
	if err := s.deassign(c.user, c.group); err != nil {
		return false, err
	}
	served, err := on.reads(c.permission, cookie)
	if err != nil {
		return false, err
	}
	if err := s.assign(c.user, c.group); err != nil {
		return false, err
	}
	return !served, on.expect(true, c.permission, cookie, c.user)
}

// logoutSeen reports whether the site refuses a copy of the cookie after its
// user has signed out.
func (v visits) logoutSeen(on *visitor) (seen bool, err error) {
	p := v.allowed[0]
	cookie, err := on.signIn(p.user)
	if err != nil {
		return false, err
	}
	if err := on.expect(true, p.permission, cookie, p.user); err != nil {
		return false, err
	}
	if err := on.signOut(cookie); err != nil {
		return false, err
	}
	served, err := on.reads(p.permission, cookie)
	return !served, err
}
