package importer

import (
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// Casbin locates a model and a policy of casbin, and selects the names of the
// policy that are users. casbin itself does not distinguish users and roles.
type Casbin struct {
	Model string // the text of model.conf

	// The policy is read from Policy or from the database DB. Exactly one of
	// the two is set.
	Policy io.Reader
	DB     *sql.DB // of a driver for SQLite or PostgreSQL; not closed
	Table  string  // the table in DB; empty: "casbin_rule"

	// One of the next four fields selects the names that are users. All other
	// names are roles.

	Users      []string // exactly these names
	UserPrefix string   // names with this prefix, which stays a part of the name
	RolePrefix string   // names without this prefix
	// Leaves makes a user of each name that nobody has as a role in the policy.
	// A role without members then becomes a user: use Leaves only if every role
	// has members.
	Leaves bool
}

// ReadCasbin reads a model and a policy of casbin. The name of a permission is
// the object of the line, a dot, and the operation. A domain is a scope. If the
// lines of a role differ among domains, the role becomes a group for each
// domain: "admin@org1". Resource roles (g2) are resolved: each permission names
// a resource.
//
// Lines that match more than they name, such as those with * under keyMatch,
// and lines that deny are reported, and not taken. If a denying line counts,
// nobody gets the permission that the line denies to somebody. If such a line
// is a pattern, nobody gets any permission. A line with fewer or more values
// than the model has, such as a line without its eft, is reported: casbin
// refuses to load such a policy. Casbin itself does not read roles beyond the
// tenth level; neither does the proof.
//
// Errors: ErrInvalid for a model that is not supported, for a Casbin that does
// not select the names of users, and for a policy that is not valid CSV; errors
// of the database.
func ReadCasbin(ctx context.Context, c Casbin) (*Plan, error) {
	model, err := parseCasbinModel(c.Model)
	if err != nil {
		return nil, err
	}
	ways := 0
	for _, way := range []bool{c.Users != nil, c.UserPrefix != "", c.RolePrefix != "", c.Leaves} {
		if way {
			ways++
		}
	}
	switch {
	case ways != 1:
		return nil, invalid("source", "", "Users", "exactly one of Users, UserPrefix, RolePrefix and Leaves has to select the users")
	case (c.Policy == nil) == (c.DB == nil):
		return nil, invalid("source", "", "Policy", "exactly one of Policy and DB has to be set")
	}
	b := &casbin{Casbin: c, model: model, plan: &Plan{kind: "casbin"}, listed: map[string]bool{}}
	for _, name := range c.Users {
		b.listed[name] = true
	}
	if c.Policy != nil {
		b.lines, err = readPolicy(c.Policy)
	} else {
		err = readTables(ctx, c.DB, nil, b.readTable)
	}
	if err != nil {
		return nil, err
	}
	b.build()
	return b.plan.checked()
}

// casbinLine is a line of the policy, or a row of casbin_rule.
type casbinLine struct {
	kind   string // p, g, g2, …
	values []string
	row    Row
}

// readPolicy reads a file as casbin's file adapter does: each line is CSV by
// itself, and # begins a comment.
func readPolicy(r io.Reader) (lines []casbinLine, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		reader := csv.NewReader(strings.NewReader(line))
		reader.Comment, reader.TrimLeadingSpace = '#', true
		values, err := reader.Read()
		if err != nil {
			return nil, invalid("policy", fmt.Sprint("line ", number), "", err.Error())
		}
		lines = append(lines, casbinLine{values[0], values[1:], row("policy", fmt.Sprint(number), line)})
	}
	return lines, nil
}

func (b *casbin) readTable(t *tables) error {
	table := b.Table
	if table == "" {
		table = "casbin_rule"
	}
	rules, err := t.read(table)
	for n, r := range rules {
		line := casbinLine{kind: r.text("ptype")}
		if !r.has("ptype") {
			line.kind = r.text("p_type")
		}
		for i := range 10 {
			line.values = append(line.values, r.text(fmt.Sprint("v", i)))
		}
		for len(line.values) > 0 && line.values[len(line.values)-1] == "" {
			line.values = line.values[:len(line.values)-1]
		}
		key := r.text("id")
		if key == "" {
			key = fmt.Sprint(n + 1)
		}
		line.row = row(table, key, line.kind+", "+strings.Join(line.values, ", "))
		b.lines = append(b.lines, line)
	}
	return err
}

func (b *casbin) isUser(name string) bool {
	switch {
	case b.Users != nil:
		return b.listed[name]
	case b.UserPrefix != "":
		return strings.HasPrefix(name, b.UserPrefix)
	case b.RolePrefix != "":
		return !strings.HasPrefix(name, b.RolePrefix)
	}
	return len(b.members[name]) == 0
}
