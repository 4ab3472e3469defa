package rbac

import "context"

// What the tests of package rbac_test see of an Authority's inside.

// The names under which HashCalls counts.
const (
	CountCurrent = countCurrent
	CountOldCost = countOldCost
	CountBcrypt  = countBcrypt
	CountScrypt  = countScrypt
	CountPBKDF2  = countPBKDF2
)

// HashCalls returns how many hashes of a kind were computed.
func (a *Authority) HashCalls(kind string) int { return a.hasher.calls(kind) }

// SetVerified sets what a Login calls between verifying the password and making the ticket.
func (a *Authority) SetVerified(f func()) { a.verified = f }

// Sweep deletes what is dead, as the background does each minute.
func (a *Authority) Sweep(ctx context.Context) error { return a.sweep(ctx) }

// Flush writes the last uses of tickets, as the background does.
func (a *Authority) Flush(ctx context.Context) error { return a.flush(ctx) }
