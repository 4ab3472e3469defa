package memorystore

import (
	"bytes"
	"iter"
	"time"

	"github.com/rbac-go/rbac"
)

func (t *tx) AddChange(c rbac.Change) error {
	own(&c.Actor, &c.Reason, &c.Action, &c.Subject, &c.Object, &c.Scope)
	c = copyChange(&c)
	return t.change("add change", func(s *state) error {
		return add(s, &s.changes, numberKey(uint64(c.Revision))+numberKey(uint64(c.Seq)), &c)
	})
}

func (t *tx) Changes(q rbac.ChangeQuery) iter.Seq2[rbac.Change, error] {
	return list(t, func(s *state) iter.Seq[*rbac.Change] { return s.selectChanges(q) }, copyChange)
}

// selectChanges goes through the log; only After saves it a part.
func (s *state) selectChanges(q rbac.ChangeQuery) iter.Seq[*rbac.Change] {
	order := s.changes.From(numberKey(uint64(q.After)))
	if q.Newest {
		order = s.changes.Backward()
	}
	return func(yield func(*rbac.Change) bool) {
		n := 0
		for _, c := range order {
			if c.Revision <= q.After {
				if q.Newest {
					return
				}
				continue
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

func selects(q rbac.ChangeQuery, c *rbac.Change) bool {
	return (q.Actor == "" || c.Actor == q.Actor) &&
		(q.Subject == "" || c.Subject == q.Subject || c.Object == q.Subject) &&
		(q.Since.IsZero() || !c.At.Before(q.Since)) &&
		(q.Until.IsZero() || c.At.Before(q.Until))
}

func copyChange(c *rbac.Change) rbac.Change {
	d := *c
	d.Before, d.After = bytes.Clone(c.Before), bytes.Clone(c.After)
	return d
}

func (t *tx) DeleteChanges(before time.Time, limit int) (n int, err error) {
	err = t.change("delete changes", func(s *state) error {
		var old []string
		last := s.lastRevision()
		for key, c := range s.changes.From("") {
			if len(old) == limit || !c.At.Before(before) || c.Revision == last {
				break
			}
			old = append(old, key)
		}
		for _, key := range old {
			s.changes.Delete(s.stamp, key)
		}
		n = len(old)
		return nil
	})
	return n, err
}

// lastRevision is the last in the log; zero if that is empty.
func (s *state) lastRevision() rbac.Revision {
	for _, c := range s.changes.Backward() {
		return c.Revision
	}
	return 0
}
