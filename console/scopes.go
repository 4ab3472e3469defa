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
	More   bool // there are more scopes than are shown
	Since  rbac.Revision
}

type scopeRow struct {
	Name    string
	Members int
}

func (c *console) scopes(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *scopesData) error {
		d.Search, d.Since = v.query("q"), tx.Revision()
		for scope, err := range tx.Scopes() {
			if err != nil {
				return err
			}
			if scope == "" || !strings.Contains(scope, d.Search) {
				continue
			}
			if d.More = len(d.Rows) == pageSize; d.More {
				break
			}
			n, err := countUsers(tx, rbac.UserQuery{Scope: scope}, fewMembers)
			if err != nil {
				return err
			}
			d.Rows = append(d.Rows, scopeRow{scope, n})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "scopes", frame{Data: d})
}
