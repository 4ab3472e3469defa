package memorystore

import (
	"iter"
	"time"

	"github.com/rbac-go/rbac/store"
)

func (t *tx) AddChange(c store.Change) error {
	return t.change("add change", func(s *state) error {
		if !s.changes.add(s.stamp, &c) {
			return errTaken
		}
		return nil
	})
}

func (t *tx) Changes(q store.ChangeFilter) iter.Seq2[store.Change, error] {
	return list(t, func(s *state) iter.Seq[*changeRow] { return s.selectChanges(q) }, (*changeRow).change)
}

// selectChanges scans the log. Only After spares the scan a part of the log.
func (s *state) selectChanges(q store.ChangeFilter) iter.Seq[*changeRow] {
	order := s.changes.from(numberKey(uint64(q.After)))
	if q.Newest {
		order = s.changes.backward()
	}
	return func(yield func(*changeRow) bool) {
		n := 0
		for row := range order {
			if row.revision() <= q.After {
				if q.Newest {
					return
				}
				continue
			}
			if !selects(q, &row) {
				continue
			}
			n++
			if !yield(&row) || n == q.Limit {
				return
			}
		}
	}
}

func selects(q store.ChangeFilter, row *changeRow) bool {
	return (q.Actor == "" || row.is(actorText, q.Actor)) &&
		(q.Subject == "" || row.is(subjectText, q.Subject) || row.is(objectText, q.Subject)) &&
		(q.Since.IsZero() || !row.at().Before(q.Since)) &&
		(q.Until.IsZero() || row.at().Before(q.Until))
}

func (t *tx) DeleteChanges(before time.Time, limit int) (n int, err error) {
	err = t.change("delete changes", func(s *state) error {
		last := s.lastRevision()
		n = s.changes.deleteFirst(s.stamp, limit, func(row changeRow) bool {
			return row.at().Before(before) && row.revision() != last
		})
		return nil
	})
	return n, err
}

// lastRevision returns the last revision in the log, or zero if the log is
// empty.
func (s *state) lastRevision() store.Revision {
	for row := range s.changes.backward() {
		return row.revision()
	}
	return 0
}
