package console

import (
	"maps"
	"slices"
	"strings"
)

// correction is a form with the fields of an edit that was refused, so that the
// person need not type them again.
type correction struct {
	Do     string
	Hidden [][2]string // name and value
	Fields []correctionField
}

type correctionField struct {
	Name, Label, Value string
	Lines              bool // one value a line
}

// correctable are the fields that people type, in the order of the forms, with
// the keys of their labels.
var correctable = [][2]string{
	{"name", "field.name"}, {"set", "name"}, {"permission", "permission"}, {"junior", "inherit group"}, {"section", "section"},
	{"display_name", "field.display_name"}, {"email", "field.email"}, {"title", "field.title"}, {"description", "field.description"},
	{"position", "field.position"}, {"cardinality", "limit"}, {"member", "groups"}, {"scope", "scope"}, {"note", "field.note"},
}

// keyFields are the fields that name the record of a kind of edit. With other
// values, the edit would be another edit.
var keyFields = map[string][]string{
	"revoke": {"permission"}, "disinherit": {"junior"}, "modify-permission": {"permission"}, "modify-section": {"section"},
	"deassign": {"scope"}, "modify-membership": {"scope"},
}

// correction returns the form for an edit, or nil if there is nothing to
// correct, as for a deletion.
func (v *visit) correction(e edit) *correction {
	if kinds[e.do].named != "" {
		return nil
	}
	typed := slices.Clone(correctable)
	switch e.do {
	case "add-group", "set-delegation":
		typed = append(typed, [2]string{"group", "group"})
	case "assign":
		typed = append([][2]string{{"user", "user name"}, {"group", "group"}}, typed...)
	}
	c := &correction{Do: e.do}
	shown := []string{"do"}
	for _, f := range typed {
		if values := e.fields[f[0]]; len(values) > 0 && !slices.Contains(keyFields[e.do], f[0]) {
			field := correctionField{Name: f[0], Label: v.T(f[1]), Value: values[0]}
			if f[0] == "member" {
				field.Name, field.Value, field.Lines = "members", strings.Join(values, "\n"), true
			}
			c.Fields = append(c.Fields, field)
			shown = append(shown, f[0])
		}
	}
	if c.Fields == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(e.fields)) {
		if !slices.Contains(shown, name) {
			c.Hidden = append(c.Hidden, [2]string{name, e.get(name)})
		}
	}
	return c
}
