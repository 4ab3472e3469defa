package rbaccli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// logVerb is the verb log.
type logVerb struct {
	User   string `placeholder:"USER" help:"Only changes of this user or by this user's records, and logins of this user."`
	Actor  string `placeholder:"NAME" help:"Only changes by this actor."`
	Since  *since `placeholder:"TIME" help:"Only entries since a date, or since a duration ago such as 7d."`
	Kind   string `enum:"all,changes,logins" default:"all" placeholder:"KIND" help:"Only changes, or only logins."`
	Follow bool   `short:"f" help:"Wait for new entries and print them, until the verb is interrupted."`
	Limit  int    `default:"100" placeholder:"N" help:"Show the last N entries; 0: all. Default: 100."`
}

func (logVerb) Help() string {
	return `Print changes and logins, the oldest first. An actor in brackets was named by a program and did not log in for the change. A name with unusual characters is in quotes. The format json has one entry in each line. Failed logins of one hour from one network are one entry.

    rbac log --since 7d --actor amy
    rbac log --follow -o json`
}

// logRow is an entry of the log in the output.
type logRow struct {
	At       moment          `json:"at"`
	Kind     string          `json:"kind"` // change or login
	Actor    string          `json:"actor"`
	Verified bool            `json:"verified"`
	Action   string          `json:"action"`
	Subject  string          `json:"subject"`
	Object   string          `json:"object"`
	Scope    string          `json:"scope"`
	Reason   string          `json:"reason"`
	Revision uint64          `json:"revision"`
	Seq      int             `json:"seq"`
	Before   json.RawMessage `json:"before"`
	After    json.RawMessage `json:"after"`
	From     string          `json:"from"`
	Outcome  string          `json:"outcome"`
	Count    int             `json:"count"`
	Agent    string          `json:"user_agent"`
	ID       string          `json:"id"` // of a login
}

func newChangeRow(c rbac.Change) logRow {
	return logRow{
		At: moment(c.At), Kind: "change", Actor: c.Actor, Verified: c.Verified, Action: c.Action, Subject: c.Subject,
		Object: c.Object, Scope: c.Scope, Reason: c.Reason, Revision: uint64(c.Revision), Seq: c.Seq,
		Before: c.Before, After: c.After,
	}
}

func newLoginRow(l rbac.LoginRecord) logRow {
	row := logRow{
		At: moment(l.At), Kind: "login", Action: "Login", Subject: l.User, Object: l.Method, Outcome: l.Outcome,
		Count: l.Count, Agent: l.UserAgent, ID: l.ID.String(),
	}
	if l.From.IsValid() {
		row.From = l.From.String()
		if l.From.IsSingleIP() {
			row.From = l.From.Addr().String()
		}
	}
	return row
}

func (v *logVerb) Run(c *call) error {
	if v.User != "" {
		name, reason := names.CanonicalUser(names.TrimUser(v.User))
		if reason != "" {
			return &rbac.Error{Kind: rbac.ErrInvalid, Record: "user", Name: v.User, Reason: reason}
		}
		v.User = name
	}
	changes := rbac.ChangeQuery{Subject: v.User, Actor: v.Actor, Limit: v.Limit, Newest: true}
	logins := rbac.LoginQuery{User: v.User, Limit: v.Limit}
	if v.Since != nil {
		changes.Since, logins.Since = v.Since.Time, v.Since.Time
	}
	rows, revision, now, err := v.read(c, changes, logins)
	if err != nil {
		return err
	}
	if v.Limit > 0 && len(rows) > v.Limit {
		rows = rows[len(rows)-v.Limit:]
	}
	if len(rows) == 0 && !v.Follow {
		c.note("There is nothing to list.")
	}
	p := newLogPrinter(c)
	if err := p.print(rows); err != nil || !v.Follow {
		return err
	}
	return v.follow(c, p, revision, now)
}

// read reads both logs in one transaction, and returns the entries in the order
// of time.
func (v *logVerb) read(c *call, changes rbac.ChangeQuery, logins rbac.LoginQuery) (rows []logRow, at rbac.Revision, now time.Time, err error) {
	err = c.auth.View(c.ctx, func(tx *rbac.Tx) error {
		rows, at, now = nil, tx.Revision(), tx.Now()
		if v.Kind != "logins" {
			found, err := collect(c, tx.Changes(changes))
			if err != nil {
				return err
			}
			rows = mapped(found, newChangeRow)
		}
		if v.Kind == "changes" || v.Actor != "" {
			return nil
		}
		found, err := collect(c, tx.Logins(logins))
		if errors.Is(err, rbac.ErrNotFound) && len(rows) > 0 {
			return nil // a user who was deleted has changes and no logins
		}
		rows = append(rows, mapped(found, newLoginRow)...)
		return err
	})
	slices.SortStableFunc(rows, func(a, b logRow) int {
		return cmp.Or(time.Time(a.At).Compare(time.Time(b.At)), cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Seq, b.Seq))
	})
	return rows, at, now, err
}

