package databases

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/rbac-go/rbac"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	"github.com/uptrace/bun"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

func orderWithGORMOnPostgres(ctx context.Context, auth *rbac.Authority, g *gorm.DB, order Order) error {
	return auth.Update(ctx, func(tx *rbac.Tx) error {
		db, _ := postgresstore.Tx(tx)
		order := order // Update may call this function again
		made := g.Session(&gorm.Session{Context: ctx, DryRun: true, SkipDefaultTransaction: true}).Create(&order)
		if made.Error != nil {
			return made.Error
		}
		err := db.QueryRow(ctx, made.Statement.SQL.String(), made.Statement.Vars...).Scan(&order.ID)
		if err != nil {
			return err
		}
		return tx.AssignUser(ownerOf(order))
	})
}

func orderWithSQLXOnPostgres(ctx context.Context, auth *rbac.Authority, x *sqlx.DB, order Order) error {
	return auth.Update(ctx, func(tx *rbac.Tx) error {
		db, _ := postgresstore.Tx(tx)
		query, args, err := x.BindNamed(`INSERT INTO orders (owner, item) VALUES (:owner, :item) RETURNING id`, order)
		if err != nil {
			return err
		}
		if err := db.QueryRow(ctx, query, args...).Scan(&order.ID); err != nil {
			return err
		}
		return tx.AssignUser(ownerOf(order))
	})
}

func orderWithBunOnPostgres(ctx context.Context, auth *rbac.Authority, b *bun.DB, order Order) error {
	return auth.Update(ctx, func(tx *rbac.Tx) error {
		db, _ := postgresstore.Tx(tx)
		order := order
		query, err := b.NewInsert().Model(&order).AppendQuery(b.QueryGen(), nil)
		if err != nil {
			return err
		}
		// The values are in the text, which is not worth preparing.
		if err := db.QueryRow(ctx, string(query), pgx.QueryExecModeExec).Scan(&order.ID); err != nil {
			return err
		}
		return tx.AssignUser(ownerOf(order))
	})
}

// Task is a row that an Update writes for work that needs more of a library
// than one statement.
type Task struct {
	ID    int64
	Order int64
}

func work(ctx context.Context, g *gorm.DB, do func(*gorm.DB, Task) error) error {
	return g.WithContext(ctx).Transaction(func(g *gorm.DB) error {
		var tasks []Task
		locked := g.Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"})
		err := locked.Order("id").Limit(100).Find(&tasks).Error
		for _, task := range tasks {
			err = errors.Join(err, do(g, task), g.Delete(&task).Error)
		}
		return err
	})
}
