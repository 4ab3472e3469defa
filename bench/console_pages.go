package main

import (
	"bytes"
	"cmp"
	"fmt"
	stdmaps "maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// consoleURL is the address of the site, and consolePath the path of the console.
const (
	consoleURL  = "http://app.example.org"
	consolePath = "/admin/"
)

// consoleRequest is a request for a page: a form makes it a POST.
type consoleRequest struct {
	address string // below consolePath, such as "users?state=disabled"
	form    url.Values
	user    string // empty: the administrator
}

// samplesOfKind is the number of different addresses of a kind that are found by
// links and forms.
const samplesOfKind = 3

// explore follows every link of the console, and fills in every field of its
// forms with GET, beginning at the overview: a new page is measured when the
// console links to the page. Pages that are heavy in this world are added, and
// forms whose effect is wide.
func (s *consoleSite) explore() ([]*consoleRow, error) {
	kinds := map[string]*consoleRow{}
	first := &consoleRow{name: "overview, findings computed", once: true}
	page, err := s.request(first, consoleRequest{})
	if err != nil {
		return nil, err
	}
	queue, err := s.addresses(page)
	if err != nil {
		return nil, err
	}
	queue = append(queue, s.heavyPages()...)
	seen := map[string]bool{}
	for len(queue) > 0 {
		address := queue[0]
		queue = queue[1:]
		kind := kindOf(address)
		row := kinds[kind]
		if row == nil {
			row = &consoleRow{name: kind}
			kinds[kind] = row
		}
		if seen[address] || len(row.requests) >= samplesOfKind && !slices.Contains(s.heavyPages(), address) {
			continue
		}
		seen[address] = true
		r := consoleRequest{address: address}
		row.requests = append(row.requests, r)
		// What was found is asked for again, in turns: the first answer is no sample.
		page, err := s.request(&consoleRow{name: kind}, r)
		if err != nil {
			return nil, err
		}
		found, err := s.addresses(page)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		queue = append(queue, found...)
	}
	rows := append(slices.Collect(stdmaps.Values(kinds)), first)
	return append(append(rows, s.extremes()...), s.previews()...), nil
}

// kindOf returns the kind of an address: its page, and its parameters without
// values.
func kindOf(address string) string {
	name, query, _ := strings.Cut(address, "?")
	if name == "" || name == "./" {
		name = "overview"
	}
	q, _ := url.ParseQuery(query)
	params := slices.Sorted(stdmaps.Keys(q))
	params = slices.DeleteFunc(params, func(p string) bool { return q.Get(p) == "" })
	if len(params) == 0 {
		return name
	}
	return name + " by " + strings.Join(params, ", ")
}

// request asks for a page and returns its body. The time and the size are a
// sample of the row.
func (s *consoleSite) request(row *consoleRow, c consoleRequest) ([]byte, error) {
	method, body := http.MethodGet, ""
	if c.form != nil {
		method, body = http.MethodPost, c.form.Encode()
	}
	r := httptest.NewRequest(method, consoleURL+consolePath+c.address, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range s.cookies[cmp.Or(c.user, administrator)] {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	start, busy := time.Now(), processorTime()
	s.handler.ServeHTTP(w, r)
	row.times, row.processor = append(row.times, time.Since(start)), append(row.processor, processorTime()-busy)
	row.bytes = max(row.bytes, w.Body.Len())
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("%s: %s %s is answered with %d: %s", row.name, method, c.address, w.Code, alertOf(w.Body.Bytes()))
	}
	return w.Body.Bytes(), nil
}

// logIn logs a user in by the login page.
func (s *consoleSite) logIn(user string) error {
	form := url.Values{"user": {user}, "password": {benchPassword}}
	r := httptest.NewRequest(http.MethodPost, consoleURL+"/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if s.cookies[user] = w.Result().Cookies(); w.Code != http.StatusSeeOther || len(s.cookies[user]) == 0 {
		return fmt.Errorf("the login of %s is answered with %d", user, w.Code)
	}
	return nil
}

// addresses returns the addresses to which a page leads: its links, and its
// forms with GET with each field filled in alone. Files to download are no
// pages.
func (s *consoleSite) addresses(page []byte) (list []string, err error) {
	document, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	for n := range document.Descendants() {
		switch {
		case n.Data == "a":
			list = append(list, attribute(n, "href"))
		case n.Data == "form" && attribute(n, "method") != "post":
			filled, err := s.fillIn(n)
			if err != nil {
				return nil, err
			}
			list = append(list, filled...)
		}
	}
	base, err := url.Parse(consoleURL + consolePath)
	if err != nil {
		return nil, err
	}
	var below []string
	for _, link := range list {
		u, err := base.Parse(link)
		if err != nil {
			return nil, err
		}
		u.Fragment = ""
		address, ok := strings.CutPrefix(u.String(), base.String())
		if ok && u.Query().Get("format") != "csv" {
			below = append(below, address)
		}
	}
	return below, nil
}

// fillIn returns the addresses to which a form with GET leads, with each field
// filled in alone. Hidden fields are always sent.
func (s *consoleSite) fillIn(form *html.Node) (list []string, err error) {
	action := attribute(form, "action")
	hidden := url.Values{}
	for n := range form.Descendants() {
		if attribute(n, "type") == "hidden" {
			hidden.Set(attribute(n, "name"), attribute(n, "value"))
		}
	}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		if name == "" || attribute(n, "type") == "hidden" {
			continue
		}
		value, err := s.valueFor(n, name)
		if err != nil {
			return nil, fmt.Errorf("the form of %s: %w", action, err)
		}
		filled := stdmaps.Clone(hidden)
		filled.Set(name, value)
		list = append(list, action+"?"+filled.Encode())
	}
	return append(list, action+"?"+hidden.Encode()), nil
}

// valueFor returns a value for a field: the last choice of a list, the day of
// today, or a text of the world.
func (s *consoleSite) valueFor(n *html.Node, name string) (string, error) {
	if n.Data == "select" {
		value := ""
		for option := range n.Descendants() {
			if option.Data == "option" {
				value = attribute(option, "value")
			}
		}
		return value, nil
	}
	if attribute(n, "type") == "date" {
		return time.Now().UTC().Format(time.DateOnly), nil
	}
	w := s.world
	values := map[string]string{
		"q": "01", "g": "group", "user": w.user(w.users / 2), "subject": w.user(w.users / 2), "actor": "admin1", "group": everyone, "right": "area01",
		"scope": w.scope(3), "addr": "10.0.0.0/16", "ask": w.permission(2), "name": w.group(1),
	}
	value, ok := values[name]
	if !ok {
		return "", fmt.Errorf("valueFor of bench/console_pages.go knows no text for the field %q", name)
	}
	return value, nil
}

// alertOf returns the text of the alert on a page.
func alertOf(page []byte) string {
	document, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return err.Error()
	}
	for n := range document.Descendants() {
		if attribute(n, "role") == "alert" && n.FirstChild != nil {
			return n.FirstChild.Data
		}
	}
	return "without an alert"
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// heavyPages are the pages with the most to read in a world: deep pages, large
// groups, filters that find little, and filters together.
func (s *consoleSite) heavyPages() []string {
	w := s.world
	return []string{
		"users?after=" + w.user(w.users-60), "users?q=no+such+text", "users?group=everyone&q=99&state=disabled", "users?permission=" + w.permission(0),
		"users?login=365&scope=" + w.scope(1), "groups?after=" + w.group(w.groups-60), "group?name=" + everyone, "group?name=" + w.group(0),
		"group?after=" + w.user(w.users-60) + "&name=" + everyone, "permission?name=" + w.permission(0), "user?name=" + administrator,
		"changes?after=1000&after_seq=1", "changes?actor=nobody", "changes?subject=" + everyone, "changes?action=AssignUser&actor=admin3&scope=" + w.scope(5),
		"why?ask=" + w.permission(0) + "&user=" + w.user(1), "why?ask=" + url.QueryEscape(`all(has_permission("area01.do0001"), not(in_group("admins")))`) + "&user=" + w.user(1) + "&scope=" + w.scope(1),
		"view-as?user=" + w.user(1), "view-as?scope=" + w.scope(1) + "&user=" + w.user(1), "matrix?g=group&q=area01", "scopes?q=" + w.scope(7),
		"sessions?addr=10.1.0.0/16&kind=session",
	}
}

// extremes are the pages of the users, groups and sets with the most to show.
func (s *consoleSite) extremes() []*consoleRow {
	w := s.world
	right := w.permission(3)
	list := map[string][]string{
		"": {
			"user?name=" + collector, "users?q=" + collector, "view-as?user=" + collector, "view-as?scope=org:0&user=" + collector, "why?scope=org:0&ask=" + right + "&user=" + collector,
			"separation?set=" + url.QueryEscape(largeSet), "group?name=leads", "group?name=desk0001", "user?name=" + delegate, "changes?subject=leads", "delegations?q=leads",
		},
		delegate: {"", "users", "users?scope=tenant:0471", "new-user", "user?name=" + delegate, "groups", "group?name=" + w.group(1)},
	}
	var rows []*consoleRow
	for _, user := range slices.Sorted(stdmaps.Keys(list)) {
		for _, address := range list[user] {
			rows = append(rows, &consoleRow{name: strings.TrimSpace("extreme: " + cmp.Or(address, "overview") + " " + user), requests: []consoleRequest{{address: address, user: user}}})
		}
	}
	return rows
}

// previews are forms whose effect reaches many users, and which are not
// confirmed.
func (s *consoleSite) previews() []*consoleRow {
	w := s.world
	bulk := url.Values{"do": {"assign"}, "group": {w.group(1)}}
	for i := range 500 {
		bulk.Add("user", w.user(i))
	}
	list := map[string]url.Values{
		"a grant to everybody":          {"do": {"grant"}, "group": {everyone}, "permission": {w.permission(3)}},
		"a pattern for everybody":       {"do": {"grant"}, "group": {everyone}, "permission": {"area02.*"}},
		"everybody inherits":            {"do": {"inherit"}, "group": {everyone}, "junior": {w.group(w.groups/4 - 1)}},
		"the group of everybody goes":   {"do": {"delete-group"}, "group": {everyone}},
		"a scope ends":                  {"do": {"end-scope"}, "scope": {w.scope(1)}},
		"500 users get a group":         bulk,
		"a set of the largest group":    {"do": {"create-set"}, "kind": {"static"}, "set": {"new"}, "member": {everyone, "leads"}, "cardinality": {"2"}},
		"a revoke from a senior of all": {"do": {"revoke"}, "group": {w.group(w.groups - 2)}, "permission": {w.permission((w.groups - 2) * 7)}},
	}
	var rows []*consoleRow
	for _, name := range slices.Sorted(stdmaps.Keys(list)) {
		list[name].Set("back", "groups")
		rows = append(rows, &consoleRow{name: "preview: " + name, preview: true, requests: []consoleRequest{{address: "change", form: list[name]}}})
	}
	return rows
}