// followEvery is the interval between two reads of new entries.
const followEvery = time.Second

// follow prints new entries until the context ends. Each read overlaps the read
// before by a minute, since a login may be recorded a little after its time.
func (v *logVerb) follow(c *call, p *logPrinter, after rbac.Revision, from time.Time) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	began := from
	for {
		select {
		case <-c.ctx.Done():
			return nil
		case <-tick.C:
		}
		rows, at, now, err := v.read(c,
			rbac.ChangeQuery{Subject: v.User, Actor: v.Actor, After: after},
			rbac.LoginQuery{User: v.User, Since: from.Add(-time.Minute)})
		switch {
		case c.ctx.Err() != nil:
			return nil
		case errors.Is(err, rbac.ErrUnavailable) || errors.Is(err, rbac.ErrBusy):
			continue // a server that restarts
		case err != nil:
			return err
		}
		rows = slices.DeleteFunc(rows, func(r logRow) bool { return p.seen(r, began) })
		after, from = at, now
		if err := p.print(rows); err != nil {
			return err
		}
	}
}

// logPrinter prints entries one after another, and knows the logins that it has
// printed.
type logPrinter struct {
	c      *call
	logins map[string]int // counts by the id of the entry
	titled bool           // the names of the CSV's fields are printed
}

func newLogPrinter(c *call) *logPrinter { return &logPrinter{c: c, logins: map[string]int{}} }

// seen reports whether a login was printed, or was over when the verb began.
func (p *logPrinter) seen(r logRow, began time.Time) bool {
	if r.Kind != "login" {
		return false
	}
	count, printed := p.logins[r.ID]
	return printed && count == r.Count || !printed && r.Count == 1 && time.Time(r.At).Before(began)
}

func (p *logPrinter) print(rows []logRow) error {
	for _, r := range rows {
		if r.Kind == "login" {
			p.logins[r.ID] = r.Count
		}
	}
	switch p.c.Output {
	case "json":
		return p.lines(rows, func(r logRow) (string, error) {
			line, err := json.Marshal(r)
			return string(line), err
		})
	case "yaml":
		if len(rows) == 0 {
			return nil
		}
		return p.c.printRows(rows)
	case "csv":
		first := !p.titled
		p.titled = true
		return p.c.writeCSV(reflect.ValueOf(rows), first)
	}
	return p.lines(rows, func(r logRow) (string, error) { return r.line(p.c), nil })
}

func (p *logPrinter) lines(rows []logRow, text func(logRow) (string, error)) error {
	for _, r := range rows {
		line, err := text(r)
		if err != nil {
			return err
		}
		if err := p.c.println(line); err != nil {
			return err
		}
	}
	return nil
}

// line returns an entry for people.
func (r logRow) line(c *call) string {
	at := time.Time(r.At).Local().Format("2006-01-02 15:04:05")
	if r.Kind == "login" {
		text := fmt.Sprintf("%s  %s  login by %s: %s", at, printable(r.Subject), printable(r.Object), r.Outcome)
		if r.Count > 1 {
			text += fmt.Sprintf(", %d times", r.Count)
		}
		if r.From != "" {
			text += " from " + r.From
		}
		if r.Outcome != "success" {
			return c.red(text)
		}
		return text
	}
	actor := cmp.Or(actorText(r.Actor), "nobody named")
	if !r.Verified {
		actor = "(" + actor + ")"
	}
	return at + "  " + actor + "  " + r.words()
}

// plainActor matches the names of actors that cannot be taken for other parts of
// the line: no brackets, no quotes, and no two spaces in a row.
var plainActor = regexp.MustCompile(`^[\pL\pM\pN._@+:/\\-]*( [\pL\pM\pN._@+:/\\-]+)*$`)

// actorText returns the name of an actor, in quotes if the name is odd.
func actorText(name string) string {
	if plainActor.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

// words returns the action in the terms of the change log.
func (r logRow) words() string {
	parts := []string{r.Action}
	for _, name := range []string{r.Subject, r.Object} {
		if name != "" {
			parts = append(parts, printable(name))
		}
	}
	text := strings.Join(parts, " ")
	if r.Scope != "" {
		text += " in " + printable(r.Scope)
	}
	if r.Reason != "" {
		text += "  # " + printable(r.Reason)
	}
	return text
}

// describe returns a change in one line, without time and actor.
func describe(c rbac.Change) string { return newChangeRow(c).words() }
