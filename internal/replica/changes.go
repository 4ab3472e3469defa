package replica

import (
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
	at, seq := store.Head{Nonce: from.Nonce}, -1
	if from.Revision > 0 {
		at.Revision = from.Revision - 1 // the last known revision is read again, for its nonce
	}
	for c, err := range r.Changes(store.ChangeFilter{After: at.Revision, Limit: most + 1}) {
		if err != nil {
			return nil, false, err
		}
		if moved() { // an Update of this Authority was quicker
			return nil, false, errMoved
		}
		if !policy.AboutUser(c.Action) {
			others++
		}
		if rows++; rows > most || others > maxReplayed {
			return nil, false, nil // there may be more of them, of the last revision too
		}
		if c.Revision == from.Revision {
			if c.Nonce != from.Nonce {
				return nil, false, nil
			}
		} else {
			changes = appendChange(changes, c)
		}
		if c.Revision != at.Revision {
			seq = -1
		}
		if seq++; c.Revision > at.Revision+1 || c.Seq != seq {
			return nil, false, nil // the changes between were deleted
		}
		at = store.Head{Revision: c.Revision, Nonce: c.Nonce}
	}
	return changes, at == to, nil
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
