package console

import (
	"bytes"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/csvcell"
)

const (
	maxRows = 100_000 // rows of a CSV file
	maxPage = 1000    // rows that are read at once
)

// table is a table that is sent as CSV.
type table struct {
	v       *visit
	b       bytes.Buffer
	rows    int
	begun   bool // something was sent
	cut     bool // there were more than maxRows
	columns int
}

// table begins a table with the titles of its columns, and with the byte order
// mark by which spreadsheets recognise UTF-8.
func (v *visit) table(titles ...string) *table {
	t := &table{v: v, columns: len(titles)}
	t.b.WriteString("\ufeff")
	for i, title := range titles {
		titles[i] = v.T(title)
	}
	t.write(titles...)
	return t
}

// row adds a row, up to maxRows.
func (t *table) row(cells ...string) {
	if t.rows == maxRows {
		t.cut = true
		return
	}
	t.rows++
	t.write(cells...)
}

// write writes a line. Every cell is quoted, since some spreadsheets end cells
// at other characters than the comma.
func (t *table) write(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			t.b.WriteByte(',')
		}
		t.b.WriteString(`"` + strings.ReplaceAll(csvcell.Safe(c), `"`, `""`) + `"`)
	}
	t.b.WriteString("\r\n")
}

// send sends the rest of a table.
func (t *table) send(name string) error {
	if t.cut {
		t.last("csv.more")
	}
	t.flush(name)
	return nil
}

// last writes a last line with a text, and with as many cells as the others.
func (t *table) last(key string) {
	cells := make([]string, t.columns)
	cells[0] = t.v.T(key)
	t.write(cells...)
}

// pages sends a table page by page. Each page is read in a View of its own and
// sent after the View: a slow client keeps no transaction open, and no more
// than a page is in memory. If a record changes meanwhile, the table has the
// record either as before or as after the change. The function readPage adds
// the rows of a page, and returns a function that moves on to the next page, or
// nil after the last page. readPage may run more than once for a page.
//
// After an error in the middle, the connection is aborted, so that the browser
// reports a failed download. In case somebody keeps the file all the same, its
// last line states that the table is incomplete.
func (t *table) pages(name string, readPage func(tx *rbac.Tx) (next func(), err error)) error {
	for next := func() {}; next != nil && !t.cut; {
		next()
		length, rows := t.b.Len(), t.rows
		_, err := read(t.v, func(tx *rbac.Tx, _ *struct{}) (err error) {
			t.b.Truncate(length)
			t.rows = rows
			next, err = readPage(tx)
			return err
		})
		if err != nil && !t.begun {
			return err
		}
		if err != nil {
			t.abort(name, err)
		}
		t.flush(name)
	}
	return t.send(name)
}

// sendAll sends a table whose records the store returns whole, such as the
// groups. The file is sent while it is written, so the file is never in memory
// as a whole.
func sendAll[T any](t *table, name string, list []T, row func(T)) error {
	for i, x := range list {
		if row(x); i%maxPage == maxPage-1 {
			t.flush(name)
		}
	}
	return t.send(name)
}

// abort ends a table in the middle.
func (t *table) abort(name string, err error) {
	t.b.Reset()
	t.last("csv.failed")
	t.flush(name)
	if ctx := t.v.r.Context(); ctx.Err() == nil { // the client is still there
		t.v.c.auth.Config().Logger.LogAttrs(ctx, slog.LevelError, "rbac: a table was cut off", slog.String("table", name), slog.Any("error", err))
	}
	panic(http.ErrAbortHandler)
}

// flush sends what has been written so far.
func (t *table) flush(name string) {
	if !t.begun {
		t.begun = true
		t.v.setHeaders("text/csv; charset=utf-8")
		t.v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{
			"filename": name + "-" + t.v.now.UTC().Format("2006-01-02") + ".csv",
		}))
	}
	_, _ = t.b.WriteTo(t.v.w) // a client that has gone reads no error: the next View fails
	t.b.Reset()
	_ = http.NewResponseController(t.v.w).Flush() // without it, the server sends what fits
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
