package sqlstore

import (
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac/store"
)

const changeColumns = `revision, nonce, seq, at, actor, verified, acted_for, reason, action, subject, object, scope,
	subject_id, object_id, before_json, after_json`

// AddChange also notes by how much the clocks of entries disagree: see between.
// If all other entries have earlier times and earlier revisions, behind is 0. The
// entries of one Update have one time, and therefore one behind: only the first
// looks through the log. The CASE keeps SQLite from reading the whole index on
// the times where the entry has the newest revision, as it usually has.
func (r *records) AddChange(c store.Change) error {
	at, first := micros(c.At), r.logged
	behind := `(SELECT coalesce(max(at) - ?, 0) FROM rbac_changes WHERE at > ?) +
		CASE WHEN ? < (SELECT max(revision) FROM rbac_changes)
			THEN (SELECT coalesce(? - min(at), 0) FROM rbac_changes WHERE at < ?) ELSE 0 END`
	args := []any{at, at, int64(c.Revision), at, at}
	if first != nil && first.Revision == c.Revision && first.At.Equal(c.At) {
		behind = "(SELECT behind FROM rbac_changes WHERE revision = ? AND seq = ?)"
		args = []any{int64(first.Revision), first.Seq}
	} else {
		r.logged = &c
	}
	return r.add("AddChange", "INSERT INTO rbac_changes ("+changeColumns+`, behind)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, `+behind+")",
		append([]any{int64(c.Revision), int64(c.Nonce), c.Seq, at, c.Actor, c.Verified, c.ActedFor, c.Reason, c.Action, c.Subject, c.Object, c.Scope,
			c.SubjectID, c.ObjectID, text(c.Before), text(c.After)}, args...)...)
}

func (r *records) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	for _, text := range []string{q.Actor, q.Subject, q.Action, q.Scope} {
		if kept(text) != text {
			return nothing[store.Change]
		}
	}
	return pages(r, "Changes", q.Limit, func(last *store.Change, size int) ([]store.Change, error) {
		w := changesWhere(q)
		if last != nil {
			w.follows(store.ChangeKey{Revision: last.Revision, Seq: last.Seq}, q.Newest)
		} else if q.Last != (store.ChangeKey{}) {
			w.follows(q.Last, q.Newest)
		}
		order := " ORDER BY revision, seq LIMIT ?"
		if q.Newest {
			order = " ORDER BY revision DESC, seq DESC LIMIT ?"
		}
		query, args := changesPage(w, q.Subject, order, size)
		return all(r, "Changes", scanChange, query, args...)
	})
}

// changesPage returns the query of one page. The entries with a subject on
// either side are the first of two pages, each with an index of its own: an
// engine would sort all entries with the subject otherwise.
func changesPage(w where, subject, order string, size int) (query string, args []any) {
	const from = "SELECT " + changeColumns + " FROM "
	if subject == "" {
		return from + "rbac_changes" + w.String() + order, append(w.args, size)
	}
	first, second := w.with("subject = ?", subject), w.with("object = ? AND subject <> ?", subject, subject)
	query = from + "(" + from + "rbac_changes" + first.String() + order + ") changed UNION ALL " +
		from + "(" + from + "rbac_changes" + second.String() + order + ") related" + order
	args = append(append(first.args, size), append(second.args, size)...)
	return query, append(args, size)
}

func (r *records) DeleteChanges(before time.Time, limit int) (int, error) {
	r.logged = nil // the entry may be deleted
	const call = "DeleteChanges"
	if err := r.writable(call); err != nil {
		return 0, err
	}
	oldest, err := all(r, call, scanChangeTime, `SELECT revision, seq, at FROM rbac_changes
		WHERE revision < (SELECT max(revision) FROM rbac_changes) ORDER BY revision, seq LIMIT ?`+r.locks().Update, most(limit))
	if err != nil {
		return 0, err
	}
	n := slices.IndexFunc(oldest, func(c store.Change) bool { return !c.At.Before(before) })
	if n < 0 {
		n = len(oldest)
	}
	if n == 0 {
		return 0, nil
	}
	last := oldest[n-1]
	return r.exec(call, "DELETE FROM rbac_changes WHERE (revision, seq) <= (?, ?)", int64(last.Revision), last.Seq)
}

