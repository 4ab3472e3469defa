// Package databases shares a database, and its transactions, between rbac and
// hosts that use GORM, sqlx or bun: the code of docs/integration.md, compiled
// and run by tests. The package is in a module of its own, so that importers of
// rbac do not inherit the dependencies. Copy the parts that you need: the
// package is not made to be imported.
package databases

import (
	"strconv"

	"github.com/rbac-go/rbac"
)

// Order is a row of the host. The user who places an order may edit the order.
type Order struct {
	ID    int64  `db:"id" bun:",pk,autoincrement"`
	Owner string `db:"owner"`
	Item  string `db:"item"`
}

func ownerOf(o Order) rbac.Membership {
	return rbac.Membership{User: o.Owner, Group: "owners", Scope: "order:" + strconv.FormatInt(o.ID, 10)}
}
