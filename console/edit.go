package console

import (
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

// maxEdits bounds the edits that are staged together. The edits of a delegate
// have the lower bound maxDelegateEdits, since the powers of the delegate are
// checked for each edit.
const (
	maxEdits         = 500
	maxDelegateEdits = 100
)

var (
	errNothing = fmt.Errorf("%w: nothing was chosen", rbac.ErrInvalid)
	errMany    = fmt.Errorf("%w: too many edits at once", rbac.ErrInvalid)
	errName    = fmt.Errorf("%w: the name does not confirm the deletion", rbac.ErrInvalid)
)

// kind is a kind of edit.
type kind struct {
	apply func(tx *rbac.Tx, e edit) error
	// records returns the records that nobody else may have changed, or made
	// anew under the same name, meanwhile. Nil: none.
	records func(e edit) []record
	direct  bool // takes effect at once, without a preview
	// named is the field with the name that the person has to type, since the
	// record cannot be restored. Empty: no name has to be typed.
	named string
	// delegable: delegates may send the edit, for users whom they see. UpdateAs
	// decides.
	delegable bool
	// done is the error of an edit that has been made already. Among many
	// edits, such an edit is skipped.
	done error
}

// record is the kind and the name of a record, as [rbac.Tx.RequireUnchanged]
// takes them.
type record struct{ kind, name string }

func userRecord(e edit) []record       { return []record{{"user", e.get("user")}} }
func groupRecord(e edit) []record      { return []record{{"group", e.get("group")}} }
func permissionRecord(e edit) []record { return []record{{"permission", e.get("permission")}} }
func sectionRecord(e edit) []record    { return []record{{"section", e.get("section")}} }

func membershipRecords(e edit) []record { return append(userRecord(e), groupRecord(e)...) }

func inheritanceRecords(e edit) []record {
	return append(groupRecord(e), record{"group", e.get("junior")})
}

// memberRecords returns the groups in the field member.
func memberRecords(e edit) (list []record) {
	for _, group := range e.fields["member"] {
		list = append(list, record{"group", group})
	}
	return list
}

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
	}, records: membershipRecords, direct: true, delegable: true, done: rbac.ErrExists},
	"deassign": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.DeassignUser(rbac.Membership{User: e.get("user"), Group: e.get("group"), Scope: e.get("scope")})
	}, records: membershipRecords, direct: true, delegable: true, done: rbac.ErrNotFound},
	"modify-membership": {apply: func(tx *rbac.Tx, e edit) error {
		until, err := e.time("until")
		if err != nil {
			return err
		}
		return tx.ModifyMembership(rbac.Membership{
			User: e.get("user"), Group: e.get("group"), Scope: e.get("scope"), Note: e.get("note"), Until: until,
		})
	}, records: membershipRecords, direct: true, delegable: true},
	"modify-user": {apply: func(tx *rbac.Tx, e edit) error {
		return modifyUser(tx, e, func(u *rbac.User) {
			u.Name, u.DisplayName, u.Email = e.get("name"), e.get("display_name"), e.get("email")
			if e.fields.Has("note") { // delegates do not see the note
				u.Note = e.get("note")
			}
		})
	}, records: userRecord, direct: true, delegable: true},
	"disable": {apply: func(tx *rbac.Tx, e edit) error {
		return modifyUser(tx, e, func(u *rbac.User) { u.Disabled = true })
	}, records: userRecord, direct: true, delegable: true},
	"enable": {apply: func(tx *rbac.Tx, e edit) error {
		return modifyUser(tx, e, func(u *rbac.User) { u.Disabled = false })
	}, records: userRecord, direct: true, delegable: true},
	"unlock": {apply: func(tx *rbac.Tx, e edit) error { return tx.Unlock(e.get("user")) }, records: userRecord, direct: true, delegable: true},
	"end-sessions": {apply: func(tx *rbac.Tx, e edit) error {
		_, err := tx.EndTickets(e.get("user"))
		return err
	}, records: userRecord, direct: true, delegable: true},
	"end-session": {apply: endSession, records: userRecord, direct: true, delegable: true},
	"delete-user": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteUser(e.get("user")) }, records: userRecord, named: "user", delegable: true},

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
	}, records: groupRecord, direct: true},
	"delete-group": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteGroup(e.get("group")) }, records: groupRecord, named: "group"},
	"grant": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.GrantPermission(rbac.Grant{Group: e.get("group"), Permission: e.get("permission"), Note: e.get("note")})
	}, records: groupRecord},
	"revoke": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.RevokePermission(rbac.Grant{Group: e.get("group"), Permission: e.get("permission")})
	}, records: groupRecord},
	"inherit": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.AddInheritance(rbac.Inheritance{Senior: e.get("group"), Junior: e.get("junior")})
	}, records: inheritanceRecords},
	"disinherit": {apply: func(tx *rbac.Tx, e edit) error {
		return tx.DeleteInheritance(rbac.Inheritance{Senior: e.get("group"), Junior: e.get("junior")})
	}, records: inheritanceRecords},
	"add-permission": {apply: func(tx *rbac.Tx, e edit) error {
		_, err := tx.AddPermission(rbac.Permission{Name: e.get("name"), Title: e.get("title"), Section: e.get("section")})
		return err
	}},
	"modify-permission": {apply: modifyPermission, records: permissionRecord, direct: true},
	"delete-permission": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeletePermission(e.get("permission")) }, records: permissionRecord, named: "permission"},
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
	}, records: sectionRecord, direct: true},
	"delete-section":    {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteSection(e.get("section")) }, records: sectionRecord, named: "section"},
	"set-delegation":    setDelegation,
	"delete-delegation": {apply: func(tx *rbac.Tx, e edit) error { return tx.DeleteDelegation(e.get("group")) }, records: groupRecord},
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
		} else if slices.Contains(editFields, name) && len(values) > 0 && (values[0] != "" || name == "note" && e.do == "modify-user") {
			e.fields.Set(name, values[0]) // an empty note of a user deletes the note
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

// endSession ends one ticket of a user, and leaves all other tickets.
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

// lines returns the lines of texts, without empty lines.
func lines(texts []string) (list []string) {
	for line := range strings.Lines(strings.Join(texts, "\n")) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			list = append(list, line)
		}
	}
	return list
}
