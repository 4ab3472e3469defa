package importer

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tables reads whole tables in one transaction.
type tables struct {
	ctx  context.Context
	tx   *sql.Tx
	zone *time.Location // of times without a zone; nil: UTC
}

// readTables calls f with the tables of a database. PostgreSQL and SQLite show f
// one state of the database.
func readTables(ctx context.Context, db *sql.DB, zone *time.Location, f func(t *tables) error) error {
	if db == nil {
		return invalid("source", "", "DB", "needed")
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil { // a driver without isolation levels
		if tx, err = db.BeginTx(ctx, nil); err != nil {
			return err
		}
	}
	defer tx.Rollback()
	if zone == nil {
		zone = time.UTC
	}
	return f(&tables{ctx, tx, zone})
}

// inOrder calls functions until the first error.
func (t *tables) inOrder(steps ...func(t *tables) error) error {
	for _, step := range steps {
		if err := step(t); err != nil {
			return err
		}
	}
	return nil
}

// record is a row of a table.
type record struct {
	columns map[string]int
	kinds   []*sql.ColumnType
	values  []any
	zone    *time.Location
}

// read returns the rows of a table in the order of their first column. The name
// may begin with the name of a schema and a dot. The table must have the needed
// columns, and further columns are read, too.
func (t *tables) read(table string, needed ...string) ([]record, error) {
	rows, err := t.tx.QueryContext(t.ctx, "SELECT * FROM "+quoted(table))
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", table, err)
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", table, err)
	}
	columns := map[string]int{}
	for i, kind := range kinds {
		columns[kind.Name()] = i
	}
	for _, name := range needed {
		if _, ok := columns[name]; !ok {
			return nil, invalid("table", table, "", "has no column "+name)
		}
	}
	var records []record
	for rows.Next() {
		values := make([]any, len(kinds))
		into := make([]any, len(kinds))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("table %s: %w", table, err)
		}
		records = append(records, record{columns, kinds, values, t.zone})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("table %s: %w", table, err)
	}
	slices.SortStableFunc(records, func(a, b record) int {
		return compareKeys(asText(a.values[0]), asText(b.values[0]))
	})
	return records, nil
}

// quoted returns a name as an identifier of standard SQL.
func quoted(table string) string {
	parts := strings.Split(table, ".")
	for i, part := range parts {
		parts[i] = `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}

// compareKeys orders numbers by value, and before other texts.
func compareKeys(a, b string) int {
	i, notA := strconv.ParseInt(a, 10, 64)
	j, notB := strconv.ParseInt(b, 10, 64)
	switch {
	case notA == nil && notB == nil:
		return cmp.Compare(i, j)
	case notA == nil:
		return -1
	case notB == nil:
		return 1
	}
	return cmp.Compare(a, b)
}

func (r record) value(column string) any {
	if i, ok := r.columns[column]; ok {
		return r.values[i]
	}
	return nil
}

// has reports whether the table has a column.
func (r record) has(column string) bool { _, ok := r.columns[column]; return ok }

// text returns a column as text. A column that is NULL, or that the table does
// not have, is empty.
func (r record) text(column string) string { return asText(r.value(column)) }

func asText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	}
	return fmt.Sprint(v)
}

// flag reports whether a column is true. SQLite has numbers for truth values.
func (r record) flag(column string) bool {
	switch r.text(column) {
	case "true", "1", "t":
		return true
	}
	return false
}

// time returns a column as a time, zero if there is none. ok is false for a text
// that is no time.
func (r record) time(column string) (at time.Time, ok bool) {
	switch v := r.value(column).(type) {
	case nil:
		return time.Time{}, true
	case time.Time:
		kind := r.kinds[r.columns[column]].DatabaseTypeName()
		if strings.EqualFold(kind, "TIMESTAMPTZ") || v.Location() != time.UTC {
			return v, true
		}
		return time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), v.Nanosecond(), r.zone), true
	}
	text := r.text(column)
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"} {
		if at, err := time.ParseInLocation(layout, text, r.zone); err == nil {
			return at, true
		}
	}
	return time.Time{}, text == ""
}

// row returns the Row of a record: its table, and its key with names.
func row(table, key string, names ...string) Row {
	if len(names) > 0 {
		key += " (" + strings.Join(names, ", ") + ")"
	}
	return Row{Table: table, Key: key}
}
