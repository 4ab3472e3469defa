package rbactest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// anonymous is the heading of the column for requests without a login.
const anonymous = "-"

// table is the table of a Matrix.
type table struct {
	users []string
	rows  []*row
	lines []line
}

// line is a line of the table, for printing the table again.
type line struct {
	text    string // as written
	comment string
	header  bool // the line of the users
	row     *row
}

type row struct {
	indent         string
	method, target string
	want           []string // "?" matches no status
	got            []int
}

func (r *row) what() string { return r.method + " " + r.target }

// request returns a new request. parseRow has checked that the call succeeds.
func (r *row) request() *http.Request { return httptest.NewRequest(r.method, r.target, nil) }

// parseTable parses a table. For an update, statuses may be missing.
func parseTable(text string, update bool) (*table, error) {
	tab := &table{}
	for i, text := range strings.Split(text, "\n") {
		rest, comment := cutComment(text)
		l := line{text: text, comment: comment}
		if words := strings.Fields(rest); len(words) > 0 {
			if err := tab.add(&l, words, update); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
		}
		tab.lines = append(tab.lines, l)
	}
	if len(tab.rows) == 0 {
		return nil, fmt.Errorf("a table needs a line of users and a line for each request")
	}
	return tab, nil
}

func (tab *table) add(l *line, words []string, update bool) error {
	if tab.users == nil {
		l.header = true
		tab.users = words
		return nil
	}
	r, err := parseRow(words)
	if err != nil {
		return err
	}
	if len(r.want) > len(tab.users) || len(r.want) < len(tab.users) && !update {
		hint := ""
		if slices.Contains(r.want, "?") {
			hint = ": write one ? per user, or nothing"
		}
		return fmt.Errorf("%s has %d statuses for %d users%s", r.what(), len(r.want), len(tab.users), hint)
	}
	r.indent = l.text[:strings.Index(l.text, r.method)]
	l.row = r
	tab.rows = append(tab.rows, r)
	return nil
}

func parseRow(words []string) (r *row, err error) {
	if len(words) < 2 {
		return nil, fmt.Errorf("%q has no path", words[0])
	}
	r = &row{method: words[0], target: words[1], want: words[2:]}
	defer func() {
		if recover() != nil { // httptest panics on a malformed target
			err = fmt.Errorf("%s is not the beginning of a request", r.what())
		}
	}()
	if u := r.request().URL; !strings.HasPrefix(u.Path, "/") {
		return nil, fmt.Errorf("%s is not the beginning of a request", r.what())
	}
	for _, status := range r.want {
		if n, err := strconv.Atoi(status); status != "?" && (err != nil || n < 100 || n > 599) {
			return nil, fmt.Errorf("%s: %q is not a status", r.what(), status)
		}
	}
	return r, nil
}

// String returns the table with the statuses of the service. Comments, empty
// lines and indentation stay.
func (tab *table) String() string {
	method, first := 0, 0
	for _, r := range tab.rows {
		method = max(method, len(r.method))
	}
	for _, r := range tab.rows {
		first = max(first, method+1+utf8.RuneCountInString(r.target))
	}
	printed := make([]string, 0, len(tab.lines))
	for _, l := range tab.lines {
		switch {
		case l.header:
			printed = append(printed, tab.print(tab.rows[0].indent, first, "", tab.users, l.comment))
		case l.row != nil:
			printed = append(printed, tab.print(l.row.indent, first, fmt.Sprintf("%-*s %s", method, l.row.method, l.row.target), l.row.statuses(), l.comment))
		default:
			printed = append(printed, l.text)
		}
	}
	return strings.Join(printed, "\n")
}

func (r *row) statuses() []string {
	var cells []string
	for _, status := range r.got {
		cells = append(cells, strconv.Itoa(status))
	}
	return cells
}

func (tab *table) print(indent string, width int, what string, cells []string, comment string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%-*s", indent, width, what)
	for i, cell := range cells {
		fmt.Fprintf(&b, "  %-*s", max(3, utf8.RuneCountInString(tab.users[i])), cell)
	}
	if comment != "" {
		b.WriteString("  " + comment)
	}
	return strings.TrimRight(b.String(), " ")
}
