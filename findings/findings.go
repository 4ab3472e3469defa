// Package findings finds records that an administrator should look at: rights
// that nobody uses, accounts that nobody uses, and settings without effect.
//
//	err := authority.View(ctx, func(tx *rbac.Tx) (err error) {
//		list, err = findings.Find(tx, authority.Config().Protected)
//		return err
//	})
//
// The administration console shows the findings on its first page. A finding
// is advice: nothing is denied because of a finding.
package findings

import (
	"errors"
	"time"

	"github.com/rbac-go/rbac"
)

// A Kind is a kind of finding. The comments list the fields of a Record that
// are set.
type Kind string

const (
	DisabledHolders   Kind = "disabled holders"   // User, Permission: the user is disabled, and holds the protected permission; last login At
	EndingMemberships Kind = "ending memberships" // User, Group, Scope: the membership ends at the time At, within 30 days
	IdleUsers         Kind = "idle users"         // User: enabled, older than 14 days, and has neither signed in nor used a session or key for 90 days, or never; last login At
	EmptyGroups       Kind = "empty groups"       // Group: nobody is a member, directly or by a group that inherits this group
	UnheldPermissions Kind = "unheld permissions" // Permission: nobody has it
	UnmatchedPatterns Kind = "unmatched patterns" // Group, Permission: the group has a grant of a pattern that matches nothing; granted At
	NearSets          Kind = "near sets"          // Set: of static separation of duty, with users at its limit
	OldKeys           Kind = "old keys"           // User, Label: the API key is older than a year, from At
)

// A Finding is a list of records that have the same fault.
type Finding struct {
	Kind Kind
	// Records are the first records, at most 1,000, and Count is their number.
	// More reports whether there are others.
	Records []Record
	Count   int
	More    bool
}

// A Record is one of the records of a Finding. The Kind of the Finding
// determines which fields are set.
type Record struct {
	User, Group, Permission, Scope, Set, Label string
	At                                         time.Time
}

const (
	maxRecords = 1000
	maxTickets = 100 // of a user who may be idle

	soon      = 30 * 24 * time.Hour
	idleDays  = 90
	newDays   = 14     // in which a new account need not have been used
	maxUnused = 10_000 // users without a login for idleDays who are examined
)

// Find returns the findings in the order of the kinds, without empty ones. The
// protected permissions are those of [rbac.Config].Protected; permissions that
// the store does not have are ignored. Errors are those of the methods of tx.
//
// Find reads all groups, grants and permissions, one membership of each group
// that no group with a member inherits, and the tickets of users who have not
// signed in for 90 days, until 1,000 idle users are found. This takes less than
// a second for 10,000 groups on SQLite. The number of users hardly matters.
// Call Find in a View, and cache the result for some minutes.
func Find(tx *rbac.Tx, protected []string) ([]Finding, error) {
	var list []Finding
	add := func(kind Kind, c counter) {
		if c.n > 0 {
			list = append(list, Finding{Kind: kind, Records: c.first, Count: len(c.first), More: c.n > maxRecords || c.more})
		}
	}
	holders, err := disabledHolders(tx, protected)
	if err != nil {
		return nil, err
	}
	add(DisabledHolders, holders)
	ending, err := endingMemberships(tx)
	if err != nil {
		return nil, err
	}
	add(EndingMemberships, ending)
	idle, err := idleUsers(tx)
	if err != nil {
		return nil, err
	}
	add(IdleUsers, idle)
	g, err := lookAtGroups(tx)
	if err != nil {
		return nil, err
	}
	add(EmptyGroups, g.empty)
	add(UnheldPermissions, g.unheld)
	add(UnmatchedPatterns, g.unmatched)
	near, err := nearSets(tx)
	if err != nil {
		return nil, err
	}
	add(NearSets, near)
	old, err := oldKeys(tx)
	if err != nil {
		return nil, err
	}
	add(OldKeys, old)
	return list, nil
}

