package memorystore

import (
	"bytes"
	"iter"
	"time"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) AddChange(c store.Change) error {
	own(&c.Actor, &c.Reason, &c.Action, &c.Subject, &c.Object, &c.Scope)
	c = copyChange(&c)
	c.At = c.At.UTC()
	return t.change("add change", func(s *state) error {
		if !s.changes.add(&c) {
			return errTaken
		}
		return nil
	})
}

// copyChange returns a change whose Before and After can be written to.
func copyChange(c *store.Change) store.Change {
	copied := *c
	copied.Before, copied.After = bytes.Clone(c.Before), bytes.Clone(c.After)
	return copied
}

func (t *tx) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	return list(t, func(s *state) iter.Seq[*store.Change] { return s.selectChanges(q) }, copyChange)
}

// selectChanges scans the log. Only After and Last spare the scan a part of the
// log.
func (s *state) selectChanges(q store.ChangeFilter) iter.Seq[*store.Change] {
	part := s.changes.part(q)
	return func(yield func(*store.Change) bool) {
		n := 0
		for i := range part {
			c := part[i]
			if q.Newest {
				c = part[len(part)-1-i]
			}
			if !selects(q, c) {
				continue
			}
			n++
			if !yield(c) || n == q.Limit {
				return
			}
		}
	}
}

func selects(q store.ChangeFilter, c *store.Change) bool {
	return (q.Actor == "" || c.Actor == q.Actor) &&
		(q.Subject == "" || c.Subject == q.Subject || c.Object == q.Subject) &&
		(q.Action == "" || c.Action == q.Action) &&
		(q.Scope == "" || c.Scope == q.Scope) &&
		(q.Since.IsZero() || !c.At.Before(q.Since)) &&
		(q.Until.IsZero() || c.At.Before(q.Until))
}

func (t *tx) DeleteChanges(before time.Time, limit int) (n int, err error) {
	err = t.change("delete changes", func(s *state) error {
		n = s.changes.deleteFirst(before, limit)
		return nil
	})
	return n, err
}
