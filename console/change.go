package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// change handles the forms that change something. Edits of a user take effect
// at once. Other edits are staged: the page shows their effect, and sends the
// edits again with the digest of the effect.
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
	switch {
	case !staged:
		err := v.apply(edits, since, "")
		if err != nil && v.keeps(edits[0], err) {
			return v.stage(httpguard.Status(err), edits, since, err)
		}
		return err
	case v.form("effect") == "":
		return v.stage(http.StatusOK, edits, since, nil)
	}
	// Spaces count: a scope may begin with one.
	if name := toConfirm(edits); name != "" && v.r.PostForm.Get("confirm_name") != name {
		return v.stage(http.StatusUnprocessableEntity, edits, since, errName)
	}
	if err := v.apply(edits, since, v.form("effect")); err != nil {
		return v.stage(httpguard.Status(err), edits, since, err)
	}
	return nil
}

// keeps reports whether the page of a refusal keeps an edit that takes effect
// at once, so that the person can correct the edit or send it again.
func (v *visit) keeps(e edit, err error) bool {
	switch status := httpguard.Status(err); {
	case errors.Is(err, rbac.ErrConflict) || temporary(err):
		return true
	case status == http.StatusConflict || status == http.StatusUnprocessableEntity || status == http.StatusNotFound:
		return v.correction(e) != nil
	}
	return false
}

// temporary reports whether an error is a fault of the store and not of the
// edits: the edits may succeed if they are sent again.
func temporary(err error) bool {
	return errors.Is(err, rbac.ErrBusy) || errors.Is(err, rbac.ErrUnavailable)
}

// most returns how many edits the person may send at once.
func (v *visit) most() int {
	if v.access.admin {
		return maxEdits
	}
	return maxDelegateEdits
}

// edits returns the edits of a form: the edits in the fields edit, and the edit
// of the other fields, once for each named user.
func (v *visit) edits() (list []edit, err error) {
	form := v.r.PostForm
	if len(form["edit"])+len(form["user"]) > v.most() {
		return nil, errMany
	}
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
		e, err := newEdit(form)
		if err != nil {
			return nil, err
		}
		if k := kinds[e.do]; k.delegable && e.get("user") == "" {
			return nil, errNothing
		}
		list = append(list, e)
		for _, user := range form["user"][min(len(form["user"]), 1):] {
			another := edit{e.do, maps.Clone(e.fields)}
			another.fields.Set("user", user)
			list = append(list, another)
		}
	}
	if len(list) == 0 {
		return nil, errNothing
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
	day, ok := v.day(text)
	if !ok {
		return errDay
	}
	form.Set("until", day.AddDate(0, 0, 1).Format(time.RFC3339))
	return nil
}

// day returns the beginning of a day, such as 2026-03-05, in the zone of the
// page. Days before 1971 or more than a century ahead are errors.
func (v *visit) day(text string) (time.Time, bool) {
	day, err := time.ParseInLocation(time.DateOnly, text, v.zone)
	ok := err == nil && day.Year() > 1970 && day.Before(v.now.AddDate(100, 0, 0))
	return day, ok
}

var errDay = fmt.Errorf("%w: no day between 1971 and a century ahead", rbac.ErrInvalid)

// toConfirm returns the name that the person has to type before the edits are
// applied, or their number if there are several; empty: nothing.
func toConfirm(edits []edit) string {
	for _, e := range edits {
		if field := kinds[e.do].named; field != "" {
			if len(edits) > 1 {
				return strconv.Itoa(len(edits))
			}
			return e.get(field)
		}
	}
	return ""
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
	case "delete-permission":
		return "permissions"
	case "add-permission":
		return address("permission", "name", e.get("name"))
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
	path, query, _ := strings.Cut(page, "?")
	q, _ := url.ParseQuery(query)
	q.Set(name, value)
	return path + "?" + q.Encode()
}

// stageData is the data of the page of staged edits.
type stageData struct {
	Edits    []edit
	Effect   rbac.Effect
	Digest   string // of the Effect; empty: the effect was not shown
	Since    rbac.Revision
	Back     string
	Reason   string
	Confirm  string      // the name to type; empty: none
	Typed    string      // in place of Confirm, so far
	Fault    string      // why the edits cannot be applied
	Again    bool        // the Fault is temporary
	Warnings []string    // about names that may be mistyped
	Correct  *correction // of a single edit that is refused; nil: none

	Violators []string // the first users who would violate a new set
	More      bool     // there can be others
}

// Button reports whether the page has a button that sends the edits.
func (d stageData) Button() bool { return d.Again || len(d.Effect.Changes) > 0 }

// stage shows the effect of edits. Fault is why they were not applied. If the
// store cannot answer now, the page keeps everything that was sent.
func (v *visit) stage(status int, edits []edit, since rbac.Revision, fault error) error {
	d := stageData{Edits: edits, Back: v.back(), Reason: v.form("reason"), Confirm: toConfirm(edits), Since: since}
	var err error
	if !temporary(fault) {
		err = v.foresee(&d, fault)
	}
	if err := cmp.Or(err, fault); temporary(err) {
		d.Again, d.Fault, d.Digest, d.Since = true, v.sayError(err), v.form("effect"), since
		if d.Typed = v.r.PostForm.Get("confirm_name"); d.Digest == "" {
			d.Confirm = ""
		}
		return v.show(httpguard.Status(err), "stage", frame{Title: v.T("stage"), Data: d})
	}
	switch {
	case err != nil:
		status, d.Fault = httpguard.Status(err), v.sayError(err)
		if len(edits) == 1 {
			d.Correct = v.correction(edits[0])
		}
	case fault != nil:
		d.Fault = v.sayError(fault)
	}
	if status >= http.StatusInternalServerError {
		return cmp.Or(err, fault)
	}
	if errors.Is(err, rbac.ErrSeparation) && len(edits) == 1 && edits[0].do == "create-set" {
		if d.Violators, d.More, err = v.violators(edits[0]); err != nil {
			return err
		}
	}
	return v.show(status, "stage", frame{Title: v.T("stage"), Data: d})
}

// foresee fills in the effect of edits. After a conflict, the form continues
// from the present revision: the page has shown the conflict to the person.
func (v *visit) foresee(d *stageData, fault error) error {
	if _, err := v.check(d.Edits, 0); err != nil {
		return err
	}
	var at rbac.Revision
	effect, err := v.preview(d.Edits, &at)
	if at > 0 && (d.Since == 0 || at < d.Since || errors.Is(fault, rbac.ErrConflict)) {
		d.Since = at
	}
	if err != nil {
		return err
	}
	d.Effect, d.Digest = effect, digestOf(effect)
	d.Warnings, err = v.warnings(d.Edits)
	return err
}

// changeList has the changes of an effect on a page: the first changes with
// their differences, and the others in words.
type changeList struct {
	First  []rbac.Change
	Others []string
	Count  int // of Others, and of those that have no room
	More   int // that have no room
}

// maxSentences bounds the words of Others in bytes: the changes of maxEdits
// edits of users have room.
const maxSentences = 100_000

// List returns the changes of an effect.
func (f frame) List(changes []rbac.Change) changeList {
	n := min(len(changes), 2*shownRows)
	l := changeList{First: changes[:n], Count: len(changes) - n}
	room := maxSentences
	for i, c := range changes[n:] {
		text := f.planned(c)
		if room -= len(text); room < 0 {
			l.More = l.Count - i
			break
		}
		l.Others = append(l.Others, text)
	}
	return l
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
