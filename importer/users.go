package importer

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// batch imports users, each with everything or not at all.
func (i *importing) batch(users []user) step {
	return func(tx *rbac.Tx, r *Report) error {
		for n := range users {
			rows, err := i.user(tx, &users[n])
			if err != nil {
				return err
			}
			r.add(rows...)
			for _, row := range rows {
				if row.Outcome == NotTaken && row.Column != passwordColumn {
					r.leftUser(users[n].Subject, row.Reason)
				}
			}
		}
		return nil
	}
}

// user imports a user, and returns the user's rows with their outcomes.
func (i *importing) user(tx *rbac.Tx, u *user) ([]Row, error) {
	_, err := tx.UserBySubject(u.Subject)
	if err == nil {
		return u.all(Present, ""), nil
	}
	refusal := u.refused
	for _, j := range u.joins {
		if refusal == "" {
			refusal = i.closed[j.group]
		}
	}
	switch {
	case !isRefusal(err):
		return nil, err
	case i.gone.users[u.Subject] != "":
		refusal = i.gone.users[u.Subject]
	case refusal == "":
		rows, err := i.add(tx, u)
		if err == nil || !isRefusal(err) {
			return rows, err
		}
		if refusal, err = i.holder(tx, u, err); err != nil {
			return nil, err
		}
	}
	return u.all(NotTaken, refusal), nil
}

// holder returns the reason of a refusal. If the name or the address is taken,
// the reason names the user who has it.
func (i *importing) holder(tx *rbac.Tx, u *user, refusal error) (string, error) {
	why := reason(refusal)
	of, ok := errors.AsType[*rbac.Error](refusal)
	if !ok || of.Kind != rbac.ErrExists || of.Record != "user" {
		return why, nil
	}
	find, has := tx.User, "name"
	value := u.Name
	if of.Field == "Email" {
		find, has, value = tx.UserByEmail, "address", u.Email
	}
	found, err := find(value)
	if err != nil {
		if isRefusal(err) {
			err = nil
		}
		return why, err
	}
	shown := "the user " + found.Name
	for _, other := range i.plan.users {
		if other.Subject == found.Subject {
			shown += ", " + cmp.Or(strings.TrimSpace(other.row.Table+" "+other.row.Key), other.Name) + " of the source,"
		}
	}
	return why + ": " + shown + " has the " + has, nil
}

// all returns every row of a user with one outcome.
func (u *user) all(o Outcome, reason string) []Row {
	rows := []Row{u.row.as(o, reason)}
	for _, j := range u.joins {
		rows = append(rows, j.row.as(o, reason))
	}
	for _, of := range u.own {
		rows = append(rows, of.row.as(o, reason))
	}
	return rows
}

// add adds a user with all groups, permissions and the password. After a
// refusal, nothing of the user is left.
func (i *importing) add(tx *rbac.Tx, u *user) (rows []Row, err error) {
	account := u.User
	account.Note = i.note()
	added, err := tx.ImportUser(account)
	if err != nil {
		return nil, err
	}
	var groups []string // of the user's own
	defer func() {
		if !isRefusal(err) {
			return
		}
		undo := tx.DeleteUser(added.Name)
		for _, group := range groups {
			undo = errors.Join(undo, tx.DeleteGroup(group))
		}
		if undo != nil { // no refusal: the Update must not commit half a user
			err = errors.New(undo.Error())
		}
	}()
	rows = append(rows, u.row.as(Taken, ""))
	for _, j := range u.joins {
		if err := i.assign(tx, added.Name, j.group, j.scope); err != nil {
			return nil, err
		}
		rows = append(rows, j.row.as(Taken, j.row.Reason))
	}
	for _, of := range u.own {
		group := ownGroup(added.Name, of.scope)
		if !slices.Contains(groups, group) {
			if _, err := tx.AddGroup(rbac.Group{Name: group, Note: i.note()}); err != nil {
				return nil, err
			}
			groups = append(groups, group)
			if err := i.assign(tx, added.Name, group, of.scope); err != nil {
				return nil, err
			}
		}
		if err := i.grant(tx, group, of.permission); err != nil {
			return nil, err
		}
		rows = append(rows, of.row.as(Taken, "through the group "+group))
	}
	if added.Name != u.Name {
		reportName(rows, added.Name)
	}
	more, err := i.columns(tx, u, added.Name)
	return append(rows, more...), err
}

// reportName reports a name that was changed to another form, in the first row
// of the user. A source without a table of users has rows of groups only.
func reportName(rows []Row, name string) {
	for n, row := range rows {
		if row.Table != "" {
			rows[n].Reason = strings.TrimPrefix(row.Reason+"; as the user "+name, "; ")
			return
		}
	}
}

func (i *importing) assign(tx *rbac.Tx, user, group, scope string) error {
	err := tx.AssignUser(rbac.Membership{User: user, Group: group, Scope: scope, Note: i.note()})
	if errors.Is(err, rbac.ErrExists) { // two rows of the source say the same
		return nil
	}
	return err
}

// grant grants a permission of the source to a group. A name with * is refused,
// since the name would be a pattern here. The permission of administrators is
// refused, since the permission means more here than in the source.
func (i *importing) grant(tx *rbac.Tx, group, permission string) error {
	reason := names.CheckNoPattern(permission)
	if permission == i.auth.Config().Administer {
		reason = "is the permission of administrators here"
	}
	if reason != "" {
		return invalid("permission", permission, "Name", reason)
	}
	return tx.GrantPermission(rbac.Grant{Group: group, Permission: permission, Note: i.note()})
}

// ownGroup is the name of the group that has the permissions of one user.
func ownGroup(user, scope string) string {
	if scope == "" {
		return "user:" + user
	}
	return "user:" + user + "@" + scope
}

const passwordColumn = "password"

// columns takes the password and the flags of a user who has been added.
func (i *importing) columns(tx *rbac.Tx, u *user, name string) ([]Row, error) {
	var rows []Row
	at := func(column string, o Outcome, reason string) {
		rows = append(rows, Row{Table: u.row.Table, Key: u.row.Key, Column: column, Outcome: o, Reason: reason})
	}
	switch group := i.superusersGroup(); {
	case u.superuser == "":
	case !i.options.Superusers:
		at(u.superuser, NotTaken, "superusers were not asked for")
	case i.closed[group] != "":
		at(u.superuser, NotTaken, i.closed[group])
	default:
		if err := i.assign(tx, name, group, ""); err != nil {
			return nil, err
		}
		at(u.superuser, Taken, "through the group "+group)
	}
	rows = append(rows, u.notes...)
	if u.password == nil {
		return rows, nil
	}
	c := i.credentials[u.Subject]
	if c == (credential{}) { // the user was deleted while the batch was hashed
		c.reason = "was not read"
	}
	if c.reason == "" && c.scheme == "" {
		switch err := tx.SetPasswordHash(name, c.stored); {
		case err == nil:
		case isRefusal(err):
			c.reason = reason(err)
		default:
			return nil, err
		}
	}
	if c.reason != "" {
		at(passwordColumn, NotTaken, c.reason)
	} else {
		at(passwordColumn, Taken, "")
	}
	return rows, nil
}
