package console

import (
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
)

// overviewData is the data of the first page.
type overviewData struct {
	Users, Disabled, Groups, Permissions, Scopes int
	Changes                                      []rbac.Change
	Assignable                                   []scopeGroups // for delegates
	Pages                                        pager         // of Assignable
	Findings                                     []findingRow
	FoundAt                                      time.Time
	FindingsFailed                               bool
}

// scopeGroups are the groups that a delegate may assign in a scope.
type scopeGroups struct {
	Scope  string
	Groups []string
}

const shownRows = 10

func (c *console) overview(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *overviewData) error {
		if !v.access.admin {
			return v.assignable(tx, d)
		}
		return v.counts(tx, d)
	})
	if err != nil {
		return err
	}
	if v.access.admin {
		list, at, ok := c.found.get(v.r.Context(), c.auth, v.now)
		d.Findings, d.FoundAt, d.FindingsFailed = v.findingRows(list), at, !ok
	}
	return v.show(http.StatusOK, "overview", frame{Data: d})
}

func (v *visit) counts(tx *rbac.Tx, d *overviewData) (err error) {
	if d.Users, err = countUsers(tx, rbac.UserQuery{}, maxCount); err != nil {
		return err
	}
	if d.Disabled, err = countUsers(tx, rbac.UserQuery{State: rbac.DisabledUser}, maxCount); err != nil {
		return err
	}
	groups, err := tx.Groups()
	if err != nil {
		return err
	}
	permissions, err := tx.Permissions()
	if err != nil {
		return err
	}
	d.Groups, d.Permissions = len(groups), len(permissions)
	for scope, err := range tx.Scopes() {
		if err != nil {
			return err
		}
		if scope != "" {
			d.Scopes++
		}
		if d.Scopes > maxCount {
			break
		}
	}
	d.Changes, err = lastChanges(tx, "")
	return err
}

// maxCount bounds the records that a page counts. If there are more, the page
// states this.
const maxCount = 1000

func (v *visit) assignable(tx *rbac.Tx, d *overviewData) error {
	// For delegates of thousands of scopes, finding the groups of a scope is
	// slow. A page therefore has fewer scopes than a table has rows.
	scopes := firstPart(v, v.access.scopes, "scopes", func(rows []string) int { return min(len(rows), shownRows/2) })
	d.Pages = scopes.Pages
	for _, scope := range scopes.Rows {
		groups, err := tx.Assignable(v.id, scope)
		if err != nil {
			return err
		}
		d.Assignable = append(d.Assignable, scopeGroups{scope, namesOf(groups)})
	}
	return nil
}
