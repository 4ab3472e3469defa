package store

import (
	"encoding/json"
	"iter"
	"time"

	"github.com/google/uuid"
)

// Change is an entry of the change log, with the fields of rbac.Change: unique
// by Revision and Seq.
type Change struct {
	Revision            Revision
	Seq                 int
	At                  time.Time
	Actor               string
	Verified            bool
	ActedFor            bool
	Reason              string
	Action              string
	Subject             string
	Object              string
	Scope               string
	SubjectID, ObjectID uuid.UUID
	Nonce               uint64
	Before, After       json.RawMessage // nil: none
}

// ChangeKey is the key of an entry of the change log. Entries are in the order
// of their keys. The zero key is the key of no entry.
type ChangeKey struct {
	Revision Revision
	Seq      int
}

// ChangeFilter selects entries of the change log. The zero filter selects all
// entries, oldest first.
type ChangeFilter struct {
	After   Revision  // only later revisions, whatever Newest is
	Actor   string    // only by this actor, exactly
	Subject string    // only with this Subject or Object, exactly
	Action  string    // only with this Action, exactly
	Scope   string    // only with this Scope, exactly
	Since   time.Time // only at or after this time; zero: no bound
	Until   time.Time // only before this time; zero: no bound
	Last    ChangeKey // only entries that come after this key in the listing; zero: no bound
	Limit   int       // at most this many; 0: no limit
	Newest  bool      // newest first, by Revision and Seq descending
}

// ChangeRecords is the change log.
type ChangeRecords interface {
	// AddChange adds an entry, usually the last one. The times of entries need
	// not follow the order of the keys, since processes have clocks of their
	// own.
	AddChange(Change) error
	// Changes lists the selected entries by Revision and Seq.
	Changes(ChangeFilter) iter.Seq2[Change, error]
	// DeleteChanges deletes entries by Revision and Seq, the smallest first,
	// and at most limit entries. The deletion stops at the first entry whose At
	// is not before the given time, and at the entries of the last Revision.
	// DeleteChanges returns the number of deleted entries.
	DeleteChanges(before time.Time, limit int) (int, error)
}
