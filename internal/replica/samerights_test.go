package replica_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// Two heads have the same rights if they are of the same history, and every
// change between them is in the log and keeps every right.
func TestSameRights(t *testing.T) {
	change := func(revision store.Revision, nonce uint64, action string) store.Change {
		return store.Change{Revision: revision, Nonce: nonce, Action: action}
	}
	first, grant := change(1, 11, "GrantPermission"), change(2, 12, "GrantPermission")
	out, again := change(2, 12, "Logout"), change(3, 13, "IssueLink")
	second := again
	second.Seq, second.Action = 1, "AssignUser"
	var many []store.Change
	for n := range store.Revision(1001) {
		many = append(many, change(n+1, uint64(n)+11, "Logout"))
	}
	for _, c := range []struct {
		name     string
		log      []store.Change
		from, to store.Head
		want     bool
	}{
		{"the same head", nil, store.Head{Revision: 1, Nonce: 11}, store.Head{Revision: 1, Nonce: 11}, true},
		{"logouts and links", []store.Change{first, out, again}, store.Head{Revision: 1, Nonce: 11}, store.Head{Revision: 3, Nonce: 13}, true},
		{"a grant", []store.Change{first, grant, again}, store.Head{Revision: 1, Nonce: 11}, store.Head{Revision: 3, Nonce: 13}, false},
		{"a membership beside a link", []store.Change{first, out, again, second}, store.Head{Revision: 1, Nonce: 11}, store.Head{Revision: 3, Nonce: 13}, false},
		{"a restored store", []store.Change{first, out}, store.Head{Revision: 1, Nonce: 10}, store.Head{Revision: 2, Nonce: 12}, false},
		{"another head", []store.Change{first, out}, store.Head{Revision: 1, Nonce: 11}, store.Head{Revision: 2, Nonce: 10}, false},
		{"deleted changes", []store.Change{first, again}, store.Head{Revision: 1, Nonce: 11}, store.Head{Revision: 3, Nonce: 13}, false},
		{"too many changes", many, store.Head{Revision: 1, Nonce: 11}, store.Head{Revision: 1001, Nonce: 1011}, false},
		{"as many as are read", many[1:], store.Head{Revision: 2, Nonce: 12}, store.Head{Revision: 1001, Nonce: 1011}, true},
	} {
		log := func(f store.ChangeFilter) iter.Seq2[store.Change, error] {
			return func(yield func(store.Change, error) bool) {
				rest := slices.DeleteFunc(slices.Clone(c.log), func(c store.Change) bool { return c.Revision <= f.After })
				for _, change := range rest[:min(len(rest), f.Limit)] {
					if !yield(change, nil) {
						return
					}
				}
			}
		}
		if same, err := replica.SameRights(log, c.from, c.to); same != c.want || err != nil {
			t.Errorf("%s: %t, %v, want %t", c.name, same, err, c.want)
		}
	}
}
