package store

import (
	"context"
	"strconv"
)

// Head is the position of the store in its history.
type Head struct {
	Revision Revision
	// Nonce is random and new for each revision. A store that was restored from
	// a backup may repeat a revision, but not its nonce.
	Nonce uint64
}

// Revision counts the committed Updates that changed something: 1, 2, 3, …
// without gaps and in the order of their commits. Zero is the empty store.
//
// A Revision is also a token of consistency: a process that is given the
// Authority.Revision of another process, under rbac.AtLeast, sees every change
// up to that revision.
type Revision uint64

// String returns the decimal number, which rbac.ParseRevision reads.
func (r Revision) String() string { return strconv.FormatUint(uint64(r), 10) }

// HeadRecords is the single row that holds the head. In a new store the row
// exists and is zero.
type HeadRecords interface {
	// Head reads the head, with a lock in an Update. A View takes no lock. A
	// transaction that locks several records locks the head before any user or
	// throttle.
	Head(Lock) (Head, error)
	SetHead(Head) error
}

// Lock is a lock of the head, held until the transaction ends.
type Lock int

// The locks of the head.
const (
	NoLock Lock = iota
	// ShareLock keeps every other transaction from an ExclusiveLock. A store
	// may also keep other transactions from a ShareLock.
	ShareLock
	// ExclusiveLock keeps every other transaction from both locks.
	ExclusiveLock
)

// HeadReader is an optional ability of a [Store]: reading the head without
// waiting for anything else that waits for the store, for example on a reserved
// connection.
type HeadReader interface {
	// ReadHead returns a head that is no older than the call; on a [Confirmer],
	// as far as the store knows. An Authority calls ReadHead several times
	// within its MaxStaleness. Errors are those of a Store.
	ReadHead(context.Context) (Head, error)
}

// Hinter is an optional ability of a [Store]: announcing that the head may have
// moved, in whichever process.
type Hinter interface {
	// Hints returns a channel of hints, or nil. A hint makes the Authority read
	// the head at once. Hints may be lost: no promise of an Authority depends
	// on one. The store drops the channel when ctx ends.
	Hints(ctx context.Context) <-chan struct{}
}
