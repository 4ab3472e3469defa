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
	"github.com/rbac-go/rbac/internal/names"
)

// changesData is the data of the change log.
type changesData struct {
	Rows           []rbac.Change
	Actor, Subject string
	Scope, Action  string
	Since, Until   string // days
	Actions        []choice
	Pages          pager
	Filters        bool
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
	if day, ok := v.day(d.Since); ok {
		q.Since = day
	}
	if day, ok := v.day(d.Until); ok {
		q.Until = day.AddDate(0, 0, 1)
	}
	if v.query("format") == "csv" {
		return v.changesCSV(q)
	}
	if rev, err := strconv.ParseInt(v.query("after"), 10, 64); err == nil && rev > 0 {
		q.Last.Revision = rbac.Revision(rev)
		q.Last.Seq, _ = strconv.Atoi(v.query("after_seq"))
	}
	list, err := v.readChanges(q)
	if err != nil {
		return err
	}
	next := ""
	if d.Rows = list; len(list) > pageSize {
		d.Rows = list[:pageSize]
		last := list[pageSize-1]
		next = address("changes", "actor", d.Actor, "subject", d.Subject, "scope", d.Scope, "action", d.Action,
			"since", d.Since, "until", d.Until, "after", strconv.FormatInt(int64(last.Revision), 10), "after_seq", strconv.Itoa(last.Seq))
	}
	d.Pages = v.pager(next, "after", "after_seq")
	return v.show(http.StatusOK, "changes", frame{CSV: v.next("format", "csv"), Data: d})
}

func (v *visit) readChanges(q rbac.ChangeQuery) ([]rbac.Change, error) {
	return read(v, func(tx *rbac.Tx, list *[]rbac.Change) (err error) {
		*list, err = collect(tx.Changes(q))
		return err
	})
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
	fields := []string{}
	for name := range before {
		fields = append(fields, name)
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	for _, name := range fields {
		if before[name] != after[name] && !slices.Contains(saidFields, name) && (name != "name" || len(before) > 0 && len(after) > 0) {
			list = append(list, fieldChange{name, short(before[name]), short(after[name])})
		}
	}
	return list
}

// saidFields are the fields that the sentence, or the entry, already states.
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
		var yes bool
		if json.Unmarshal(value, &yes) == nil && string(value) != "null" {
			text = v.yesNo(yes)
		} else if json.Unmarshal(value, &texts) == nil && texts != nil {
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

// recordPages are the pages of the subject and of the object of actions.
var recordPages = map[string][2]string{
	"AddUser": {"user"}, "ModifyUser": {"user"}, "SetPasswordHash": {"user"}, "Unlock": {"user"},
	"AssignUser": {"user", "group"}, "ModifyMembership": {"user", "group"}, "DeassignUser": {"user", "group"},
	"AddGroup": {"group"}, "ModifyGroup": {"group"},
	"AddPermission": {"permission"}, "ModifyPermission": {"permission"},
	"GrantPermission": {"group", "permission"}, "ModifyGrant": {"group", "permission"}, "RevokePermission": {"group", "permission"},
	"AddInheritance": {"group", "group"}, "DeleteInheritance": {"group", "group"},
	"AddDelegation": {"group"}, "ModifyDelegation": {"group"}, "DeleteDelegation": {"group"},
	"IssueLink": {"user"}, "RedeemLink": {"user"}, "ExpireLink": {"user"},
	"AddActiveGroup": {"user"}, "DropActiveGroup": {"user"}, "SetActiveGroups": {"user"}, "IssueKey": {"user"},
	"LogoutUser": {"user"}, "EndTickets": {"user"}, "RevokeTicket": {"user"}, "Logout": {"user"},
	"AddSSDSetMember": {"", "group"}, "AddDSDSetMember": {"", "group"}, "DeleteSSDSetMember": {"", "group"}, "DeleteDSDSetMember": {"", "group"},
}

// Records returns links to the records that a change is about, under their
// names at the time of the change.
func (f frame) Records(c rbac.Change) (list []crumb) {
	pages := recordPages[c.Action]
	for i, name := range []string{c.Subject, c.Object} {
		if pages[i] != "" && name != "" && !(pages[i] == "permission" && names.IsPattern(name)) {
			list = append(list, crumb{name, address(pages[i], "name", name)})
		}
	}
	return list
}

// yesNo returns the word for a truth value.
func (v *visit) yesNo(yes bool) string {
	if yes {
		return v.T("yes word")
	}
	return v.T("no word")
}

// Diff returns the fields that a change changes, as far as the person sees them.
func (f frame) Diff(c rbac.Change) []fieldChange { return f.seenDiff(c) }

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
