package memorystore

import (
	"cmp"
	"iter"
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

// after iterates over the changes of later revisions.
func (l changeLog) after(r store.Revision) iter.Seq[*store.Change] {
	if r == math.MaxUint64 {
		return slices.Values([]*store.Change(nil))
	}
	i, _ := l.search(r+1, 0)
	return slices.Values(l.changes[i:])
}

// backward iterates over all changes, the last change first.
func (l changeLog) backward() iter.Seq[*store.Change] {
	return func(yield func(*store.Change) bool) {
		for _, c := range slices.Backward(l.changes) {
			if !yield(c) {
				return
			}
		}
	}
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
