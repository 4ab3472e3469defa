package store

import (
	"time"

	"github.com/google/uuid"
)

// Link is a secret that is good once, for one purpose, such as to choose a
// password: unique by User and Purpose, and by Hash. User exists. A zero time
// in a link is the earliest time, not "never".
type Link struct {
	User    uuid.UUID
	Purpose string
	Hash    TokenHash
	Account [32]byte // a digest of the account when the link was issued
	Created time.Time
	Expires time.Time
}

// LinkRecords is the table of links. A user has few links.
type LinkRecords interface {
	// Link returns the link of a token, expired or not.
	Link(TokenHash) (Link, error)
	// UserLinks lists by Purpose.
	UserLinks(user uuid.UUID) ([]Link, error)
	// ExpiredLinks lists links with Expires at or before a time, by Expires, User
	// and Purpose; at most limit.
	ExpiredLinks(at time.Time, limit int) ([]Link, error)
	// PutLink adds a link, or replaces the link of the same user and purpose.
	PutLink(Link) error
	DeleteLink(user uuid.UUID, purpose string) error
}
