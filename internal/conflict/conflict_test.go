package conflict_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/conflict"
	"github.com/rbac-go/rbac/store"
)

// changeLog is a change log in the order of the changes.
type changeLog struct {
	store.ChangeRecords
	entries []store.Change
	read    int // entries
}

// Changes serves After, Newest and Limit.
func (l *changeLog) Changes(f store.ChangeFilter) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		l.read = 0
		for _, c := range slices.Backward(l.entries) {
			if c.Revision <= f.After || f.Limit > 0 && l.read == f.Limit {
				return
			}
			l.read++
			if !yield(c, nil) {
				return
			}
		}
	}
}

// add adds a revision with a number of changes of sections, after the changes
// that are given.
func (l *changeLog) add(sections int, first ...store.Change) {
	at := store.Revision(1)
	if n := len(l.entries); n > 0 {
		at = l.entries[n-1].Revision + 1
	}
	for range sections {
		first = append(first, store.Change{Action: "ModifySection", Subject: "posts"})
	}
	for i, c := range first {
		c.Revision, c.Seq = at, i
		l.entries = append(l.entries, c)
	}
}

var (
	amy     = conflict.Record{Kind: "user", Name: "amy", ID: uuid.UUID{1}}
	changed = store.Change{Action: "ModifyUser", Subject: "amy", SubjectID: amy.ID}
)

// A search reads 10,000 changes at most, and whoever asks about more does not
// learn that a record is unchanged.
func TestSearchIsBounded(t *testing.T) {
	for _, c := range []struct {
		name    string
		log     func(*changeLog)
		since   store.Revision
		change  store.Revision // of amy; 0: none is found
		known   bool
		entries int // that are read
	}{
		{"10,000 others", func(l *changeLog) { l.add(1, changed); l.add(conflict.MaxSearched) }, 1, 0, true, conflict.MaxSearched},
		{"10,001 others", func(l *changeLog) { l.add(1, changed); l.add(conflict.MaxSearched + 1) }, 1, 0, false, conflict.MaxSearched},
		{"10,001 others, the last one alone", func(l *changeLog) { l.add(1); l.add(conflict.MaxSearched); l.add(1) }, 1, 0, false, conflict.MaxSearched},
		{"amy, and then 9,999 others", func(l *changeLog) { l.add(conflict.MaxSearched-1, changed) }, 0, 1, true, conflict.MaxSearched},
		{"amy, and then 10,000 others", func(l *changeLog) { l.add(conflict.MaxSearched, changed) }, 0, 0, false, conflict.MaxSearched},
		{"many others, and then amy", func(l *changeLog) { l.add(2 * conflict.MaxSearched); l.add(0, changed) }, 0, 2, true, 1},
	} {
		l := &changeLog{}
		c.log(l)
		head := l.entries[len(l.entries)-1].Revision
		latest, known, err := amy.Since(l, c.since, head)
		if latest.Revision != c.change || known != c.known || err != nil {
			t.Errorf("%s: got %v, %v, %v", c.name, latest, known, err)
		}
		if l.read != c.entries {
			t.Errorf("%s: %d entries were read, want %d", c.name, l.read, c.entries)
		}
	}
}

// A log whose first entries were deleted, even within a revision, cannot tell.
// Changes of the running transaction are above the head.
func TestTheLogReachesBack(t *testing.T) {
	l := &changeLog{}
	l.add(3)
	l.add(3)
	l.add(3)
	whole := l.entries
	for _, c := range []struct {
		name        string
		deleted     int
		since, head store.Revision
		known       bool
	}{
		{"the head", 0, 3, 3, true},
		{"one revision back", 0, 2, 3, true},
		{"the empty store", 0, 0, 3, true},
		{"above the head", 0, 4, 3, false},
		{"a running transaction", 0, 2, 2, true},
		{"above the head, in a running transaction", 0, 3, 2, false},
		{"the first revision was deleted", 3, 0, 3, false},
		{"only that revision was deleted", 3, 1, 3, true},
		{"a part of the revision was deleted", 4, 1, 3, false},
		{"everything was deleted", 9, 2, 3, false},
	} {
		l.entries = whole[c.deleted:]
		if _, known, err := amy.Since(l, c.since, c.head); known != c.known || err != nil {
			t.Errorf("%s: got %v, %v", c.name, known, err)
		}
	}
}
