package console

import (
	"net/http"
	"strings"

	"github.com/rbac-go/rbac"
)

// scopesData is the data of the list of scopes.
type scopesData struct {
	Rows   []scopeRow
	Search string
	Pages  pager
	Since  rbac.Revision
}

type scopeRow struct {
	Name    string
	Members int
	More    bool // there can be more members: no more memberships were read
}

// newScopeRow counts the members of a scope by memberships. Reading users would
// be slower, since the store would merge the members of all groups.
func newScopeRow(tx *rbac.Tx, scope string) (scopeRow, error) {
	list, err := collect(tx.Memberships(rbac.MembershipQuery{Scopes: []string{scope}, Limit: fewMembers + 1}))
	members := map[string]bool{}
	for _, m := range list {
		if !ended(m, tx.Now()) {
			members[m.User] = true
		}
	}
	return scopeRow{scope, len(members), len(list) > fewMembers}, err
}

func (c *console) scopes(v *visit) error {
	if v.query("format") == "csv" {
		return v.scopesCSV()
	}
	d, err := read(v, func(tx *rbac.Tx, d *scopesData) error {
		d.Search, d.Since = v.query("q"), tx.Revision()
		after, next := v.r.URL.Query().Get("after"), ""
		for scope, err := range tx.Scopes() {
			if err != nil {
				return err
			}
			if scope == "" || scope <= after || !strings.Contains(scope, d.Search) {
				continue
			}
			if len(d.Rows) == pageSize {
				next = v.next("after", d.Rows[pageSize-1].Name)
				break
			}
			row, err := newScopeRow(tx, scope)
			if err != nil {
				return err
			}
			d.Rows = append(d.Rows, row)
		}
		d.Pages = v.pager(next, "after")
		return nil
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "scopes", frame{CSV: v.next("format", "csv"), Data: d})
}

func (v *visit) scopesCSV() error {
	list, err := read(v, func(tx *rbac.Tx, list *[]string) (err error) {
		*list, err = collect(tx.Scopes())
		return err
	})
	if err != nil {
		return err
	}
	t := v.table("scope")
	return sendAll(t, "scopes", list, func(scope string) {
		if scope != "" && strings.Contains(scope, v.query("q")) {
			t.row(scope)
		}
	})
}
