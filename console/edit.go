package console

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// An edit is one change of one record. A form sends edits as queries, such as
// "do=assign&user=bob&group=editors", in the field edit or as fields of their
// own.
type edit struct {
	do     string
	fields url.Values
}

// maxEdits bounds the edits that are staged together.
const maxEdits = 500

var (
	errNothing = fmt.Errorf("%w: nothing was chosen", rbac.ErrInvalid)
	errMany    = fmt.Errorf("%w: too many edits at once", rbac.ErrInvalid)
	errName    = fmt.Errorf("%w: the name does not confirm the deletion", rbac.ErrInvalid)
)

// kind is a kind of edit.
type kind struct {
	apply func(tx *rbac.Tx, e edit) error
	// record returns the record that nobody else may have changed meanwhile:
	// its kind and name. Nil: none.
	record func(e edit) (string, string)
	direct bool // takes effect at once, without a preview
	// named is the field with the name to type, since nothing brings the record
	// back; empty: nothing is to be typed.
	named string
	// delegable: delegates may send the edit, for users whom they see. UpdateAs
	// decides.
	delegable bool
	// done is the error of an edit that has been made already: among many edits,
	// such an edit is passed over.
	done error
}

func userRecord(e edit) (string, string)       { return "user", e.get("user") }
func groupRecord(e edit) (string, string)      { return "group", e.get("group") }
func permissionRecord(e edit) (string, string) { return "permission", e.get("permission") }
func sectionRecord(e edit) (string, string)    { return "section", e.get("section") }

// kinds are the edits by the name in do.
var kinds = map[string]kind{
	"assign": {apply: func(tx *rbac.Tx, e edit) error {
		until, err := e.time("until")
		if err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{
			User: e.get("user"), Group: e.get("group"), Scope: e.get("scope"), Note: e.get("note"), Until: until,
		})
	}, record: userRecord, direct: true, delegable: true, done: rbac.ErrExists},
	"deassign": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.DeassignUser(rbac.Membership{User: e.get("user"), Group: e.get("group"), Scope: e.get("scope")})
	}, record: userRecord, direct: true, delegable: true, done: rbac.ErrNotFound},
	"modify-membership": {apply: func(tx *rbac.Tx, e edit) error {
		until, err := e.time("until")
		if err != nil {
			return err
		}
		return tx.ModifyMembership(rbac.Membership{
			User: e.get("user"), Group: e.get("group"), Scope: e.get("scope"), Note: e.get("note"), Until: until,
		})
	}, record: userRecord, direct: true, delegable: true},
	"modify-user": {apply: func(tx *rbac.Tx, e edit) error {
		return modifyUser(tx, e, func(u *rbac.User) {
			u.Name, u.DisplayName, u.Email, u.Note = e.get("name"), e.get("display_name"), e.get("email"), e.get("note")
		})
	}, record: userRecord, direct: true, delegable: true},
	"disable": {apply: func(tx *rbac.Tx, e edit) error {
		return modifyUser(tx, e, func(u *rbac.User) { u.Disabled = true })
	}, record: userRecord, direct: true, delegable: true},
	"enable": {apply: func(tx *rbac.Tx, e edit) error {
		return modifyUser(tx, e, func(u *rbac.User) { u.Disabled = false })
	}, record: userRecord, direct: true, delegable: true},
	"unlock": {apply: func(tx *rbac.Tx, e edit) error { return tx.Unlock(e.get("user")) }, record: userRecord, direct: true, delegable: true},
	"end-sessions": {apply: func(tx *rbac.Tx, e edit) error {
		_, err := tx.EndTickets(e.get("user"))
		return err
	}, record: userRecord, direct: true, delegable: true},
	"end-session": {apply: endSession, record: userRecord, direct: true, delegable: true},
	"delete-user": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteUser(e.get("user")) }, record: userRecord, named: "user", delegable: true},

	"add-group": {apply: func(tx *rbac.Tx, e edit) error {
		_, err := tx.AddGroup(rbac.Group{Name: e.get("group"), DisplayName: e.get("display_name"), Note: e.get("note")})
		return err
	}, direct: true},
	"modify-group": {apply: func(tx *rbac.Tx, e edit) error {
		g, err := tx.Group(e.get("group"))
		if err != nil {
			return err
		}
		g.Name, g.DisplayName, g.Note = e.get("name"), e.get("display_name"), e.get("note")
		return tx.ModifyGroup(g)
	}, record: groupRecord, direct: true},
	"delete-group": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteGroup(e.get("group")) }, record: groupRecord, named: "group"},
	"grant": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.GrantPermission(rbac.Grant{Group: e.get("group"), Permission: e.get("permission"), Note: e.get("note")})
	}, record: groupRecord},
	"revoke": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.RevokePermission(rbac.Grant{Group: e.get("group"), Permission: e.get("permission")})
	}, record: groupRecord},
	"inherit": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.AddInheritance(rbac.Inheritance{Senior: e.get("group"), Junior: e.get("junior")})
	}, record: groupRecord},
	"disinherit": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.DeleteInheritance(rbac.Inheritance{Senior: e.get("group"), Junior: e.get("junior")})
	}, record: groupRecord},
	"add-permission": {apply: func(tx *rbac.Tx, e edit) error {
		_, err := tx.AddPermission(rbac.Permission{Name: e.get("name"), Title: e.get("title"), Section: e.get("section")})
		return err
	}},
	"modify-permission": {apply: modifyPermission, record: permissionRecord, direct: true},
	"delete-permission": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeletePermission(e.get("permission")) }, record: permissionRecord, named: "permission"},
	"add-section": {apply: func(tx *rbac.Tx, e edit) error {
		s, err := e.section()
		if err != nil {
			return err
		}
		return tx.AddSection(s)
	}, direct: true},
	"modify-section": {apply: func(tx *rbac.Tx, e edit) error {
		s, err := e.section()
		if err != nil {
			return err
		}
		return tx.ModifySection(s)
	}, record: sectionRecord, direct: true},
	"delete-section":    {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteSection(e.get("section")) }, record: sectionRecord, named: "section"},
	"set-delegation":    setDelegation,
	"delete-delegation": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteDelegation(e.get("group")) }, record: groupRecord},
	"create-set":        createSet,
	"delete-set":        deleteSet,
	"end-scope": {apply: func(tx *rbac.Tx, e edit) error {
		_, err := tx.EndScope(e.get("scope"))
		return err
	}, named: "scope"},
}

