package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/rbac-go/rbac"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// sqlitePosts is a table of the blog, in the file and in the transactions of
// the store.
type sqlitePosts struct{}

func (sqlitePosts) prepare(ctx context.Context, tx *rbac.Tx) error {
	_, err := database(tx).ExecContext(ctx, `CREATE TABLE IF NOT EXISTS posts (
		id      INTEGER PRIMARY KEY,
		title   TEXT NOT NULL,
		body    TEXT NOT NULL,
		author  TEXT NOT NULL,
		created TIMESTAMP NOT NULL,
		desk    TEXT NOT NULL DEFAULT '')`)
	if err != nil {
		return err
	}
	var has bool // a table of an earlier version has no desks
	err = database(tx).QueryRowContext(ctx, `SELECT count(*) FROM pragma_table_info('posts') WHERE name = 'desk'`).Scan(&has)
	if err == nil && !has {
		_, err = database(tx).ExecContext(ctx, `ALTER TABLE posts ADD COLUMN desk TEXT NOT NULL DEFAULT ''`)
	}
	return err
}

func (sqlitePosts) latest(ctx context.Context, tx *rbac.Tx) ([]Post, error) {
	rows, err := database(tx).QueryContext(ctx,
		`SELECT id, title, body, author, created, desk FROM posts ORDER BY id DESC LIMIT ?`, mostPosts)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Post
	for rows.Next() {
		var p Post
		if err := rows.Scan(&p.ID, &p.Title, &p.Body, &p.Author, &p.Created, &p.Desk); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func (sqlitePosts) get(ctx context.Context, tx *rbac.Tx, id int64) (Post, error) {
	p := Post{ID: id}
	err := database(tx).QueryRowContext(ctx,
		`SELECT title, body, author, created, desk FROM posts WHERE id = ?`, id).Scan(&p.Title, &p.Body, &p.Author, &p.Created, &p.Desk)
	if errors.Is(err, sql.ErrNoRows) {
		err = rbac.ErrNotFound
	}
	return p, err
}

func (sqlitePosts) save(ctx context.Context, tx *rbac.Tx, p Post) (id int64, err error) {
	err = database(tx).QueryRowContext(ctx,
		`INSERT INTO posts (id, title, body, author, created, desk) VALUES (nullif(?, 0), ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET title = excluded.title, body = excluded.body RETURNING id`,
		p.ID, p.Title, p.Body, p.Author, p.Created.UTC(), p.Desk).Scan(&id)
	return id, err
}

// database returns the transaction of tx, for statements of the blog.
func database(tx *rbac.Tx) sqlitestore.DBTX {
	db, ok := sqlitestore.Tx(tx)
	if !ok {
		panic("sqlitePosts needs an Authority on sqlitestore")
	}
	return db
}
