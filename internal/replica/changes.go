package replica

import (
	"iter"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// maxReplayed bounds the changes of the policy that are replayed; beyond that a
// reload is cheaper. Changes of users are cheap to replay, and a reload evicts
// every cached user, so as many of them are replayed as there are permissions.
// Otherwise a follower of a large load of users would reload over and over.
const maxReplayed = 1000

// changesSince reads the changes from one head to another, up to most of them.
// It reports false if there are more, or a gap between them, and fails with
// errMoved once moved reports true. Of consecutive changes of a user it returns
// one.
func changesSince(
	r store.Records, from, to store.Head, most int, moved func() bool,
) ([]store.Change, bool, error) {
	var changes []store.Change
	rows, others := 0, 0
	complete, err := walk(r.Changes, from, to, most, func(c store.Change) (bool, error) {
		if moved() { // an Update of this Authority was quicker
			return false, errMoved
		}
		if !policy.AboutUser(c.Action) {
			others++
		}
		if rows++; rows > most || others > maxReplayed {
			return false, nil // there may be more of them, of the last revision too
		}
		if c.Revision != from.Revision {
			changes = appendChange(changes, c)
		}
		return true, nil
	})
	if !complete {
		return nil, false, err
	}
	return changes, true, nil
}

// changeLog lists entries of the change log, as store.Records do.
type changeLog func(store.ChangeFilter) iter.Seq2[store.Change, error]

// walk calls f with the changes from one head to another, until f returns false
// or an error, and begins with those of the revision from, which show that the
// history is the same. It reports whether f has seen every change: otherwise
// there are more than most, or a gap between them.
func walk(
	log changeLog, from, to store.Head, most int, f func(store.Change) (bool, error),
) (complete bool, err error) {
	at, seq := store.Head{Nonce: from.Nonce}, -1
	if from.Revision > 0 {
		at.Revision = from.Revision - 1 // the last known revision is read again, for its nonce
	}
	for c, err := range log(store.ChangeFilter{After: at.Revision, Limit: most + 1}) {
		if err != nil {
			return false, err
		}
		if goOn, err := f(c); !goOn || err != nil {
			return false, err
		}
		if c.Revision == from.Revision && c.Nonce != from.Nonce {
			return false, nil
		}
		if c.Revision != at.Revision {
			seq = -1
		}
		if seq++; c.Revision > at.Revision+1 || c.Seq != seq {
			return false, nil // the changes between were deleted
		}
		at = store.Head{Revision: c.Revision, Nonce: c.Nonce}
	}
	return at == to, nil
}

// SameRights reports whether st is the state at a head, or at a later head of
// the same history with nothing between but changes that keep every right.
func (st *State) SameRights(r store.Records, from store.Head) (bool, error) {
	if st.Policy == nil {
		return false, nil
	}
	return SameRights(r.Changes, from, st.Head)
}

// SameRights reports whether two heads are the same, or of the same history
// with nothing between but changes that keep every right: logins and logouts go
// on while somebody confirms a change. Of the log, After and Limit of the filter
// count.
func SameRights(log changeLog, from, to store.Head) (bool, error) {
	if from == to {
		return true, nil
	}
	rows := 0
	return walk(log, from, to, maxReplayed, func(c store.Change) (bool, error) {
		rows++
		return rows <= maxReplayed && (c.Revision == from.Revision || policy.KeepsRights(c.Action)), nil
	})
}

// appendChange drops the texts of a change of a user. The texts may be long,
// and there may be tens of thousands of changes.
func appendChange(changes []store.Change, c store.Change) []store.Change {
	if !policy.AboutUser(c.Action) {
		return append(changes, c)
	}
	if n := len(changes); n > 0 {
		last := changes[n-1]
		if policy.AboutUser(last.Action) && last.SubjectID == c.SubjectID {
			return changes
		}
	}
	return append(changes, store.Change{Action: c.Action, SubjectID: c.SubjectID})
}
