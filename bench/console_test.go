package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeConsole has the pages by their names, as HTML.
func fakeConsole(pages map[string]string) *consoleSite {
	return &consoleSite{world: newConsoleWorld(1000), handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, consolePath)
		page, ok := pages[name]
		if !ok && name != "change" && !slices.ContainsFunc(newHeavy(), func(h string) bool { return strings.HasPrefix(h, name+"?") }) {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, page)
	})}
}

func newHeavy() []string { return (&consoleSite{world: newConsoleWorld(1000)}).heavyPages() }

func kindsOf(rows []*consoleRow) (list []string) {
	for _, r := range rows {
		list = append(list, r.name)
	}
	return list
}

// A page is measured as soon as there is a way to the page: by a link on any
// page, or by a field of a form.
func TestNewPagesAreMeasured(t *testing.T) {
	rows, err := fakeConsole(map[string]string{
		"": `<a href="./">Overview</a> <a href="reports">Reports</a> <a href="reports?format=csv">CSV</a> <a href="https://elsewhere.example/x">x</a> <a href="/logout">x</a>`,
		"reports": `<a href="report?name=a&empty=#top">a</a><form method="get" action="reports"><input name="q"><select name="state"><option value=""><option value="on"></select></form>
			<form method="post" action="change"><input name="whatever"></form>`,
		"report": `<p>A report`,
	}).explore()
	if err != nil {
		t.Fatal(err)
	}
	got := kindsOf(rows)
	for _, want := range []string{"overview", "reports", "reports by q", "reports by state", "report by name", "users by after", "preview: a scope ends"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not measured, but %q", want, got)
		}
	}
	for _, no := range []string{"reports by format", "logout", "x"} {
		if slices.Contains(got, no) {
			t.Errorf("%q is measured", no)
		}
	}
}

// A page that fails ends the run, and so does a field without a text to fill in.
func TestBrokenPagesEndTheRun(t *testing.T) {
	for page, want := range map[string]string{
		`<a href="gone?x=1">x</a>`:                             "gone by x: GET gone?x=1 is answered with 404: without an alert",
		`<form action="users"><input name="shoe_size"></form>`: `the form of users: valueFor of bench/console_pages.go knows no text for the field "shoe_size"`,
	} {
		s := fakeConsole(map[string]string{"": `<a href="users">x</a>`, "users": page})
		if _, err := s.explore(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", page, err)
		}
	}
}

// Sizes decide, and times are marked.
func TestLimitsOfPages(t *testing.T) {
	row := func(name string, took time.Duration, bytes int) *consoleRow {
		return &consoleRow{name: name, times: slices.Repeat([]time.Duration{took}, 40), processor: slices.Repeat([]time.Duration{took / 2}, 40), bytes: bytes}
	}
	slow, large, preview, first := row("slow", 151*time.Millisecond, 300_000), row("large", 150*time.Millisecond, 300_001),
		row("preview", 2*time.Second, 1), row("first", time.Hour, 1)
	preview.preview, first.once = true, true
	rows := []*consoleRow{slow, large, preview, first}
	if err := tooLarge(rows); err == nil || strings.Contains(err.Error(), "slow") || !strings.Contains(err.Error(), "the page large has 300,001 bytes") {
		t.Errorf("too large: %v", err)
	}
	text := consoleTable(rows)
	if strings.Count(text, "**over**") != 2 || !strings.Contains(text, "| slow | 40 | 151 ms | 151 ms | 76 ms | 300 | **over**: slow |") ||
		!strings.Contains(text, "| large | 40 | 150 ms | 150 ms | 75 ms | 300 | **over**: large |") {
		t.Error(text)
	}
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(100-i))
	}
	if percentile(times, .5) != 51 || percentile(times, .95) != 96 {
		t.Errorf("%d, %d", percentile(times, .5), percentile(times, .95))
	}
}

// The console of a small world is measured whole: every page of the navigation,
// the pages of records, and deep pages.
func TestConsoleIsMeasuredWhole(t *testing.T) {
	w := newConsoleWorld(1000)
	s, err := startConsole(w, func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}()
	if n, err := s.countChanges(); err != nil || n < w.changes || n > w.changes+10 {
		t.Errorf("%d changes, %v", n, err)
	}
	rows, err := s.explore()
	if err != nil {
		t.Fatal(err)
	}
	got := kindsOf(rows)
	for _, want := range []string{
		"overview", "users", "user by name", "new-user", "groups", "group by name", "group by after, name", "scopes", "permissions", "permission by name",
		"matrix", "separation", "why by ask, user", "view-as by user", "sessions", "changes", "changes by after, after_seq", "declared", "settings",
		"users by q", "users by scope", "users by state", "users by login", "changes by actor", "preview: a grant to everybody",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not measured, but %q", want, got)
		}
	}
	if err := s.sample(rows, 0); err != nil {
		t.Error(err)
	}
	for _, r := range rows {
		if len(r.times) == 0 || r.once && len(r.times) > 1 {
			t.Errorf("%s has %d samples", r.name, len(r.times))
		}
	}
}
