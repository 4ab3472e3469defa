package effect

import (
	"iter"
	"time"

	"github.com/rbac-go/rbac/store"
)

// Rehearsal returns Records of a transaction that will be rolled back. Entries
// of the change log are written when something may read the log, and usually
// never: an Update can have hundreds of thousands.
func Rehearsal(r store.Records) store.Records { return &rehearsal{Records: r} }

type rehearsal struct {
	store.Records
	log  []store.Change // not written yet
	read bool           // the log was read: later entries are written at once
}

// AddChange writes the entry later, or at once after the log was read.
func (r *rehearsal) AddChange(c store.Change) error {
	if r.read {
		return r.Records.AddChange(c)
	}
	r.log = append(r.log, c)
	return nil
}

// write writes the entries so far.
func (r *rehearsal) write() error {
	r.read = true
	for len(r.log) > 0 {
		if err := r.Records.AddChange(r.log[0]); err != nil {
			return err
		}
		r.log = r.log[1:]
	}
	return nil
}

// Changes lists the entries of the store and of the transaction.
func (r *rehearsal) Changes(f store.ChangeFilter) iter.Seq2[store.Change, error] {
	return func(yield func(store.Change, error) bool) {
		if err := r.write(); err != nil {
			yield(store.Change{}, err)
			return
		}
		r.Records.Changes(f)(yield)
	}
}

// DeleteChanges deletes entries of the store and of the transaction.
func (r *rehearsal) DeleteChanges(before time.Time, limit int) (int, error) {
	if err := r.write(); err != nil {
		return 0, err
	}
	return r.Records.DeleteChanges(before, limit)
}

// Unwrap unwraps the Records of the store, if they have an Unwrap: the caller
// may read the log.
func (r *rehearsal) Unwrap() any {
	u, ok := r.Records.(interface{ Unwrap() any })
	if !ok || r.write() != nil {
		return nil
	}
	return u.Unwrap()
}
