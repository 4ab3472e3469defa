package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/rbac-go/rbac"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// postgresPosts is a table of the blog, in the database and in the transactions
// of the store.
type postgresPosts struct{}

func (postgresPosts) prepare(ctx context.Context, tx *rbac.Tx) error {
	_, err := transaction(tx).Exec(ctx, `CREATE TABLE IF NOT EXISTS posts (
		id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		title   TEXT NOT NULL,
		body    TEXT NOT NULL,
		author  UUID NOT NULL,
		created TIMESTAMPTZ NOT NULL);
		ALTER TABLE posts ADD COLUMN IF NOT EXISTS desk TEXT NOT NULL DEFAULT ''`)
	return err
}

func (postgresPosts) latest(ctx context.Context, tx *rbac.Tx) ([]Post, error) {
	rows, err := transaction(tx).Query(ctx,
		`SELECT id, title, body, author, created, desk FROM posts ORDER BY id DESC LIMIT $1`, mostPosts)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Post])
}

func (postgresPosts) get(ctx context.Context, tx *rbac.Tx, id int64) (Post, error) {
	rows, err := transaction(tx).Query(ctx, `SELECT id, title, body, author, created, desk FROM posts WHERE id = $1`, id)
	if err != nil {
		return Post{}, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Post])
	if errors.Is(err, pgx.ErrNoRows) {
		err = rbac.ErrNotFound
	}
	return p, err
}

func (postgresPosts) save(ctx context.Context, tx *rbac.Tx, p Post) (id int64, err error) {
	if p.ID == 0 {
		err = transaction(tx).QueryRow(ctx, `INSERT INTO posts (title, body, author, created, desk) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			p.Title, p.Body, p.Author, p.Created, p.Desk).Scan(&id)
		return id, err
	}
	_, err = transaction(tx).Exec(ctx, `UPDATE posts SET title = $1, body = $2 WHERE id = $3`, p.Title, p.Body, p.ID)
	return p.ID, err
}

// transaction returns the transaction of tx, for statements of the blog.
func transaction(tx *rbac.Tx) pgx.Tx {
	t, ok := postgresstore.Tx(tx)
	if !ok {
		panic("postgresPosts needs an Authority on postgresstore")
	}
	return t
}