// counter counts records and keeps the first.
type counter struct {
	n     int
	first []Record
	more  bool // there may be records that were not examined
}

func (c *counter) add(r Record) {
	if c.n++; c.n <= maxRecords {
		c.first = append(c.first, r)
	}
}

// full reports whether there are more records than are kept.
func (c *counter) full() bool { return c.n > maxRecords }

// users returns the users that a query selects, as holders of a permission.
func users(tx *rbac.Tx, q rbac.UserQuery, permission string) (c counter, err error) {
	q.Limit = maxRecords + 1
	for u, err := range tx.Users(q) {
		if err != nil {
			return counter{}, err
		}
		c.add(Record{User: u.Name, Permission: permission, At: u.LastLogin})
	}
	return c, nil
}

func disabledHolders(tx *rbac.Tx, protected []string) (all counter, err error) {
	for _, p := range protected {
		c, err := users(tx, rbac.UserQuery{Permission: p, State: rbac.DisabledUser}, p)
		if errors.Is(err, rbac.ErrNotFound) {
			continue // not declared yet
		}
		if err != nil {
			return counter{}, err
		}
		all.n += c.n
		all.first = append(all.first, c.first[:min(len(c.first), maxRecords-len(all.first))]...)
	}
	return all, nil
}

// idleUsers leaves out new accounts, whose users may not have had the time to
// sign in. It also leaves out accounts with a session or key in use, such as
// those of programs. Only the first maxUnused candidates are examined.
func idleUsers(tx *rbac.Tx) (c counter, err error) {
	since, old := tx.Now().AddDate(0, 0, -idleDays), tx.Now().AddDate(0, 0, -newDays)
	examined := 0
	for u, err := range tx.Users(rbac.UserQuery{State: rbac.EnabledUser, LastLoginBefore: since, Limit: maxUnused + 1}) {
		if err != nil {
			return counter{}, err
		}
		if examined++; c.full() || examined > maxUnused {
			c.more = true
			break
		}
		if u.LastLogin.IsZero() && !u.Created.Before(old) {
			continue
		}
		used, err := usedSince(tx, u.Name, since)
		if err != nil {
			return counter{}, err
		}
		if !used {
			c.add(Record{User: u.Name, At: u.LastLogin})
		}
	}
	return c, nil
}

// usedSince reports whether one of the newest tickets of a user has been used
// since a time.
func usedSince(tx *rbac.Tx, user string, since time.Time) (bool, error) {
	for t, err := range tx.Tickets(rbac.TicketQuery{User: user, Limit: maxTickets}) {
		if err != nil || !t.LastSeen.Before(since) {
			return true, err
		}
	}
	return false, nil
}

// endingMemberships leaves out memberships that have ended: the listing is in
// the order of Until, and begins after now.
func endingMemberships(tx *rbac.Tx) (c counter, err error) {
	now := tx.Now()
	q := rbac.MembershipQuery{EndingBefore: now.Add(soon), Limit: maxRecords + 1}
	for m, err := range tx.Memberships(rbac.MembershipQuery{Limit: 1}) { // After needs a user and a group that exist
		if err != nil {
			return counter{}, err
		}
		q.After = rbac.Membership{User: m.User, Group: m.Group, Until: now}
	}
	for m, err := range tx.Memberships(q) {
		if err != nil {
			return counter{}, err
		}
		if m.Until.After(now) {
			c.add(Record{User: m.User, Group: m.Group, Scope: m.Scope, At: m.Until})
		}
	}
	return c, nil
}

func oldKeys(tx *rbac.Tx) (c counter, err error) {
	q := rbac.TicketQuery{Kind: rbac.KeyTicket, Limit: maxRecords + 1}
	q.After.Created = tx.Now().AddDate(-1, 0, 0) // the listing begins with the newest
	for t, err := range tx.Tickets(q) {
		if err != nil {
			return counter{}, err
		}
		c.add(Record{User: t.User, Label: t.Label, At: t.Created})
	}
	return c, nil
}
