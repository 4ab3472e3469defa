package sqlstore

import (
	"encoding/json"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/rbac-go/rbac/store"
)

const selectChange = `SELECT revision, nonce, seq, at, actor, verified, acted_for, reason, action, subject, object, scope,
	subject_id, object_id, before_json, after_json FROM rbac_changes`

func (r *records) AddChange(c store.Change) error {
	return r.add("AddChange", `INSERT INTO rbac_changes (revision, nonce, seq, at, actor, verified, acted_for, reason, action, subject, object, scope,
		subject_id, object_id, before_json, after_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(c.Revision), int64(c.Nonce), c.Seq, micros(c.At), c.Actor, c.Verified, c.ActedFor, c.Reason, c.Action, c.Subject, c.Object, c.Scope,
		c.SubjectID, c.ObjectID, text(c.Before), text(c.After))
}

func (r *records) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	if kept(q.Actor) != q.Actor || kept(q.Subject) != q.Subject {
		return nothing[store.Change]
	}
	return pages(r, "Changes", q.Limit, func(last *store.Change, size int) ([]store.Change, error) {
		w := changesWhere(q)
		order := " ORDER BY revision, seq LIMIT ?"
		if q.Newest {
			order = " ORDER BY revision DESC, seq DESC LIMIT ?"
		}
		switch {
		case last != nil && q.Newest:
			w.and("(revision, seq) < (?, ?)", int64(last.Revision), last.Seq)
		case last != nil:
			w.and("(revision, seq) > (?, ?)", int64(last.Revision), last.Seq)
		// A bound on the revision keeps the query from scanning the log from
		// its end.
		case q.Newest && !q.Until.IsZero():
			w.and("revision <= (SELECT max(revision) FROM rbac_changes WHERE at < ?)", micros(q.Until))
		case !q.Newest && !q.Since.IsZero():
			w.and("revision >= (SELECT min(revision) FROM rbac_changes WHERE at >= ?)", micros(q.Since))
		}
		return all(r, "Changes", scanChange, selectChange+w.String()+order, append(w.args, size)...)
	})
}

func (r *records) DeleteChanges(before time.Time, limit int) (int, error) {
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

func changesWhere(q store.ChangeFilter) where {
	var w where
	if q.After > 0 {
		w.and("revision > ?", int64(min(q.After, math.MaxInt64)))
	}
	if q.Actor != "" {
		w.and("actor = ?", q.Actor)
	}
	if q.Subject != "" {
		w.and("(subject = ? OR object = ?)", q.Subject, q.Subject)
	}
	if !q.Since.IsZero() {
		w.and("at >= ?", micros(q.Since))
	}
	if !q.Until.IsZero() {
		w.and("at < ?", micros(q.Until))
	}
	return w
}

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
