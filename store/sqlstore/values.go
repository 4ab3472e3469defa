package sqlstore

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// micros returns a time as stored: in microseconds since 1970. The zero Time,
// the beginning of the year 1, is a number like any other, and before all other
// times in use.
func micros(t time.Time) int64 { return t.UnixMicro() }

var zeroTime = micros(time.Time{})

// moment reads a time.
type moment struct{ *time.Time }

func (m moment) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is %T, not an integer", src)
	}
	*m.Time = ofMicros(n)
	return nil
}

// span reads a duration.
type span struct{ *time.Duration }

func (s span) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a duration is %T, not an integer", src)
	}
	*s.Duration = time.Duration(n) * time.Microsecond
	return nil
}

func ofMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

func scanID(row Row) (uuid.UUID, error) {
	var id uuid.UUID
	return id, row.Scan(&id)
}

func scanInt(row Row) (int, error) {
	var n int
	return n, row.Scan(&n)
}

func scanText(row Row) (string, error) {
	var s string
	return s, row.Scan(&s)
}

// where collects the conditions of a query and the arguments of the conditions.
type where struct {
	conditions []string
	args       []any
}

func (w *where) and(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

// with returns the conditions and one more, and leaves w alone.
func (w where) with(condition string, args ...any) where {
	w = where{slices.Clone(w.conditions), slices.Clone(w.args)}
	w.and(condition, args...)
	return w
}

// String returns the WHERE clause, or "" without conditions.
func (w *where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// kept returns the part of a text before the first NUL or invalid UTF-8. No
// record contains either, and an engine may refuse to search for such a text:
// the search finds nothing.
func kept(s string) string {
	for i, c := range s {
		if c == 0 || c == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return s[:i]
		}
	}
	return s
}

// keptOnly returns the texts that records can contain; nil for nil.
func keptOnly(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return kept(s) != s })
}

// nothing is a listing without records.
func nothing[T any](func(T, error) bool) {}

// lower folds A to Z to a to z and leaves all else alone.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// most caps a number for the LIMIT of an engine.
func most(n int) int { return min(max(n, 0), math.MaxInt32) }
