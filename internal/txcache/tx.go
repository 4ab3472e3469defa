package txcache

import (
	"context"
	"sync/atomic"

	"github.com/rbac-go/rbac/store"
)

// Tx are the Records of a transaction of package rbac.
type Tx interface {
	store.Records
	// Unwrap returns the store's own transaction, or nil if the store does not
	// expose it. Thereafter the store answers every call.
	Unwrap() any
	// Stop makes the store answer every later call: at the end of a transaction
	// the store has to refuse them.
	Stop()
}

// life is the life of a transaction. After its end the store has to refuse
// calls, so no cache answers.
type life struct {
	ctx     context.Context
	stopped atomic.Bool // atomic: a goroutine that the caller left behind may still call
}

// Stop is [Tx.Stop].
func (l *life) Stop() { l.stopped.Store(true) }

// active reports whether a cache may answer. Once the context has ended the
// store has to refuse.
func (l *life) active() bool { return !l.stopped.Load() && l.ctx.Err() == nil }

func unwrap(r store.Records) any {
	if u, ok := r.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}
