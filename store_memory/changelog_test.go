package memorystore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac/store"
)

// logged is a log, and the changes that the log should hold.
type logged struct {
	log  changeLog
	want []store.Change
}

// TestChangeLogAgainstAList adds and deletes at random, mostly at the end and
// at the beginning as an Authority does. Some of the transactions do not
// commit. Every log, older logs included, must equal a plain list.
func TestChangeLogAgainstAList(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var now logged
	revision := 0
	var older []logged
	for range 120 {
		was := now
		for range r.IntN(20) {
			switch kind := r.IntN(20); {
			case kind == 0:
				now.deleteFirst(r.IntN(60), time.Unix(int64(r.IntN(5000)), 0))
			case kind == 1:
				now.add(t, someChange(r, r.IntN(revision+2)))
			default:
				revision += r.IntN(2)
				now.add(t, someChange(r, revision))
			}
		}
		now.check(t, r)
		if r.IntN(3) == 0 {
			was.check(t, r) // the uncommitted transaction has not changed was
			now = was
		}
		if older = append(older, now); len(older) > 20 {
			older = older[1:]
		}
	}
	for _, l := range older {
		l.check(t, r)
	}
}

func someChange(r *rand.Rand, revision int) store.Change {
	record := json.RawMessage(strings.Repeat("x", r.IntN(r.IntN(2048)+1)))
	return store.Change{Revision: store.Revision(revision), Seq: r.IntN(300), At: time.Unix(int64(r.IntN(5000)), 1000).UTC(),
		Action: "AssignUser", Subject: strings.Repeat("u", r.IntN(3)), Verified: r.IntN(2) == 0, ActedFor: r.IntN(2) == 0,
		Before: []json.RawMessage{nil, {}, record}[r.IntN(3)], After: []json.RawMessage{nil, {}, record}[r.IntN(3)]}
}

func byKey(a, b store.Change) int {
	return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Seq, b.Seq))
}

func (l *logged) add(t *testing.T, c store.Change) {
	t.Helper()
	i, taken := slices.BinarySearchFunc(l.want, c, byKey)
	if !taken {
		l.want = slices.Insert(slices.Clone(l.want), i, c)
	}
	if got := l.log.add(&c); got == taken {
		t.Fatalf("add reports %v of a key that is taken: %v", got, taken)
	}
}

func (l *logged) deleteFirst(limit int, before time.Time) {
	n := l.log.deleteFirst(before, limit)
	l.want = l.want[n:]
}

func (l *logged) check(t *testing.T, r *rand.Rand) {
	t.Helper()
	after, last := store.Revision(r.IntN(1000)), store.ChangeKey{Revision: store.Revision(r.IntN(1000)), Seq: r.IntN(300)}
	if n := len(l.want); n > 0 && r.IntN(2) == 0 {
		c := l.want[r.IntN(n)]
		last = store.ChangeKey{Revision: c.Revision, Seq: c.Seq}
	}
	for _, q := range []store.ChangeFilter{
		{}, {Newest: true}, {After: after}, {After: after, Newest: true},
		{Last: last}, {Last: last, Newest: true}, {After: after, Last: last}, {After: after, Last: last, Newest: true},
	} {
		var got []store.Change
		for _, c := range l.log.part(q) {
			got = append(got, *c)
		}
		want := slices.DeleteFunc(slices.Clone(l.want), func(c store.Change) bool {
			order := byKey(c, store.Change{Revision: q.Last.Revision, Seq: q.Last.Seq})
			return c.Revision <= q.After || q.Last != store.ChangeKey{} && (q.Newest && order >= 0 || !q.Newest && order <= 0)
		})
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("the part %+v of the log has %d changes, and not these %d", q, len(got), len(want))
		}
	}
}

// TestChangeLogDeletesWhatIsOld counts the deleted rows: the first rows, up to
// the first row that is not old.
func TestChangeLogDeletesWhatIsOld(t *testing.T) {
	var log changeLog
	for i := range 500 {
		at := int64(i)
		if i == 300 {
			at = 9999
		}
		log.add(&store.Change{Revision: store.Revision(i), At: time.Unix(at, 0).UTC(), After: bytes.Repeat([]byte("x"), 100)})
	}
	for _, c := range []struct{ before, limit, gone int }{{0, 9, 0}, {200, 150, 150}, {200, 150, 50}, {400, 500, 100}, {9999, 9, 0}, {10000, 500, 199}} {
		n := log.deleteFirst(time.Unix(int64(c.before), 0), c.limit)
		if n != c.gone {
			t.Errorf("before %d at most %d: %d were deleted, not %d", c.before, c.limit, n, c.gone)
		}
	}
	if len(log.changes) != 1 || log.lastRevision() != 499 {
		t.Fatalf("%d changes are left; want only that of the last revision", len(log.changes))
	}
}

// TestListingOfAnUpdateThatDidNotCommit proves that such a listing ends with an
// error if another Update writes meanwhile.
func TestListingOfAnUpdateThatDidNotCommit(t *testing.T) {
	s, errUndo := New(), errors.New("undo")
	must(t, s.Update(context.Background(), func(r store.Records) error { return r.AddChange(store.Change{Revision: 1}) }))
	var next func() (store.Change, error, bool)
	err := s.Update(context.Background(), func(r store.Records) error {
		for seq := range 3 {
			must(t, r.AddChange(store.Change{Revision: 2, Seq: seq}))
		}
		var stop func()
		next, stop = iter.Pull2(r.Changes(store.ChangeFilter{After: 1}))
		t.Cleanup(stop)
		_, err, _ := next()
		return errors.Join(err, errUndo)
	})
	if !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	must(t, s.Update(context.Background(), func(r store.Records) error {
		return r.AddChange(store.Change{Revision: 2, Subject: strings.Repeat("x", 1000)})
	}))
	if c, err, ok := next(); !ok || !errors.Is(err, store.ErrTxDone) {
		t.Errorf("the listing goes on with %v, %v", c, err)
	}
}
