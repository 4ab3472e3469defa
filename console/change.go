package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/rbac-go/rbac"
)

// change takes the forms that change something. Edits of a user take effect at
// once. Others are staged: the page shows their effect, and sends them again
// with the field confirm.
func (c *console) change(v *visit) error {
	if text := v.form("undo"); text != "" {
		return v.undo(text)
	}
	edits, err := v.edits()
	if err != nil {
		return err
	}
	since, err := parseRevision(v.form("since"))
	if err != nil {
		return err
	}
	staged := len(edits) > 1
	for _, e := range edits {
		staged = staged || !kinds[e.do].direct
	}
	if staged && v.form("confirm") == "" {
		return v.stage(http.StatusOK, edits, since, nil)
	}
	if name := toConfirm(edits); name != "" && v.form("confirm_name") != name {
		return v.stage(http.StatusUnprocessableEntity, edits, since, errName)
	}
	if err := v.apply(edits, since); err != nil {
		if staged && v.form("confirm") != "" {
			return v.stage(httpStatus(err), edits, since, err)
		}
		return err
	}
	return nil
}

// edits returns the edits of a form: those in the fields edit, and the edit of
// the other fields, once for each user that is named.
func (v *visit) edits() (list []edit, err error) {
	form := v.r.PostForm
	if err := v.readUntil(form); err != nil {
		return nil, err
	}
	for _, text := range form["edit"] {
		fields, err := url.ParseQuery(text)
		if err != nil {
			return nil, fmt.Errorf("%w: an edit cannot be read", rbac.ErrInvalid)
		}
		e, err := newEdit(fields)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	if form.Get("do") != "" {
		users := form["user"]
		if len(users) == 0 {
			users = []string{""}
		}
		for _, user := range users {
			form.Set("user", user)
			e, err := newEdit(form)
			if err != nil {
				return nil, err
			}
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: nothing was chosen", rbac.ErrInvalid)
	}
	if len(list) > maxEdits {
		return nil, errMany
	}
	return list, nil
}

// readUntil replaces the day in a form by the end of the day in the zone of the
// page.
func (v *visit) readUntil(form url.Values) error {
	text := form.Get("until_day")
	if text == "" {
		return nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, v.zone)
	if err != nil {
		return fmt.Errorf("%w: %q is no day", rbac.ErrInvalid, text)
	}
	form.Set("until", day.AddDate(0, 0, 1).Format(time.RFC3339))
	return nil
}

// toConfirm returns the name that the person has to type before the edits are
// applied; empty: none.
func toConfirm(edits []edit) string {
	for _, e := range edits {
		if !kinds[e.do].named {
			continue
		}
		switch {
		case len(edits) > 1:
			return strconv.Itoa(len(edits))
		case e.get("set") != "":
			return e.get("set")
		case e.get("scope") != "":
			return e.get("scope")
		case e.get("group") != "":
			return e.get("group")
		}
		return e.get("user")
	}
	return ""
}

// apply makes edits in the name of the person, and leads back to the page, which
// says what happened.
func (v *visit) apply(edits []edit, since rbac.Revision) error {
	var before rbac.Revision
	err := v.c.auth.UpdateAs(v.reason(), v.id, func(tx *rbac.Tx) error {
		before = tx.Revision()
		return applyAll(tx, edits, since)
	})
	if err != nil {
		return err
	}
	v.redirect(withParam(landing(edits, v.back()), "done", strconv.FormatInt(int64(before), 10)))
	return nil
}

// landing returns the page after edits: the page of the form, unless its record
// is gone or has another name.
func landing(edits []edit, back string) string {
	if len(edits) != 1 {
		return back
	}
	switch e := edits[0]; e.do {
	case "delete-user":
		return "users"
	case "delete-group":
		return "groups"
	case "end-scope":
		return "scopes"
	case "modify-user":
		return address("user", "name", e.get("name"))
	case "modify-group":
		return address("group", "name", e.get("name"))
	case "add-group":
		return address("group", "name", e.get("group"))
	}
	return back
}

// reason returns the context of an Update with the reason of the form.
func (v *visit) reason() context.Context {
	if reason := v.form("reason"); reason != "" {
		return rbac.WithReason(v.r.Context(), reason)
	}
	return v.r.Context()
}

// withParam returns the address of a page with one more parameter.
func withParam(page, name, value string) string {
	path, query, _ := cutQuery(page)
	q, _ := url.ParseQuery(query)
	q.Set(name, value)
	return path + "?" + q.Encode()
}

func cutQuery(page string) (path, query string, found bool) {
	for i := range len(page) {
		if page[i] == '?' {
			return page[:i], page[i+1:], true
		}
	}
	return page, "", false
}

// stageData is the data of the page of staged edits.
type stageData struct {
	Edits   []edit
	Effect  rbac.Effect
	Since   rbac.Revision
	Back    string
	Reason  string
	Confirm string // the name to type; empty: none
	Fault   string // why the edits cannot be applied
	Changed bool   // somebody else changed a record: the effect is that of now
}

// stage shows the effect of edits. Fault is why they were not applied.
func (v *visit) stage(status int, edits []edit, since rbac.Revision, fault error) error {
	d := stageData{Edits: edits, Back: v.back(), Reason: v.form("reason"), Confirm: toConfirm(edits)}
	effect, err := v.c.auth.PreviewAs(v.reason(), v.id, func(tx *rbac.Tx) error {
		d.Since, v.now = tx.Revision(), tx.Now()
		return applyAll(tx, edits, 0)
	})
	switch {
	case err != nil:
		d.Fault = v.sayError(err)
		status = httpStatus(err)
	case fault != nil:
		d.Fault = v.sayError(fault)
		d.Changed = true
	case since > 0:
		d.Since = min(since, d.Since)
	}
	d.Effect = effect
	return v.show(status, "stage", frame{Title: v.T("stage"), Data: d})
}

func parseRevision(text string) (rbac.Revision, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: no revision", rbac.ErrInvalid)
	}
	return rbac.Revision(n), nil
}

// message says on a page what the person has just changed. The parameter done
// has the revision before: what happened is read from the change log, and only
// changes of the person count, so that nobody can make up a message, nor an
// undo, by a link.
type message struct {
	Changes []rbac.Change
	More    int    // further changes
	Undo    string // the value of the field undo; empty: there is nothing to undo
}

// undoTime is how long a change is offered to be undone.
const undoTime = 10 * time.Minute

const shownChanges = 5

func (v *visit) message() *message {
	since, err := parseRevision(v.query("done"))
	if err != nil || v.query("done") == "" {
		return nil
	}
	m := &message{}
	err = v.c.auth.View(v.r.Context(), func(tx *rbac.Tx) error {
		changes, err := changesOf(tx, since, v.id.User())
		if err != nil || len(changes) == 0 {
			return err
		}
		if tx.Now().Sub(changes[0].At) > undoTime {
			m = nil
			return nil
		}
		m.Changes = changes[:min(len(changes), shownChanges)]
		m.More = len(changes) - len(m.Changes)
		if _, ok := inverse(changes); ok {
			m.Undo = strconv.FormatInt(int64(since), 10)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return m
}

// changesOf returns the changes of the first revision after another, if an actor
// made them.
func changesOf(tx *rbac.Tx, after rbac.Revision, actor string) (list []rbac.Change, err error) {
	for c, err := range tx.Changes(rbac.ChangeQuery{After: after, Limit: 2 * maxEdits}) {
		if err != nil {
			return nil, err
		}
		if c.Revision != after+1 || c.Actor != actor || !c.Verified && !c.ActedFor {
			break
		}
		list = append(list, c)
	}
	return list, nil
}

// undo makes the inverse of the changes after a revision, unless somebody has
// changed the user since.
func (v *visit) undo(text string) error {
	since, err := parseRevision(text)
	if err != nil {
		return err
	}
	var edits []edit
	err = v.c.auth.View(v.r.Context(), func(tx *rbac.Tx) error {
		changes, err := changesOf(tx, since, v.id.User())
		if err != nil {
			return err
		}
		e, ok := inverse(changes)
		if !ok || tx.Now().Sub(changes[0].At) > undoTime {
			return rbac.ErrNotFound
		}
		edits = []edit{e}
		return nil
	})
	if err != nil {
		return err
	}
	return v.apply(edits, since+1)
}

// consequences are the changes that disabling a user brings along. Ended sessions
// and links stay ended when the account is enabled again.
var consequences = []string{"ExpireLink", "RevokeTicket", "Logout", "LogoutUser", "EndTickets"}

// inverse returns the edit that undoes changes, which have to be a single change
// of a user or of a membership, and what follows from it.
func inverse(changes []rbac.Change) (edit, bool) {
	changes = slices.DeleteFunc(slices.Clone(changes), func(c rbac.Change) bool { return slices.Contains(consequences, c.Action) })
	if len(changes) != 1 {
		return edit{}, false
	}
	c := changes[0]
	var before, after rbac.Membership
	switch c.Action {
	case "AssignUser":
		return makeEdit("deassign", "user", c.Subject, "group", c.Object, "scope", c.Scope), true
	case "DeassignUser", "ModifyMembership":
		if json.Unmarshal(c.Before, &before) != nil || c.After != nil && json.Unmarshal(c.After, &after) != nil {
			return edit{}, false
		}
		do := "assign"
		if c.Action == "ModifyMembership" {
			do = "modify-membership"
		}
		until := ""
		if !before.Until.IsZero() {
			until = before.Until.Format(time.RFC3339Nano)
		}
		return makeEdit(do, "user", c.Subject, "group", c.Object, "scope", c.Scope, "note", before.Note, "until", until), true
	case "ModifyUser":
		before, after, err := userStates(c)
		if err != nil {
			return edit{}, false
		}
		if before.Disabled != after.Disabled {
			do := "enable"
			if before.Disabled {
				do = "disable"
			}
			return makeEdit(do, "user", after.Name), true
		}
		return makeEdit("modify-user", "user", after.Name, "name", before.Name, "display_name", before.DisplayName,
			"email", before.Email, "note", before.Note), true
	}
	return edit{}, false
}

// userStates returns the user before and after a ModifyUser.
func userStates(c rbac.Change) (before, after rbac.User, err error) {
	if err = json.Unmarshal(c.Before, &before); err == nil {
		err = json.Unmarshal(c.After, &after)
	}
	return before, after, err
}
