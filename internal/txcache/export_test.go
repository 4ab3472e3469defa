package txcache

// The bounds, for tests.
const (
	MaxUsers       = maxUsers
	MaxMemberships = maxMemberships
	MinAsked       = minAsked
	MaxChanged     = maxChanged
)

// Cached returns the number of cached users, and of their memberships.
func (t *Tx) Cached() (users, memberships int) {
	r := t.Records.(*records)
	for _, u := range r.users.byID {
		memberships += len(u.memberships)
	}
	return len(r.users.byID), memberships
}
