package console

import (
	"bytes"
	"mime"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxRows = 100_000 // rows of a CSV file
	maxPage = 1000    // rows that are read at once
)

// table is a table that is sent as CSV.
type table struct {
	v *visit
	b bytes.Buffer
}

// table begins a table with the titles of its columns, and with the byte order
// mark by which spreadsheets recognise UTF-8.
func (v *visit) table(titles ...string) *table {
	t := &table{v: v}
	t.b.WriteString("\ufeff")
	for i, title := range titles {
		titles[i] = v.T(title)
	}
	t.row(titles...)
	return t
}

// row adds a row. Every cell is quoted, since some spreadsheets end cells at
// other characters than the comma. A cell that a spreadsheet would take for a
// formula gets an apostrophe (OWASP, CSV Injection).
func (t *table) row(cells ...string) {
	for i, c := range cells {
		if i > 0 {
			t.b.WriteByte(',')
		}
		if first, _ := utf8.DecodeRuneInString(c); c != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
			c = "'" + c
		}
		t.b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
	}
	t.b.WriteString("\r\n")
}

func (t *table) send(name string) error {
	t.v.setHeaders("text/csv; charset=utf-8")
	t.v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{
		"filename": name + "-" + t.v.now.UTC().Format("2006-01-02") + ".csv",
	}))
	_, _ = t.b.WriteTo(t.v.w) // a client that has gone reads no error
	return nil
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
