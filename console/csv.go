package console

import (
	"bytes"
	"encoding/csv"
	"mime"
	"strings"
	"time"
)

const (
	maxRows = 100_000 // rows of a CSV file
	maxPage = 1000    // rows that are read at once
)

// table is a table that is sent as CSV.
type table struct {
	v *visit
	b bytes.Buffer
	w *csv.Writer
}

// table begins a table with the titles of its columns.
func (v *visit) table(titles ...string) *table {
	t := &table{v: v}
	t.w = csv.NewWriter(&t.b)
	for i, title := range titles {
		titles[i] = v.T(title)
	}
	t.row(titles...)
	return t
}

// row adds a row. A cell that a spreadsheet would take for a formula gets an
// apostrophe (OWASP, CSV Injection).
func (t *table) row(cells ...string) {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r\n", rune(c[0])) || strings.HasPrefix(c, "＝") || strings.HasPrefix(c, "＋") ||
			strings.HasPrefix(c, "－") || strings.HasPrefix(c, "＠") {
			cells[i] = "'" + c
		}
	}
	_ = t.w.Write(cells) // into memory
}

func (t *table) send(name string) error {
	t.w.Flush()
	if err := t.w.Error(); err != nil {
		return err
	}
	t.v.setHeaders("text/csv; charset=utf-8")
	t.v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{
		"filename": name + "-" + t.v.now.UTC().Format("2006-01-02") + ".csv",
	}))
	_, err := t.b.WriteTo(t.v.w)
	return ignoreWrite(err)
}

// ignoreWrite drops the error of a response that nobody reads any more.
func ignoreWrite(error) error { return nil }

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
