package databases

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	_ "github.com/mattn/go-sqlite3" // "sqlite3"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	gormpostgres "gorm.io/driver/postgres"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

func openSQLite(ctx context.Context, path string) (*sql.DB, *sqlite.Store, error) {
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_busy_timeout=5000&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlite.New(ctx, db, sqlite.Options{}) // Options.BusyTimeout: 5 s, too
	return db, store, err
}

func librariesOnSQLite(db *sql.DB) (*gorm.DB, *sqlx.DB, *bun.DB, error) {
	g, err := gorm.Open(gormsqlite.New(gormsqlite.Config{Conn: db}), &gorm.Config{})
	return g, sqlx.NewDb(db, "sqlite3"), bun.NewDB(db, sqlitedialect.New()), err
}

func openPostgres(ctx context.Context, dsn string) (*pgxpool.Pool, *postgresstore.Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, nil, err
	}
	postgresstore.Prepare(config)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	store, err := postgresstore.New(ctx, pool, postgresstore.Options{})
	return pool, store, err
}

func librariesOnPostgres(pool *pgxpool.Pool) (*gorm.DB, *sqlx.DB, *bun.DB, error) {
	db := stdlib.OpenDBFromPool(pool)
	g, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: db}), &gorm.Config{})
	return g, sqlx.NewDb(db, "pgx"), bun.NewDB(db, pgdialect.New()), err
}
