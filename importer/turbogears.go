package importer

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// TurboGears locates the five tables of a TurboGears 2 quickstart. Only DB is
// required.
type TurboGears struct {
	DB *sql.DB // of a driver for SQLite or PostgreSQL; not closed

	// Prefix begins the names of the tables, such as "site_" for site_user,
	// site_group, site_permission, site_user_group and site_group_permission.
	// Empty: "tg_". A prefix can end with the name of a schema and a dot.
	Prefix string
	// SiteSalt is the salt of a site with one salt in its code. Its password
	// column has the SHA-256 of password and salt, in 64 hexadecimal digits.
	// Empty: there are no such hashes.
	SiteSalt string
	// Location is the time zone of the server, whose local times the model
	// stores. Nil: UTC.
	Location *time.Location
}

// ReadTurboGears reads the tables of a TurboGears 2 quickstart.
//
// Errors: ErrInvalid for a table without a required column; errors of the
// database.
func ReadTurboGears(ctx context.Context, c TurboGears) (*Plan, error) {
	if c.Prefix == "" {
		c.Prefix = "tg_"
	}
	g := turboGears{TurboGears: c, plan: &Plan{kind: "turbogears", siteSalt: c.SiteSalt,
		schemes: []string{"turbogears", "django", "werkzeug", "aspnet", "crypt", "phpass"}}}
	if c.SiteSalt != "" {
		g.plan.schemes = append(g.plan.schemes, siteScheme)
	}
	if err := readTables(ctx, c.DB, c.Location, g.read); err != nil {
		return nil, err
	}
	return g.plan.checked()
}

// turboGears has the tables by primary keys.
type turboGears struct {
	TurboGears
	plan *Plan

	permissions, groups map[string]string   // names
	granted             map[string][]string // permissions by group
	memberOf            map[string][]string // groups by user
}

func (g *turboGears) read(t *tables) error {
	return t.inOrder(g.readPermissions, g.readGroups, g.readUsers)
}

func (g *turboGears) readPermissions(t *tables) error {
	table := g.Prefix + "permission"
	permissions, err := t.read(table, "permission_id", "permission_name")
	g.permissions = map[string]string{}
	for _, r := range permissions {
		name := r.text("permission_name")
		g.permissions[r.text("permission_id")] = name
		g.plan.addPermission(rbac.Permission{Name: name, Title: r.text("description")}, row(table, r.text("permission_id"), name))
	}
	return err
}

func (g *turboGears) readGroups(t *tables) error {
	table, between := g.Prefix+"group", g.Prefix+"group_permission"
	groups, err := t.read(table, "group_id", "group_name")
	if err != nil {
		return err
	}
	grants, err := t.read(between, "group_id", "permission_id")
	g.groups, g.granted = map[string]string{}, map[string][]string{}
	for _, r := range groups {
		name := r.text("group_name")
		g.groups[r.text("group_id")] = name
		g.plan.groups = append(g.plan.groups, group{
			Group: rbac.Group{Name: name, DisplayName: r.text("display_name")}, row: row(table, r.text("group_id"), name)})
	}
	for _, r := range grants {
		id, permission := r.text("group_id"), g.permissions[r.text("permission_id")]
		g.plan.addGrant(g.groups[id], permission, row(between, id+" "+r.text("permission_id"), g.groups[id], permission))
		g.granted[id] = append(g.granted[id], permission)
	}
	return err
}

func (g *turboGears) readUsers(t *tables) error {
	table, between := g.Prefix+"user", g.Prefix+"user_group"
	users, err := t.read(table, "user_id", "user_name", "password")
	if err != nil {
		return err
	}
	memberships, err := t.read(between, "user_id", "group_id")
	index := map[string]int{}
	for _, r := range users {
		id, password := r.text("user_id"), r.text("password")
		u := user{
			User: rbac.User{Name: r.text("user_name"), Email: strings.TrimSpace(r.text("email_address")),
				Subject: subject("turbogears", id), DisplayName: r.text("display_name")},
			row: row(table, id, r.text("user_name")), password: &password,
			old: func() oldRights { return g.rights(id) },
		}
		u.times(r, "created", "last_login")
		index[id] = len(g.plan.users)
		g.plan.users = append(g.plan.users, u)
	}
	g.memberOf = map[string][]string{}
	for _, r := range memberships {
		id, group := r.text("user_id"), g.groups[r.text("group_id")]
		at := row(between, id+" "+r.text("group_id"), group)
		if u := g.plan.userAt(index, id, at); u != nil {
			u.join(group, "", at)
			g.memberOf[id] = append(g.memberOf[id], r.text("group_id"))
		}
	}
	return err
}

// rights are those of the model's User.permissions: the permissions of all
// groups of the user.
func (g *turboGears) rights(id string) (rights oldRights) {
	for _, group := range g.memberOf[id] {
		for _, permission := range g.granted[group] {
			rights.add(permission, "")
		}
	}
	return rights
}
