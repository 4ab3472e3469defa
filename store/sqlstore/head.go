package sqlstore

import (
	"github.com/rbac-go/rbac/store"
)

const selectHead = "SELECT revision, nonce FROM rbac_head WHERE one = 1"

// Head takes the same row lock for both locks, and all transactions wait in one
// queue. PostgreSQL grants a shared lock to newcomers while others share the
// lock, past a waiting Update: a steady stream of logins would starve the
// Update.
func (r *records) Head(lock store.Lock) (store.Head, error) {
	query := selectHead
	if lock != store.NoLock {
		query += r.locks().Update
	}
	return one(r, "Head", scanHead, query)
}

func (r *records) SetHead(h store.Head) error {
	return r.change("SetHead", "UPDATE rbac_head SET revision = ?, nonce = ? WHERE one = 1", int64(h.Revision), int64(h.Nonce))
}

// scanHead reads a head. Integers of a database are signed: the upper half of
// the nonces is stored as negative numbers.
func scanHead(row Row) (store.Head, error) {
	var revision, nonce int64
	err := row.Scan(&revision, &nonce)
	return store.Head{Revision: store.Revision(revision), Nonce: uint64(nonce)}, err
}