func (e edit) get(name string) string { return e.fields.Get(name) }

// String returns the edit as a query, for a field edit.
func (e edit) String() string { return e.fields.Encode() }

// time returns a field with a time in RFC 3339. An empty field is the zero time.
func (e edit) time(name string) (time.Time, error) {
	text := e.get(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %s is no time", rbac.ErrInvalid, name)
	}
	return t, nil
}

// newEdit returns the edit of some fields.
func newEdit(fields url.Values) (edit, error) {
	e := edit{do: fields.Get("do"), fields: url.Values{}}
	if _, ok := kinds[e.do]; !ok {
		return edit{}, fmt.Errorf("%w: there is no such edit", rbac.ErrInvalid)
	}
	for name, values := range fields {
		if name == "member" {
			e.fields[name] = append(e.fields[name], values...)
		} else if name == "members" { // one a line
			e.fields["member"] = append(e.fields["member"], lines(values)...)
		} else if slices.Contains(editFields, name) && len(values) > 0 && values[0] != "" {
			e.fields.Set(name, values[0])
		}
	}
	return e, nil
}

// editFields are the fields of edits.
var editFields = []string{
	"do", "user", "group", "scope", "note", "until", "name", "display_name", "email", "permission", "junior", "ticket",
	"set", "kind", "cardinality", "users", "title", "description", "section", "position",
}

func makeEdit(do string, pairs ...string) edit {
	e := edit{do: do, fields: url.Values{"do": {do}}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			e.fields.Set(pairs[i], pairs[i+1])
		}
	}
	return e
}

func modifyUser(tx *rbac.Tx, e edit, f func(*rbac.User)) error {
	u, err := tx.User(e.get("user"))
	if err != nil {
		return err
	}
	f(&u)
	return tx.ModifyUser(u)
}

// endSession ends one ticket of a user: all others are excepted.
func endSession(tx *rbac.Tx, e edit) error {
	var others []uuid.UUID
	found := false
	for t, err := range tx.Tickets(rbac.TicketQuery{User: e.get("user")}) {
		if err != nil {
			return err
		}
		if t.ID.String() == e.get("ticket") {
			found = true
		} else {
			others = append(others, t.ID)
		}
	}
	if !found {
		return &rbac.Error{Kind: rbac.ErrNotFound, Record: "session", Name: e.get("ticket")}
	}
	_, err := tx.EndTickets(e.get("user"), others...)
	return err
}

// check refuses, before anything else, edits that a delegate may not send at
// all, and edits of users and groups that a delegate does not see: the refusal
// does not tell whether they exist.
func (v *visit) check(tx *rbac.Tx, edits []edit) error {
	if v.access.admin {
		return nil
	}
	for _, e := range edits {
		if !kinds[e.do].delegable {
			return errAdmins
		}
		if err := v.access.seesUser(tx, e.get("user")); err != nil {
			return err
		}
		if err := v.mayGive(tx, e.get("group"), e.get("scope")); err != nil {
			return err
		}
	}
	return nil
}

// applyAll applies edits in an Update. With a revision, records that somebody
// else has changed since are a conflict.
func (v *visit) applyAll(tx *rbac.Tx, edits []edit, since rbac.Revision) error {
	if err := v.check(tx, edits); err != nil {
		return err
	}
	checked := map[[2]string]bool{}
	for _, e := range edits {
		if since == 0 || kinds[e.do].record == nil {
			continue
		}
		record, name := kinds[e.do].record(e)
		if key := [2]string{record, name}; !checked[key] {
			checked[key] = true
			if err := tx.RequireUnchanged(since, record, name); err != nil && !errors.Is(err, rbac.ErrNotFound) {
				return err
			}
		}
	}
	for _, e := range edits {
		err := kinds[e.do].apply(tx, e)
		if done := kinds[e.do].done; len(edits) > 1 && done != nil && errors.Is(err, done) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lines returns the lines of texts, without empty lines.
func lines(texts []string) (list []string) {
	for line := range strings.Lines(strings.Join(texts, "\n")) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			list = append(list, line)
		}
	}
	return list
}
