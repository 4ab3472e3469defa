package session

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Limit is the limits of a new session.
type Limit struct {
	Idle, Absolute time.Duration
	Name           string // of Absolute in the root's Config
}

// Refuse returns the reason why a session that is made now cannot end at a
// time, or "". The zero time means the limit.
func (l Limit) Refuse(end, now time.Time) (reason string) {
	if end.IsZero() || !end.After(now.Add(l.Absolute)) {
		return ""
	}
	return fmt.Sprintf("beyond Config.%s, which is %v", l.Name, l.Absolute)
}

// InOrderOfIssue sorts tickets by age. A ticket's id begins with the time of
// issue (UUID version 7).
func InOrderOfIssue(tickets []store.Ticket) {
	slices.SortFunc(tickets, func(a, b store.Ticket) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

// Surplus returns the oldest of the living sessions in a list that have to end,
// so that one more session makes at most that many. API keys do not count.
func (m *Manager) Surplus(tickets []store.Ticket, most int, now time.Time) []store.Ticket {
	sessions := slices.DeleteFunc(tickets, func(t store.Ticket) bool { return t.Key || !m.Living(t, now) })
	InOrderOfIssue(sessions)
	return sessions[:max(0, len(sessions)+1-most)]
}

// Renewed returns a ticket like t, made now with another hash and within the
// absolute limit. An API key, or a ticket with an early end, keeps the end.
func Renewed(t store.Ticket, hash store.TokenHash, now time.Time, limit time.Duration) store.Ticket {
	limit = limit.Truncate(time.Microsecond)
	if !t.Key && t.Expires.Equal(t.Created.Add(limit)) {
		t.Expires = now.Add(limit)
	}
	return again(t, hash, now)
}

// again returns a ticket like t, made now with another id and hash.
func again(t store.Ticket, hash store.TokenHash, now time.Time) store.Ticket {
	t.ID, t.Hash, t.Created, t.LastSeen = uuid.Must(uuid.NewV7()), hash, now, now
	return t
}
