package console

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A cell that a spreadsheet would take for a formula is neutralised, and the
// filter counts.
func TestCSV(t *testing.T) {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "zoe", DisplayName: `=1+1,"x"`})
		return err
	})
	resp := s.get("amy", "users?format=csv")
	if got := resp.Header.Get("Content-Disposition"); got != "attachment; filename=users-2026-03-01.csv" || resp.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("headers %v", resp.Header)
	}
	if !strings.Contains(resp.text, `"zoe","'=1+1,""x""","","Enabled",`) || !strings.Contains(resp.text, `"otto","The otto","otto@example.org","Enabled","readers (org:2)",`) {
		t.Errorf("%s", resp.text)
	}
	if resp := s.get("amy", "users?format=csv&group=admins"); strings.Count(resp.text, "\n") != 2 || !strings.Contains(resp.text, "amy") {
		t.Errorf("%s", resp.text)
	}
	for _, page := range []string{"groups", "permissions", "changes"} {
		if resp := s.get("amy", page+"?format=csv"); resp.StatusCode != http.StatusOK || strings.Count(resp.text, "\n") < 5 {
			t.Errorf("%s: %d\n%s", page, resp.StatusCode, resp.text)
		}
	}
	if resp := s.get("lea", "users?format=csv"); strings.Contains(resp.text, "otto") || !strings.Contains(resp.text, `"bob","The bob","bob@example.org","Enabled","readers (org:1)",`) {
		t.Errorf("a delegate's table:\n%s", resp.text)
	}
}

// addUsers adds users beside the console: u0000, u0001, and so on.
func (s *site) addUsers(n int) {
	s.update(func(tx *rbac.Tx) error {
		for i := range n {
			if _, err := tx.AddUser(rbac.User{Name: fmt.Sprintf("u%04d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A long table is read in pages, and has each row once, in order.
func TestCSVOfManyPages(t *testing.T) {
	s := newSite(t)
	s.addUsers(2*maxPage + 1)
	for page, want := range map[string]int{"users?format=csv&q=u": 2*maxPage + 1, "changes?format=csv&action=AddUser": 2*maxPage + 5} {
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.get("amy", page).text, "\ufeff"))).ReadAll()
		must(t, err)
		seen := map[string]bool{}
		for i, row := range rows[1:] {
			if seen[row[0]+row[2]] {
				t.Fatalf("%s: %v is there twice", page, row)
			}
			seen[row[0]+row[2]] = true
			if strings.HasPrefix(page, "users") && row[0] != fmt.Sprintf("u%04d", i) {
				t.Fatalf("%s: the row %d is %v", page, i, row)
			}
		}
		if len(rows) != want+1 {
			t.Errorf("%s: %d rows, want %d", page, len(rows), want)
		}
	}
}

// A table that fails in the middle does not look like a whole table: the
// connection is aborted, and the last line says so.
func TestCSVThatFails(t *testing.T) {
	var fails, reads atomic.Int64 // the read that fails, from 1, and the reads so far
	faulty := &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{Call: func(c storefault.Call) error {
		if c.Name == "Users" && reads.Add(1) == fails.Load() {
			return fmt.Errorf("the disk is full: %w", rbac.ErrUnavailable)
		}
		return nil
	}}}
	s := siteOn(t, faulty, "/admin/", Config{}, nil)
	s.addUsers(2 * maxPage)
	s.runs.Store(1) // the test counts the reads
	server := httptest.NewServer(s.h)
	defer server.Close()
	for failing, begun := range map[int64]bool{1: false, 2: true} {
		fails.Store(failing)
		reads.Store(0)
		r, err := http.NewRequest(http.MethodGet, server.URL+"/admin/users?format=csv", nil)
		must(t, err)
		r.AddCookie(&http.Cookie{Name: "ticket", Value: s.token["amy"].Secret()})
		resp, err := server.Client().Do(r)
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, resp.Body.Close())
		text := string(body)
		switch {
		case !begun && (resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "u0001")):
			t.Errorf("a table that fails at once: %d\n%.200s", resp.StatusCode, text)
		case begun && (err == nil || !strings.Contains(text, "u0001") || !strings.Contains(text, "This file is incomplete")):
			t.Errorf("a table that fails in the middle: %v, %d bytes", err, len(text))
		}
	}
}

// No table is read at once: the records of each page are read in a View of their
// own, and sent before the next View begins.
func TestCSVIsStreamed(t *testing.T) {
	s := newSite(t)
	s.addUsers(maxPage + 10)
	s.update(func(tx *rbac.Tx) error {
		for i := range maxPage + 10 {
			if _, err := tx.AddGroup(rbac.Group{Name: fmt.Sprintf("g%04d", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range maxPage + 10 {
		s.advance(time.Millisecond)
		must1(s.a.Issue(ctx, rbac.Login{User: fmt.Sprintf("u%04d", i)}))
	}
	for page, want := range map[string]int{"sessions?format=csv": maxPage + 13, "logins?format=csv": maxPage + 13, "groups?format=csv&q=g0": maxPage} {
		r := httptest.NewRequest(http.MethodGet, "http://app.example.com/admin/"+page, nil)
		r.AddCookie(&http.Cookie{Name: "ticket", Value: s.token["amy"].Secret()})
		w := &pieces{ResponseRecorder: httptest.NewRecorder()}
		s.h.ServeHTTP(w, r)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(w.Body.String(), "\ufeff"))).ReadAll()
		must(t, err)
		seen := map[string]bool{}
		for _, row := range rows[1:] {
			seen[strings.Join(row, "|")] = true
		}
		if len(seen) != want || len(rows) != want+1 || w.flushes < 2 {
			t.Errorf("%s: %d rows, %d of them different, in %d pieces, want %d in several", page, len(rows)-1, len(seen), w.flushes, want)
		}
	}
}

// pieces counts the pieces in which a response is sent.
type pieces struct {
	*httptest.ResponseRecorder
	flushes int
}

func (w *pieces) Flush() { w.flushes++ }

// A View that runs again adds no row twice.
func TestCSVReadTwice(t *testing.T) {
	s := newSite(t)
	s.addUsers(maxPage + 1)
	s.runs.Store(2)
	if resp := s.get("amy", "users?format=csv&q=u"); strings.Count(resp.text, "\n") != maxPage+2 {
		t.Errorf("%d lines", strings.Count(resp.text, "\n"))
	}
}

// A table ends after 100,000 rows, and says so.
func TestCSVEnds(t *testing.T) {
	for rows, more := range map[int]bool{maxRows: false, maxRows + 1: true} {
		w := httptest.NewRecorder()
		v := &visit{w: w, lang: builtIn[0], now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
		table := v.table("name", "note")
		for range rows {
			table.row("x", "")
		}
		must(t, table.send("x"))
		if lines := strings.Count(w.Body.String(), `"x"`); lines != maxRows {
			t.Errorf("%d rows, want %d", lines, maxRows)
		}
		if got := strings.Contains(w.Body.String(), `"Only the first 100,000 rows are in this file. Use the filter to get the others.",""`); got != more {
			t.Errorf("%d rows: the file says that it is cut: %v", rows, got)
		}
	}
}
