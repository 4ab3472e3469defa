// Package links says how long links are good, what ends them, and which links a
// delegate may issue. Package rbac makes the secrets and changes the records.
package links

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/rbac-go/rbac/store"
)

// The purposes that the library knows; see the constants of package rbac.
const (
	Invite = "invite"
	Reset  = "reset"
	Verify = "verify"
	Forgot = "forgot"
)

// Longest is the longest time for which a link is good.
const Longest = 30 * 24 * time.Hour

// limits are how long links for the known purposes are good, unless the caller
// states an end.
var limits = map[string]time.Duration{
	Invite: 7 * 24 * time.Hour,
	Reset:  time.Hour,
	Verify: 24 * time.Hour,
	Forgot: time.Hour,
}

// hostLimit is the limit for a purpose of the host.
const hostLimit = time.Hour

// Password returns the purposes of links that let a user choose a password.
func Password() []string { return []string{Reset, Invite, Forgot} }

// New returns the record of a link without its hash, or the field at fault and
// the reason. The zero expires stands for the end that the purpose has.
func New(u store.UserRecord, purpose string, expires, now time.Time) (l store.Link, field, reason string) {
	if expires.IsZero() {
		limit, known := limits[purpose]
		if !known {
			limit = hostLimit
		}
		expires = now.Add(limit)
	}
	switch {
	case !expires.After(now):
		return store.Link{}, "Expires", "in the past"
	case expires.Sub(now) > Longest:
		return store.Link{}, "Expires", "more than 30 days away"
	case purpose == Verify && u.Email == "":
		return store.Link{}, "User", "the user has no e-mail address"
	}
	return store.Link{User: u.ID, Purpose: purpose, Account: account(u, purpose), Created: now, Expires: expires}, "", ""
}

// account returns the digest of what a link was issued for. A link is dead when
// the digest has changed, even by SQL, or by a program of an earlier version
// that knows no links. A login may upgrade the hash of the password: links that
// have nothing to do with the password outlive the upgrade.
func account(u store.UserRecord, purpose string) [32]byte {
	hash := ""
	if slices.Contains(Password(), purpose) {
		hash = u.PasswordHash
	}
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q", hash, u.Email, u.Subject))
}

// Good reports whether a link of a user can be redeemed: the link has not
// expired, and the account is as it was when the link was issued.
func Good(l store.Link, u store.UserRecord, now time.Time) bool {
	return l.Expires.After(now) && l.Account == account(u, l.Purpose)
}

// ForDelegate returns why a delegate may not issue a link to a user, "" if the
// delegate may. A delegate does not give powers that outlast the delegate's
// own, and gives nobody a second way in. The argument others reads like: only
// holders of rbac.administer may.
func ForDelegate(l store.Link, u store.UserRecord, others string) string {
	most, known := limits[l.Purpose]
	switch {
	case !known:
		return others + " issue links for " + l.Purpose
	case l.Expires.Sub(l.Created) > most:
		return others + " issue links for longer than " + most.String()
	case l.Purpose != Verify && u.Subject != "" && u.PasswordHash == "":
		return "the account signs in elsewhere: " + others + " give it a password"
	}
	return ""
}
