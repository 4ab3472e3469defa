package console

import (
	"strings"

	"github.com/rbac-go/rbac"
)

// say returns a sentence about a change that has been made.
func (v *visit) say(c rbac.Change) string { return v.inWords("change.", c) }

// planned returns a sentence about a change that has not been made yet.
func (v *visit) planned(c rbac.Change) string { return v.inWords("will.", c) }

// inWords returns a change by the text of its action. The texts of a tense have
// the same prefix.
func (v *visit) inWords(tense string, c rbac.Change) string {
	actor := c.Actor
	if actor == "" {
		actor = v.T("nobody named")
	}
	key := tense + c.Action
	if c.Action == "ModifyUser" {
		key = tense + modifyUserKey(c)
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

// modifyUserKey distinguishes the most common changes of a user.
func modifyUserKey(c rbac.Change) string {
	before, after, err := userStates(c)
	switch {
	case err != nil || before.Disabled == after.Disabled:
		return "ModifyUser"
	case after.Disabled:
		return "DisableUser"
	}
	return "EnableUser"
}
