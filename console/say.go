package console

import (
	"cmp"
	"errors"
	"strings"

	"github.com/rbac-go/rbac"
)

// say returns a change in words: who did what to whom.
func (v *visit) say(c rbac.Change) string {
	actor := c.Actor
	if actor == "" {
		actor = v.T("nobody named")
	}
	key := "change." + c.Action
	if c.Action == "ModifyUser" {
		key = modifyUserKey(c)
	}
	if _, ok := v.lang.texts[key]; !ok {
		return v.T("change.other", actor, c.Action, strings.TrimSpace(c.Subject+" "+c.Object))
	}
	text := v.T(key, actor, c.Subject, c.Object)
	if c.Scope != "" {
		text += " " + v.T("in scope", c.Scope)
	}
	return text
}

// modifyUserKey tells apart what most changes of a user do.
func modifyUserKey(c rbac.Change) string {
	before, after, err := userStates(c)
	switch {
	case err != nil || before.Disabled == after.Disabled:
		return "change.ModifyUser"
	case after.Disabled:
		return "change.DisableUser"
	}
	return "change.EnableUser"
}

// sayError returns an error in words, for the person.
func (v *visit) sayError(err error) string {
	var conflict *rbac.ConflictError
	var denied *rbac.DeniedError
	var fault *rbac.Error
	switch {
	case errors.Is(err, errAdmins):
		return v.T("error.admins")
	case errors.Is(err, errNothing):
		return v.T("error.nothing chosen")
	case errors.Is(err, errOtherEffect):
		return v.T("error.other effect")
	case errors.As(err, &conflict) && !v.access.admin:
		return v.T("error.changed by somebody")
	case errors.As(err, &denied) && !v.access.admin:
		return v.T("error.beyond delegation")
	case errors.As(err, &conflict) && conflict.Change.Action != "":
		return v.T("error.changed meanwhile", v.say(conflict.Change), conflict.Change.At.In(v.zone).Format("2006-01-02 15:04 MST"))
	case errors.As(err, &conflict):
		return v.T("error.too old")
	case errors.Is(err, errMany):
		return v.T("error.many")
	case errors.Is(err, errName):
		return v.T("error.name")
	case errors.Is(err, rbac.ErrProtected):
		return v.T("error.protected", nameOf(err))
	case errors.Is(err, rbac.ErrSeparation):
		return v.T("error.separation", nameOf(err))
	case errors.As(err, &denied):
		return v.T("error.may not", cmp.Or(denied.Message, denied.Error()))
	case errors.Is(err, rbac.ErrExists):
		return v.T("error.exists", nameOf(err))
	case errors.Is(err, rbac.ErrNotFound) && (nameOf(err) == "" || !v.access.admin):
		return v.T("error.no such page")
	case errors.Is(err, rbac.ErrNotFound):
		return v.T("error.no such record", nameOf(err))
	case errors.Is(err, rbac.ErrCycle):
		return v.T("error.cycle")
	case errors.As(err, &fault) && fault.Reason != "":
		return v.T("error.field", cmp.Or(fault.Field, fault.Record), fault.Reason)
	case errors.Is(err, rbac.ErrInvalid):
		return v.T("error.bad form")
	case errors.Is(err, rbac.ErrThrottled):
		return v.T("error.wait")
	}
	return v.T("error.unexpected")
}

// nameOf returns the name of the record that an error is about.
func nameOf(err error) string {
	if fault, ok := errors.AsType[*rbac.Error](err); ok {
		return cmp.Or(fault.Name, fault.Reason)
	}
	return ""
}
