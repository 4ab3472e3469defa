package console

import (
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// loginsData is the data of the list of sign-ins.
type loginsData struct {
	Logins            []loginRow
	User, Kind, Since string // Since is a day
	Pages             pager
	Filters           bool
}

// loginRow is a record of sign-ins, in the words of the page.
type loginRow struct{ rbac.LoginRecord }

// Succeeded reports whether the record is a sign-in that succeeded.
func (r loginRow) Succeeded() bool { return r.Outcome == "success" }

// Network returns the address or network of the client; empty: unknown.
func (r loginRow) Network() string {
	switch {
	case !r.From.IsValid():
		return ""
	case r.From.IsSingleIP():
		return r.From.Addr().String()
	}
	return r.From.String()
}

func (c *console) logins(v *visit) error {
	d := loginsData{User: v.query("user"), Kind: v.query("kind"), Since: v.query("since")}
	d.Filters = d.User+d.Kind+d.Since != ""
	q := rbac.LoginQuery{User: d.User, Limit: pageSize + 1}
	switch d.Kind {
	case "successful":
		q.Kind = rbac.SuccessfulLogin
	case "failed":
		q.Kind = rbac.FailedLogin
	}
	if day, ok := v.day(d.Since); ok {
		q.Since = day
	}
	if v.query("format") == "csv" {
		return v.loginsCSV(q)
	}
	if at, err := time.Parse(time.RFC3339Nano, v.query("after")); err == nil {
		q.After.At = at
		q.After.ID, _ = uuid.Parse(v.query("after_id"))
	}
	var err error
	if d.Logins, err = read(v, readLogins(q)); err != nil {
		return err
	}
	next := ""
	if len(d.Logins) > pageSize {
		d.Logins = d.Logins[:pageSize]
		last := d.Logins[pageSize-1]
		next = address("logins", "user", d.User, "kind", d.Kind, "since", d.Since,
			"after", last.At.Format(time.RFC3339Nano), "after_id", last.ID.String())
	}
	d.Pages = v.pager(next, "after", "after_id")
	return v.show(http.StatusOK, "logins", frame{CSV: v.next("format", "csv"), Data: d})
}

// readLogins returns a function for read.
func readLogins(q rbac.LoginQuery) func(tx *rbac.Tx, rows *[]loginRow) error {
	return func(tx *rbac.Tx, rows *[]loginRow) error {
		for r, err := range tx.Logins(q) {
			if err != nil {
				return err
			}
			*rows = append(*rows, loginRow{r})
		}
		return nil
	}
}

func (v *visit) loginsCSV(q rbac.LoginQuery) error {
	q.Limit = maxPage
	t := v.table("time", "last attempt", "user", "outcome", "attempts", "from", "browser", "method")
	return t.pages("sign-ins", func(tx *rbac.Tx) (func(), error) {
		var rows []loginRow
		if err := readLogins(q)(tx, &rows); err != nil {
			return nil, err
		}
		for _, r := range rows {
			t.row(csvTime(r.At), csvTime(r.Last), r.User, v.T("outcome."+r.Outcome), strconv.Itoa(r.Count), r.Network(), r.UserAgent, v.T("method."+r.Method))
		}
		if len(rows) < maxPage {
			return nil, nil
		}
		last := rows[len(rows)-1]
		return func() { q.After.At, q.After.ID = last.At, last.ID }, nil
	})
}
