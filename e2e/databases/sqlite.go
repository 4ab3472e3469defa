package databases

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
	"github.com/uptrace/bun"
	"gorm.io/gorm"
)

func orderWithGORM(ctx context.Context, auth *rbac.Authority, g *gorm.DB, order Order) error {
	return auth.Update(ctx, func(tx *rbac.Tx) error {
		db, _ := sqlite.Tx(tx)
		order := order // Update may call this function again
		g := g.Session(&gorm.Session{Context: ctx, SkipDefaultTransaction: true})
		g.Statement.ConnPool = db // statements of this g run in the Update
		if err := g.Create(&order).Error; err != nil {
			return err
		}
		return tx.AssignUser(ownerOf(order))
	})
}

func orderWithSQLX(ctx context.Context, auth *rbac.Authority, x *sqlx.DB, order Order) error {
	return auth.Update(ctx, func(tx *rbac.Tx) error {
		db, _ := sqlite.Tx(tx)
		query, args, err := x.BindNamed(`INSERT INTO orders (owner, item) VALUES (:owner, :item) RETURNING id`, order)
		if err != nil {
			return err
		}
		if err := db.QueryRowContext(ctx, query, args...).Scan(&order.ID); err != nil {
			return err
		}
		return tx.AssignUser(ownerOf(order))
	})
}

func orderWithBun(ctx context.Context, auth *rbac.Authority, b *bun.DB, order Order) error {
	return auth.Update(ctx, func(tx *rbac.Tx) error {
		db, _ := sqlite.Tx(tx)
		order := order
		if _, err := b.NewInsert().Model(&order).Conn(db).Exec(ctx); err != nil {
			return err
		}
		return tx.AssignUser(ownerOf(order))
	})
}
