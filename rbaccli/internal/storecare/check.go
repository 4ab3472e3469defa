// Package storecare checks, copies and restores stores, for the verbs check,
// backup and restore of package rbaccli.
package storecare

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
)

// Fault is an entry of a store that package rbac never writes: another program
// wrote to the tables, a migration went wrong, or a disk failed.
type Fault struct {
	Record string `json:"record"` // the kind of the record: "membership", "ticket", "change log", "table", …
	Name   string `json:"name"`   // of the record, with ids in place of names that are missing
	Reason string `json:"reason"`
}

// String reads like: grant "post.edit to editors": there is no permission
// "post.edit".
func (f Fault) String() string { return fmt.Sprintf("%s %q: %s", f.Record, f.Name, f.Reason) }

// maxFaults is the number of faults that Check reports.
const maxFaults = 1000

// Check reads a whole store, in one View, and returns its faults: relations to
// records that do not exist, names that are not canonical, cycles of
// inheritance, static separation of duty sets that are violated at the time
// now, and gaps in the change log. An SQLite database also checks itself. Check
// holds the ids of all users in memory, and returns at most 1,000 faults. If
// there are more, the last fault states this.
//
// Errors are those of the store. The faults that were found before an error are
// returned, too. An SQLite file that is malformed is a fault and an error.
func Check(ctx context.Context, s store.Store, now time.Time) (faults []Fault, err error) {
	err = s.View(ctx, func(r store.Records) error {
		c := &checker{ctx: ctx, r: r, now: now}
		err := c.all()
		faults = c.faults
		return err
	})
	if err != nil && strings.Contains(err.Error(), "malformed") { // SQLite cannot read the file
		faults = append(faults, Fault{"database", "main", err.Error()})
	}
	if len(faults) > maxFaults {
		faults = append(faults[:maxFaults], Fault{"store", "", "there are more faults"})
	}
	return faults, err
}

// checker checks the records of a transaction.
type checker struct {
	ctx    context.Context
	r      store.Records
	now    time.Time
	faults []Fault

	users       map[uuid.UUID]string
	groups      map[uuid.UUID]string
	sections    map[string]bool
	permissions map[string]bool
}

