package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// changesData is the data of the change log.
type changesData struct {
	Rows           []changeRow
	Actor, Subject string
	Scope, Action  string
	Since, Until   string // days
	Actions        []choice
	Next           string
	Filters        bool
}

// changeRow is an entry with what differs between before and after.
type changeRow struct {
	rbac.Change
	Fields []fieldChange
}

// fieldChange is a field of a record before and after a change.
type fieldChange struct{ Name, Before, After string }

func (c *console) changes(v *visit) error {
	d := changesData{
		Actor: v.query("actor"), Subject: v.query("subject"), Scope: v.query("scope"), Action: v.query("action"),
		Since: v.query("since"), Until: v.query("until"),
	}
	d.Filters = d.Actor+d.Subject+d.Scope+d.Action+d.Since+d.Until != ""
	d.Actions = v.actions(d.Action)
	q := rbac.ChangeQuery{Actor: d.Actor, Subject: d.Subject, Scope: d.Scope, Action: d.Action, Newest: true, Limit: pageSize + 1}
	if day, err := time.ParseInLocation(time.DateOnly, d.Since, v.zone); err == nil {
		q.Since = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, d.Until, v.zone); err == nil {
		q.Until = day.AddDate(0, 0, 1)
	}
	if v.query("format") == "csv" {
		return v.changesCSV(q)
	}
	if rev, err := strconv.ParseInt(v.query("after"), 10, 64); err == nil && rev > 0 {
		q.Last.Revision = rbac.Revision(rev)
		q.Last.Seq, _ = strconv.Atoi(v.query("after_seq"))
	}
	err := v.view(func(tx *rbac.Tx) error {
		for change, err := range tx.Changes(q) {
			if err != nil {
				return err
			}
			d.Rows = append(d.Rows, changeRow{change, v.fieldChanges(change)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(d.Rows) > pageSize {
		d.Rows = d.Rows[:pageSize]
		last := d.Rows[pageSize-1]
		d.Next = address("changes", "actor", d.Actor, "subject", d.Subject, "scope", d.Scope, "action", d.Action,
			"since", d.Since, "until", d.Until, "after", strconv.FormatInt(int64(last.Revision), 10), "after_seq", strconv.Itoa(last.Seq))
	}
	return v.show(http.StatusOK, "changes", frame{CSV: v.next("format", "csv"), Data: d})
}

// actions are the options of the filter by action, in the words of the page.
func (v *visit) actions(chosen string) (list []choice) {
	for key, text := range v.lang.texts {
		if action, ok := strings.CutPrefix(key, "action."); ok {
			list = append(list, choice{action, text, action == chosen})
		}
	}
	slices.SortFunc(list, func(a, b choice) int { return cmp.Compare(a.Text, b.Text) })
	return list
}

// fieldChanges returns the fields that differ between the records before and
// after.
func (v *visit) fieldChanges(c rbac.Change) (list []fieldChange) {
	before, after := v.fieldsOf(c.Before), v.fieldsOf(c.After)
	names := []string{}
	for name := range before {
		names = append(names, name)
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if before[name] != after[name] && !slices.Contains(saidFields, name) && (name != "name" || len(before) > 0 && len(after) > 0) {
			list = append(list, fieldChange{name, before[name], after[name]})
		}
	}
	return list
}

// saidFields are those that the sentence, or the entry, says already.
var saidFields = []string{
	"id", "user", "group", "permission", "scope", "senior", "junior", "created", "assigned_at", "assigned_by", "granted_at", "granted_by",
	"last_login", "purpose",
}

// fieldsOf returns the fields of a record as texts.
func (v *visit) fieldsOf(record json.RawMessage) map[string]string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(record, &fields) != nil {
		return nil
	}
	list := map[string]string{}
	for name, value := range fields {
		var text string
		var texts []string
		if json.Unmarshal(value, &texts) == nil && texts != nil {
			text = strings.Join(texts, ", ")
		} else if json.Unmarshal(value, &text) != nil {
			text = string(bytes.TrimSpace(value))
		} else if at, err := time.Parse(time.RFC3339, text); err == nil {
			text = at.In(v.zone).Format("2006-01-02 15:04 MST")
		}
		list[name] = text
	}
	return list
}

func (v *visit) changesCSV(q rbac.ChangeQuery) error {
	t := v.table("time", "who", "what", "reason", "before", "after")
	q.Limit = maxPage
	return t.pages("changes", func(tx *rbac.Tx) (func(), error) {
		var last rbac.Change
		rows := 0
		for c, err := range tx.Changes(q) {
			if err != nil {
				return nil, err
			}
			t.row(csvTime(c.At), c.Actor, v.say(c), c.Reason, string(c.Before), string(c.After))
			last = c
			rows++
		}
		if rows < maxPage {
			return nil, nil
		}
		return func() { q.Last.Revision, q.Last.Seq = last.Revision, last.Seq }, nil
	})
}
