package sqlstore

import (
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

const selectLink = "SELECT user_id, purpose, hash, account, created, expires FROM rbac_links"

func (r *records) Link(hash store.TokenHash) (store.Link, error) {
	return one(r, "Link", scanLink, selectLink+" WHERE hash = ?", hash[:])
}

func (r *records) UserLinks(user uuid.UUID) ([]store.Link, error) {
	return all(r, "UserLinks", scanLink, selectLink+" WHERE user_id = ? ORDER BY purpose", user)
}

func (r *records) ExpiredLinks(at time.Time, limit int) ([]store.Link, error) {
	return all(r, "ExpiredLinks", scanLink,
		selectLink+" WHERE expires <= ? ORDER BY expires, user_id, purpose LIMIT ?", micros(at), most(limit))
}

func (r *records) PutLink(l store.Link) error {
	return r.add("PutLink", `INSERT INTO rbac_links (user_id, purpose, hash, account, created, expires) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, account = excluded.account, created = excluded.created, expires = excluded.expires`,
		l.User, l.Purpose, l.Hash[:], l.Account[:], micros(l.Created), micros(l.Expires))
}

func (r *records) DeleteLink(user uuid.UUID, purpose string) error {
	return r.change("DeleteLink", "DELETE FROM rbac_links WHERE user_id = ? AND purpose = ?", user, purpose)
}

func scanLink(row Row) (store.Link, error) {
	var l store.Link
	return l, row.Scan(&l.User, &l.Purpose, digest{&l.Hash}, digest{(*store.TokenHash)(&l.Account)}, moment{&l.Created}, moment{&l.Expires})
}