// all runs all checks. The separation sets come after the relations on which
// they depend.
func (c *checker) all() error {
	for _, check := range []func() error{
		c.database, c.readUsers, c.readGroups, c.readSections, c.readPermissions, c.grants, c.inheritances,
		c.separations, c.delegations, c.memberships, c.violations, c.tickets, c.links, c.logins, c.changes,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// fault reports a fault for a reason, and nothing if the reason is empty.
func (c *checker) fault(record, name, reason string) {
	if reason != "" && len(c.faults) <= maxFaults {
		c.faults = append(c.faults, Fault{record, name, reason})
	}
}

// database lets an SQLite database check itself.
func (c *checker) database() error {
	unwrapper, ok := c.r.(interface{ Unwrap() any })
	if !ok {
		return nil
	}
	tx, ok := sqlite.Tx(unwrapper)
	if !ok {
		return nil
	}
	return c.pragmas(tx)
}

func (c *checker) pragmas(tx sqlite.DBTX) error {
	rows, err := tx.QueryContext(c.ctx, "PRAGMA integrity_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			c.fault("database", "main", text)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	broken, err := tx.QueryContext(c.ctx, `SELECT "table", parent, count(*) FROM pragma_foreign_key_check
		WHERE "table" LIKE 'rbac\_%' ESCAPE '\' GROUP BY "table", parent ORDER BY "table", parent`)
	if err != nil {
		return err
	}
	defer broken.Close()
	for broken.Next() {
		var table, parent string
		var n int
		if err := broken.Scan(&table, &parent, &n); err != nil {
			return err
		}
		c.fault("table", table, fmt.Sprintf("rows that refer to a missing row of %s: %d", parent, n))
	}
	return broken.Err()
}

func (c *checker) readUsers() error {
	c.users = map[uuid.UUID]string{}
	for u, err := range c.r.Users(store.UserFilter{}) {
		if err != nil {
			return err
		}
		c.users[u.ID] = u.Name
		canonical, reason := names.CanonicalUser(u.Name)
		if reason == "" && canonical != u.Name {
			reason = fmt.Sprintf("the name is not in canonical form, which is %q: nobody can log in with the name", canonical)
		}
		c.fault("user", u.Name, reason)
		if u.EmailKey != names.EmailKey(u.Email) {
			c.fault("user", u.Name, "the user is not found by the e-mail address, which another user may have, too")
		}
	}
	return nil
}

func (c *checker) readGroups() error {
	list, err := c.r.Groups()
	c.groups = map[uuid.UUID]string{}
	for _, g := range list {
		c.groups[g.ID] = g.Name
		c.fault("group", g.Name, names.CheckName(g.Name))
	}
	return err
}

func (c *checker) readSections() error {
	list, err := c.r.Sections()
	c.sections = map[string]bool{"": true}
	for _, s := range list {
		c.sections[s.Name] = true
		c.fault("section", s.Name, names.CheckName(s.Name))
	}
	return err
}

func (c *checker) readPermissions() error {
	list, err := c.r.Permissions()
	c.permissions = map[string]bool{}
	for _, p := range list {
		c.permissions[p.Name] = true
		c.fault("permission", p.Name, names.CheckName(p.Name))
		c.fault("permission", p.Name, names.CheckNoPattern(p.Name))
		if !c.sections[p.Section] {
			c.fault("permission", p.Name, fmt.Sprintf("there is no section %q", p.Section))
		}
	}
	return err
}

// group returns the name of a group, or the id of a group that does not exist.
func (c *checker) group(id uuid.UUID) string { return named(c.groups, id) }

func (c *checker) user(id uuid.UUID) string { return named(c.users, id) }

func named(names map[uuid.UUID]string, id uuid.UUID) string {
	if name, ok := names[id]; ok {
		return name
	}
	return id.String()
}

// needGroups reports the groups that do not exist.
func (c *checker) needGroups(record, name string, ids ...uuid.UUID) (ok bool) {
	ok = true
	for _, id := range ids {
		if _, exists := c.groups[id]; !exists {
			c.fault(record, name, fmt.Sprintf("there is no group with the id %v", id))
			ok = false
		}
	}
	return ok
}

func (c *checker) needUser(record, name string, id uuid.UUID) {
	if _, exists := c.users[id]; !exists {
		c.fault(record, name, fmt.Sprintf("there is no user with the id %v", id))
	}
}

func (c *checker) grants() error {
	list, err := c.r.Grants(store.GrantFilter{})
	for _, g := range list {
		name := g.Permission + " to " + c.group(g.Group)
		c.needGroups("grant", name, g.Group)
		switch {
		case names.IsPattern(g.Permission):
			c.fault("grant", name, names.CheckPattern(g.Permission))
		case !c.permissions[g.Permission]:
			c.fault("grant", name, fmt.Sprintf("there is no permission %q", g.Permission))
		}
	}
	return err
}

func (c *checker) delegations() error {
	list, err := c.r.Delegations()
	for _, d := range list {
		name := c.group(d.Group)
		c.needGroups("delegation", name, append([]uuid.UUID{d.Group}, d.Assign...)...)
		if len(d.Assign) == 0 {
			c.fault("delegation", name, "the delegation has no groups to assign")
		}
	}
	return err
}

func (c *checker) memberships() error {
	for m, err := range c.r.Memberships(store.MembershipFilter{NoNames: true}) {
		if err != nil {
			return err
		}
		name := c.user(m.User) + " in " + c.group(m.Group)
		if m.Scope != "" {
			name += " at " + m.Scope
		}
		c.needUser("membership", name, m.User)
		c.needGroups("membership", name, m.Group)
		c.fault("membership", name, names.CheckOptionalKey(m.Scope))
	}
	return nil
}

// tickets checks the tickets of missing users, too: the listing reads the
// table, whatever it finds.
func (c *checker) tickets() error {
	for t, err := range c.r.Tickets(store.TicketFilter{Newest: true}) {
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%v of %s", t.ID, c.user(t.User))
		c.needUser("ticket", name, t.User)
		c.needGroups("ticket", name, t.Groups...)
		if len(t.Groups) > 0 && !t.Narrowed {
			c.fault("ticket", name, "the ticket is not narrowed, and has groups of its own")
		}
	}
	return nil
}

// never is later than any time of a record.
var never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (c *checker) links() error {
	list, err := c.r.ExpiredLinks(never, 1<<30)
	for _, l := range list {
		c.needUser("link", l.Purpose+" of "+c.user(l.User), l.User)
	}
	return err
}

func (c *checker) logins() error {
	for l, err := range c.r.Logins(store.LoginFilter{}) {
		if err != nil {
			return err
		}
		c.needUser("login", fmt.Sprintf("%v of %s", l.ID, c.user(l.User)), l.User)
	}
	return nil
}
