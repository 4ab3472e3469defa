package main

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/users"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// message is a message in a room. Later messages have greater ids, over all
// rooms.
type message struct {
	ID     int64
	Room   string
	Author uuid.UUID // not the name, which another user may get later
	By     string    // the shown name of the author
	Text   string
	At     time.Time
}

const mostText = 1000 // characters in a message

// typed returns a text as typed: forms send each new line as two characters.
func typed(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// textProblem returns the mistake in a typed message, as a sentence; empty:
// none.
func textProblem(text string) string {
	switch {
	case strings.TrimSpace(text) == "":
		return "The message is empty."
	case utf8.RuneCountInString(text) > mostText:
		return "The message is too long."
	case !utf8.ValidString(text), strings.ContainsFunc(text, unseen):
		return "The message has characters that cannot be shown."
	}
	return ""
}

func unseen(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }

// createHistory creates the table of messages, in the file and in the
// transactions of the store. SQLite writes one transaction after another, so
// messages are committed in the order of their ids: a reader who has read up to
// an id finds no smaller id later. AUTOINCREMENT never uses an id twice.
func createHistory(ctx context.Context, tx *rbac.Tx) error {
	db := database(tx)
	_, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS messages (
		id     INTEGER PRIMARY KEY AUTOINCREMENT,
		room   TEXT NOT NULL,
		author TEXT NOT NULL,
		text   TEXT NOT NULL,
		at     TIMESTAMP NOT NULL)`)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `CREATE INDEX IF NOT EXISTS messages_of_room ON messages (room, id)`)
	return err
}

func addMessage(ctx context.Context, tx *rbac.Tx, m message) error {
	_, err := database(tx).ExecContext(ctx, `INSERT INTO messages (room, author, text, at) VALUES (?, ?, ?, ?)`,
		m.Room, m.Author, m.Text, m.At.UTC())
	return err
}

const selectMessages = `SELECT id, room, author, text, at FROM messages `

// latestMessages returns the last messages of a room, the oldest first.
func latestMessages(ctx context.Context, tx *rbac.Tx, room string, limit int) ([]message, error) {
	list, err := readMessages(ctx, tx, selectMessages+`WHERE room = ? ORDER BY id DESC LIMIT ?`, room, limit)
	slices.Reverse(list)
	return list, err
}

// messagesAfter returns the first messages in a room after an id.
func messagesAfter(ctx context.Context, tx *rbac.Tx, room string, after int64, limit int) ([]message, error) {
	return readMessages(ctx, tx, selectMessages+`WHERE room = ? AND id > ? ORDER BY id LIMIT ?`, room, after, limit)
}

// allMessagesAfter returns the first messages in all rooms after an id.
func allMessagesAfter(ctx context.Context, tx *rbac.Tx, after int64, limit int) ([]message, error) {
	return readMessages(ctx, tx, selectMessages+`WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
}

// lastID returns the greatest id; zero if there is no message.
func lastID(ctx context.Context, tx *rbac.Tx) (id int64, err error) {
	err = database(tx).QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM messages`).Scan(&id)
	return id, err
}

func readMessages(ctx context.Context, tx *rbac.Tx, query string, args ...any) ([]message, error) {
	rows, err := database(tx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	list, err := scanMessages(rows)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]string{}
	for i, m := range list {
		if _, ok := names[m.Author]; !ok {
			if names[m.Author], err = users.ShownName(tx, m.Author); err != nil {
				return nil, err
			}
		}
		list[i].By = names[m.Author]
	}
	return list, nil
}

func scanMessages(rows *sql.Rows) (list []message, err error) {
	defer rows.Close()
	for rows.Next() {
		var m message
		if err := rows.Scan(&m.ID, &m.Room, &m.Author, &m.Text, &m.At); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// database returns the transaction of tx, for statements of the chat.
func database(tx *rbac.Tx) sqlitestore.DBTX {
	db, ok := sqlitestore.Tx(tx)
	if !ok {
		panic("the history needs an Authority on sqlitestore")
	}
	return db
}
