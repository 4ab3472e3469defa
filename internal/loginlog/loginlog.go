// Package loginlog keeps the last logins of each user: successes one by one,
// and failures counted together by network and hour.
//
// The lists are for people, and no decision depends on them; package throttle
// counts failures for decisions. A list is bounded, whatever clients send.
// Failures never push a success out of the list: each kind has a bound of its
// own.
package loginlog

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

const (
	maxSuccesses = 100 // of one user
	maxFailures  = 50  // rows of one user

	// span is the time whose failures are counted together. Each span begins at
	// a full hour in UTC.
	span = time.Hour
)

// A Method is how a user logs in. Stores keep these texts, so they never change.
type Method string

// The methods of logins.
const (
	ByPassword Method = "password"
	ByHost     Method = "host"   // the host authenticated the user
	ByKey      Method = "key"    // an API key was made, by either of the two
	ByChange   Method = "change" // the old password, to choose a new one
)

// An Outcome is how a login ended. Stores keep these texts, so they never
// change.
type Outcome string

// The outcomes of logins.
const (
	Success       Outcome = "success"
	WrongPassword Outcome = "wrong password"
	Disabled      Outcome = "disabled"  // the user, whatever the password was
	Throttled     Outcome = "throttled" // with the right password
	Refused       Outcome = "refused"   // the groups, with the right password
)

// Succeeded keeps the login that made a ticket. The caller has locked the user.
func Succeeded(r store.LoginRecords, t store.Ticket, m Method) error {
	if t.Key {
		m = ByKey
	}
	addr, _ := netip.ParseAddr(t.Addr) // empty: not known
	addr = addr.Unmap()
	return r.CountLogin(store.Login{
		ID:        t.ID,
		User:      t.User,
		First:     t.LastSeen,
		Last:      t.LastSeen,
		Count:     1,
		Addr:      text(netip.PrefixFrom(addr, addr.BitLen())),
		UserAgent: t.UserAgent,
		Method:    string(m),
		Outcome:   string(Success),
	}, maxSuccesses)
}

// A Failure is a login that failed.
type Failure struct {
	User      uuid.UUID    // zero: nobody, and nothing is kept
	Network   netip.Prefix // the smallest network of the client; zero: not known
	UserAgent string
	Method    Method
	Outcome   Outcome
}

// Count counts a failure. Failures of a user that have the span, Network,
// Method and Outcome in common share a row, whose id is a hash of the four. The
// caller has locked the user, or has found none. Without a user, Count takes as
// long.
func (f Failure) Count(r store.LoginRecords, now time.Time) error {
	shared := fmt.Sprintf("%d %s %q %q", now.Truncate(span).Unix(), f.Network, f.Method, f.Outcome)
	return r.CountLogin(store.Login{
		ID:        uuid.NewHash(sha256.New(), f.User, []byte(shared), 8),
		User:      f.User,
		Failed:    true,
		First:     now,
		Last:      now,
		Count:     1,
		Addr:      text(f.Network),
		UserAgent: names.Printable(f.UserAgent, names.MaxName),
		Method:    string(f.Method),
		Outcome:   string(f.Outcome),
	}, maxFailures)
}

// text returns a network as text, or "" for the zero Prefix.
func text(network netip.Prefix) string {
	if !network.IsValid() {
		return ""
	}
	return network.String()
}
