package sqlstore

import (
	"github.com/rbac-go/rbac/store"
)

const selectHead = "SELECT revision, nonce FROM rbac_head WHERE one = 1"

func (r *records) Head() (store.Head, error) {
	return one(r, "Head", scanHead, selectHead)
}

func (r *records) LockHead() (store.Head, error) {
	return one(r, "LockHead", scanHead, selectHead+r.locks().Update)
}

// ShareHead locks as LockHead does, so that all wait in one line. A lock that can be shared is given on PostgreSQL to
// whoever asks while others share it, past an Update that waits: a steady stream of logins keeps that out.
func (r *records) ShareHead() (store.Head, error) {
	return one(r, "ShareHead", scanHead, selectHead+r.locks().Update)
}

func (r *records) SetHead(h store.Head) error {
	return r.change("SetHead", "UPDATE rbac_head SET revision = ?, nonce = ? WHERE one = 1", int64(h.Revision), int64(h.Nonce))
}

// Integers of a database are signed: the upper half of the nonces is kept as negative numbers.
func scanHead(row Row) (store.Head, error) {
	var revision, nonce int64
	err := row.Scan(&revision, &nonce)
	return store.Head{Revision: store.Revision(revision), Nonce: uint64(nonce)}, err
}
