package effect

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// unwrapping are Records that are their own transaction.
type unwrapping struct{ store.Records }

func (u unwrapping) Unwrap() any { return u.Records }

// TestRehearsalShowsTheLog proves that entries are in the store as soon as
// anything can see them, and not before.
func TestRehearsalShowsTheLog(t *testing.T) {
	list := func(t *testing.T, r store.Records) (seqs []int) {
		t.Helper()
		for c, err := range r.Changes(store.ChangeFilter{}) {
			must(t, err)
			seqs = append(seqs, c.Seq)
		}
		return seqs
	}
	entry := func(n int) store.Change { return store.Change{Revision: 7, Seq: n, At: noon, Action: "AddGroup"} }
	for name, read := range map[string]func(*testing.T, store.Records){
		"Changes": func(t *testing.T, r store.Records) {
			if got := list(t, r); !reflect.DeepEqual(got, []int{0, 1}) {
				t.Errorf("entries %v", got)
			}
		},
		"DeleteChanges": func(t *testing.T, r store.Records) {
			if n, err := r.DeleteChanges(noon.Add(time.Hour), 1); n != 0 || err != nil {
				t.Errorf("%d deleted, %v", n, err) // the last revision stays
			}
		},
		"Unwrap": func(t *testing.T, r store.Records) {
			if got := list(t, r.(*rehearsal).Unwrap().(store.Records)); !reflect.DeepEqual(got, []int{0, 1}) {
				t.Errorf("entries %v", got)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, memorystore.New().Update(context.Background(), func(plain store.Records) error {
				r := Rehearsal(unwrapping{plain})
				must(t, r.AddChange(entry(0)))
				must(t, r.AddChange(entry(1)))
				if got := list(t, plain); got != nil {
					t.Errorf("written before anything has read the log: %v", got)
				}
				read(t, r)
				must(t, r.AddChange(entry(2)))
				if got := list(t, plain); !reflect.DeepEqual(got, []int{0, 1, 2}) {
					t.Errorf("entries %v", got)
				}
				return nil
			}))
		})
	}
	must(t, memorystore.New().Update(context.Background(), func(plain store.Records) error {
		if u := Rehearsal(plain).(*rehearsal).Unwrap(); u != nil {
			t.Errorf("a transaction that the store does not expose: %v", u)
		}
		return nil
	}))
}
