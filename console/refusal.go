package console

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"unicode"

	"github.com/rbac-go/rbac"
)

// sayError returns a text for the person: why something is refused, and who
// could make the refused change. The text for a delegate names no groups and no
// other people, which may be hidden.
func (v *visit) sayError(err error) string {
	switch {
	case errors.Is(err, errAdmins):
		return v.T("error.admins", v.administer())
	case errors.Is(err, errNothing):
		return v.T("error.nothing chosen")
	case errors.Is(err, errOtherEffect):
		return v.T("error.other effect")
	case errors.Is(err, errMany):
		return v.T("error.many", strconv.Itoa(v.most()))
	case errors.Is(err, errDay):
		return v.T("error.day")
	case errors.Is(err, errName):
		return v.T("error.name")
	case temporary(err):
		return v.T("error.busy")
	}
	if gone, ok := errors.AsType[*goneError](err); ok {
		return v.T("error.gone "+gone.kind, gone.name)
	}
	if conflict, ok := errors.AsType[*rbac.ConflictError](err); ok {
		return v.sayConflict(conflict)
	}
	if denied, ok := errors.AsType[*rbac.DeniedError](err); ok {
		return v.sayDenied(denied)
	}
	if parse, ok := errors.AsType[*rbac.ParseError](err); ok && parse.Err != nil {
		return v.T("error.expression", parse.Line, parse.Column, v.lang.reason(parse.Err.Reason))
	}
	fault, ok := errors.AsType[*rbac.Error](err)
	if !ok {
		fault = &rbac.Error{}
	}
	return v.sayFault(err, fault)
}

// sayFault is sayError for an error of a kind, about a record.
func (v *visit) sayFault(err error, fault *rbac.Error) string {
	switch {
	case errors.Is(err, rbac.ErrProtected):
		return v.withGivers(v.T("error.protected", v.permission(fault.Name)), fault.Name)
	case errors.Is(err, rbac.ErrSeparation) && v.access.admin && fault.Field == "Groups": // of the set, which would become too small
		return v.T("error.separation set", fault.Name, v.lang.reason(fault.Reason))
	case errors.Is(err, rbac.ErrSeparation) && v.access.admin && fault.Reason != "":
		return v.T("error.separation", fault.Name, v.lang.reason(fault.Reason))
	case errors.Is(err, rbac.ErrSeparation):
		return v.T("error.separation of others", v.administer())
	case errors.Is(err, rbac.ErrExists) && fault.Field != "" && fault.Field != "Name":
		return v.T("error.exists elsewhere", v.fieldName(fault.Field))
	case errors.Is(err, rbac.ErrExists):
		return v.T("error.exists", fault.Name)
	case errors.Is(err, rbac.ErrNotFound) && !v.access.admin:
		return v.T("error.not seen", v.administer())
	case errors.Is(err, rbac.ErrNotFound) && fault.Name == "":
		return v.T("error.no such page")
	case errors.Is(err, rbac.ErrNotFound):
		if key := "error.no such " + fault.Record; v.T(key) != key {
			return v.T(key, fault.Name)
		}
		return v.T("error.no such record", fault.Name)
	case errors.Is(err, rbac.ErrCycle):
		return v.T("error.cycle")
	case fault.Reason != "":
		return v.T("error.field", v.fieldName(cmp.Or(fault.Field, fault.Record)), v.lang.reason(fault.Reason))
	case errors.Is(err, rbac.ErrInvalid):
		return v.T("error.bad form")
	case errors.Is(err, rbac.ErrThrottled):
		return v.T("error.wait")
	}
	return v.T("error.unexpected")
}

func (v *visit) sayConflict(err *rbac.ConflictError) string {
	switch {
	case !v.access.admin:
		return v.T("error.changed by somebody")
	case err.Change.Action == "":
		return v.T("error.too old")
	}
	c := err.Change
	c.Actor = cmp.Or(c.Actor, v.T("nobody named within"))
	return v.T("error.changed meanwhile", v.say(c), err.Change.At.In(v.zone).Format("2006-01-02 15:04 MST"))
}

// sayDenied names, to administrators, the groups that give the permission of
// administrators. An administrator can be denied if somebody has ended the
// right meanwhile.
func (v *visit) sayDenied(err *rbac.DeniedError) string {
	if !v.access.admin {
		return v.T("error.beyond delegation", v.administer())
	}
	name := v.c.auth.Config().Administer
	return v.withGivers(v.T("error.may not", cmp.Or(v.lang.reason(err.Message), v.permission(name))), name)
}

// administer returns the title of the permission of administrators.
func (v *visit) administer() string { return v.permission(v.c.auth.Config().Administer) }

// permission returns the title of a permission, or the name if the permission
// has no title or cannot be read.
func (v *visit) permission(name string) string {
	p, _ := read(v, func(tx *rbac.Tx, p *rbac.Permission) (err error) { // without the title, the refusal names the name
		*p, err = tx.Permission(name)
		return err
	})
	return cmp.Or(p.Title, name)
}

// withGivers appends the groups that give a permission to a refusal, for
// administrators.
func (v *visit) withGivers(text, permission string) string {
	names, err := read(v, func(tx *rbac.Tx, names *[]string) error {
		groups, err := tx.PermissionGroups(permission)
		for _, g := range groups[:min(len(groups), fewMembers)] {
			*names = append(*names, g.Name)
		}
		return err
	})
	if err != nil || len(names) == 0 || !v.access.admin {
		return text
	}
	return v.T("error.with groups", text, strings.Join(names, ", "))
}

// fieldName returns a field, such as DisplayName or display_name, or a kind of
// record, such as group, in the words of the page.
func (v *visit) fieldName(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	key := "field." + b.String()
	if _, ok := v.lang.texts[key]; ok {
		return v.T(key)
	}
	if _, ok := v.lang.texts[name]; ok { // a record, such as user
		return v.T(name)
	}
	return name
}
