package memorystore

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/rbac-go/rbac/store"
)

// changeLog keeps changes in a slice, sorted by revision and seq.
//
// Copying a changeLog gives an independent log, as with a tree, although new
// changes are appended in place. Appending overwrites only elements left behind
// by an uncommitted Update, and these elements must not be read any more.
type changeLog struct {
	changes []*store.Change
	deleted int // elements before changes[0] that the array of changes still has
}

// add adds a change, and reports whether its key was free. The change is not
// written to any more.
func (l *changeLog) add(c *store.Change) bool {
	i, taken := l.search(c.Revision, c.Seq)
	switch {
	case taken:
		return false
	case i == len(l.changes): // as in every Update of an Authority
		l.changes = append(l.changes, c)
	default:
		l.changes = slices.Concat(l.changes[:i], []*store.Change{c}, l.changes[i:])
	}
	return true
}

// search returns the position of the first change at or after a key, and
// reports whether that change has the key.
func (l changeLog) search(r store.Revision, seq int) (position int, found bool) {
	if n := len(l.changes); n > 0 && l.changes[n-1].Revision < r {
		return n, false
	}
	return slices.BinarySearchFunc(l.changes, r, func(c *store.Change, r store.Revision) int {
		return cmp.Or(cmp.Compare(c.Revision, r), cmp.Compare(c.Seq, seq))
	})
}

// part returns the changes between the bounds After and Last of a filter.
func (l changeLog) part(q store.ChangeFilter) []*store.Change {
	if q.After == math.MaxUint64 {
		return nil
	}
	from, _ := l.search(q.After+1, 0)
	to := len(l.changes)
	if q.Last != (store.ChangeKey{}) {
		last, is := l.search(q.Last.Revision, q.Last.Seq)
		switch {
		case q.Newest:
			to = max(from, last)
		case is:
			from = max(from, last+1)
		default:
			from = max(from, last)
		}
	}
	return l.changes[from:to]
}

// deleteFirst deletes changes from the beginning up to the first change that is
// not before a time, or that has the last revision in the log. It deletes at
// most limit changes, and returns the number of deleted changes.
func (l *changeLog) deleteFirst(before time.Time, limit int) (n int) {
	last := l.lastRevision()
	for n < min(limit, len(l.changes)) && l.changes[n].At.Before(before) && l.changes[n].Revision != last {
		n++
	}
	l.changes, l.deleted = l.changes[n:], l.deleted+n
	if l.deleted > len(l.changes) { // copying costs no more than the deletions did
		l.changes, l.deleted = slices.Clone(l.changes), 0
	}
	return n
}

// lastRevision returns the last revision in the log, or zero if the log is
// empty.
func (l changeLog) lastRevision() store.Revision {
	if len(l.changes) == 0 {
		return 0
	}
	return l.changes[len(l.changes)-1].Revision
}