func scanChangeTime(row Row) (store.Change, error) {
	var c store.Change
	var revision int64
	err := row.Scan(&revision, &c.Seq, moment{&c.At})
	c.Revision = store.Revision(revision)
	return c, err
}

// changesWhere returns the conditions of a filter except Subject and Last.
func changesWhere(q store.ChangeFilter) where {
	var w where
	if q.After > 0 {
		w.and("revision > ?", stored(q.After))
	}
	if q.Actor != "" {
		w.and("actor = ?", q.Actor)
	}
	if q.Action != "" {
		w.and("action = ?", q.Action)
	}
	if q.Scope != "" {
		w.and("scope = ? AND scope <> ''", q.Scope)
	}
	if !q.Since.IsZero() || !q.Until.IsZero() {
		w.between(q.Since, q.Until)
	}
	return w
}

// between adds the condition that at lies between two times, and the revisions
// of the first and of the last such entry. Without the revisions, a query that
// reads in the order of revisions would read the entries outside of the range.
//
// The first revision belongs to an entry near the beginning of the range: an
// entry of an earlier revision can have a later time, but by no more than the
// greatest behind. The same holds for the last revision and the end.
func (w *where) between(since, until time.Time) {
	var in where
	if !since.IsZero() {
		in.and("at >= ?", micros(since))
	}
	if !until.IsZero() {
		in.and("at < ?", micros(until))
	}
	w.and(strings.Join(in.conditions, " AND "), in.args...)
	const entries, most = " FROM rbac_changes", "(SELECT coalesce(max(behind), 0) FROM rbac_changes WHERE behind > 0 AND behind <> 0)"
	if !since.IsZero() {
		w.and("revision >= (SELECT min(+revision)"+entries+" WHERE at >= ? AND at <= (SELECT min(at) + "+most+entries+in.String()+"))",
			append([]any{micros(since)}, in.args...)...)
	}
	if !until.IsZero() {
		w.and("revision <= (SELECT max(+revision)"+entries+" WHERE at < ? AND at >= (SELECT max(at) - "+most+entries+in.String()+"))",
			append([]any{micros(until)}, in.args...)...)
	}
}

// follows adds the condition that an entry comes after a key in the listing.
func (w *where) follows(k store.ChangeKey, newest bool) {
	condition := "(revision, seq) > (?, ?)"
	if newest {
		condition = "(revision, seq) < (?, ?)"
	}
	w.and(condition, stored(k.Revision), k.Seq)
}

// stored caps a revision for the engine. No entry has a greater one.
func stored(r store.Revision) int64 { return int64(min(r, math.MaxInt64)) }

// text returns nil for nil, and the JSON as a string otherwise. nil differs
// from every JSON value.
func text(j json.RawMessage) any {
	if j == nil {
		return nil
	}
	return string(j)
}

func scanChange(row Row) (store.Change, error) {
	var c store.Change
	var revision, nonce int64
	var before, after *string
	err := row.Scan(&revision, &nonce, &c.Seq, moment{&c.At}, &c.Actor, &c.Verified, &c.ActedFor, &c.Reason, &c.Action, &c.Subject, &c.Object, &c.Scope,
		&c.SubjectID, &c.ObjectID, &before, &after)
	c.Revision, c.Nonce = store.Revision(revision), uint64(nonce)
	c.Before, c.After = raw(before), raw(after)
	return c, err
}

func raw(s *string) json.RawMessage {
	if s == nil {
		return nil
	}
	return json.RawMessage(*s)
}
