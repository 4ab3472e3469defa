package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// delegationsData is the data of the list of delegations.
type delegationsData struct {
	Rows   []rbac.Delegation
	Search string
	Pages  pager
	Groups []rbac.Group // that a new delegation can be for
	Since  rbac.Revision
	found  []rbac.Delegation
}

func (c *console) delegations(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *delegationsData) error {
		d.Search, d.Since = v.query("q"), tx.Revision()
		all, err := tx.Delegations()
		if err != nil {
			return err
		}
		if d.Groups, err = tx.Groups(); err != nil {
			return err
		}
		d.found = slices.DeleteFunc(all, func(x rbac.Delegation) bool {
			return !strings.Contains(x.Group+" "+strings.Join(x.Assign, " "), d.Search)
		})
		after := v.query("after")
		d.Rows = slices.DeleteFunc(slices.Clone(d.found), func(x rbac.Delegation) bool { return x.Group <= after && after != "" })
		next := ""
		if len(d.Rows) > pageSize {
			d.Rows = d.Rows[:pageSize]
			next = v.next("after", d.Rows[pageSize-1].Group)
		}
		d.Pages = v.pager(next, "after")
		return nil
	})
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		return v.delegationsCSV(d.found)
	}
	return v.show(http.StatusOK, "delegations", frame{Count: v.N("n delegations", len(d.found)), CSV: v.next("format", "csv"), Data: d})
}

func (v *visit) delegationsCSV(list []rbac.Delegation) error {
	t := v.table("group", "members may give", "field.users", "note")
	return sendAll(t, "delegations", list, func(x rbac.Delegation) { t.row(x.Group, strings.Join(x.Assign, ", "), v.yesNo(x.Users), x.Note) })
}

// setDelegation adds the delegation of a group, or replaces it.
var setDelegation = kind{
	apply: func(tx *rbac.Tx, e edit) error {
		d := rbac.Delegation{Group: e.get("group"), Assign: e.fields["member"], Users: e.get("users") != "", Note: e.get("note")}
		err := tx.AddDelegation(d)
		if errors.Is(err, rbac.ErrExists) {
			return tx.ModifyDelegation(d)
		}
		return err
	},
	records: func(e edit) []record { return append(groupRecord(e), memberRecords(e)...) },
}

// manyPicker offers groups to choose some from.
type manyPicker struct {
	ID      string
	Chosen  []string
	Groups  []rbac.Group
	TooMany bool // there are too many for a list: the names are typed, one a line
	Help    string
}

// Lines returns the chosen groups, one a line.
func (p manyPicker) Lines() string { return strings.Join(p.Chosen, "\n") }

// Has reports whether a group is chosen.
func (p manyPicker) Has(group string) bool { return slices.Contains(p.Chosen, group) }

// PickMany returns a picker for the field member of an edit.
func (f frame) PickMany(id string, chosen []string, groups []rbac.Group) manyPicker {
	return manyPicker{ID: id, Chosen: chosen, Groups: groups[:min(len(groups), maxListed)], TooMany: len(groups) > maxListed, Help: f.T("one a line")}
}
