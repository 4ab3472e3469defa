package importer

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// Spatie locates the tables of Laravel and spatie/laravel-permission. Only DB
// is required.
type Spatie struct {
	DB *sql.DB // of a driver for SQLite or PostgreSQL; not closed

	UserTable string // empty: "users"
	// Name is the column that users log in with. Empty: "email".
	Name string
	// DisplayName is the column of names for people. Empty: "name".
	DisplayName string
	// ModelType is the class of users in the tables of the package. Empty:
	// "App\Models\User". Rows of other models are reported, and not taken.
	ModelType string
	// ModelKey is the column of users' keys in the tables of the package,
	// column_names.model_morph_key of the configuration. Empty: "model_id".
	ModelKey string
	// Guard is the guard_name that is imported. Empty: "web". Roles and
	// permissions of other guards are reported, and not taken.
	Guard string
	// Team is the column of teams, teams.team_foreign_key of the configuration.
	// Empty: "team_id". Tables without the column have no teams.
	Team string
	// ScopePrefix begins the scope of a team. Empty: "team:".
	ScopePrefix string
	// Location is the time zone of times without a zone. Nil: UTC.
	Location *time.Location
}

func (c Spatie) withDefaults() Spatie {
	for field, value := range map[*string]string{
		&c.UserTable: "users", &c.Name: "email", &c.DisplayName: "name", &c.ModelType: `App\Models\User`,
		&c.ModelKey: "model_id",
		&c.Guard:    "web", &c.Team: "team_id", &c.ScopePrefix: "team:",
	} {
		if *field == "" {
			*field = value
		}
	}
	return c
}

// ReadSpatie reads the users of Laravel and the tables of
// spatie/laravel-permission. A team is a scope, and a role that belongs to a
// team is a group of its own: "writer (team:7)". For users who log in with an
// e-mail address, the address is also the name. Soft-deleted users are
// reported, and not taken.
//
// Errors: ErrInvalid for a table without a required column; errors of the
// database.
func ReadSpatie(ctx context.Context, c Spatie) (*Plan, error) {
	c = c.withDefaults()
	s := spatie{Spatie: c, plan: &Plan{kind: "spatie", schemes: []string{"phpass", "crypt", "django"}}}
	if err := readTables(ctx, c.DB, c.Location, s.read); err != nil {
		return nil, err
	}
	return s.plan.checked()
}

// spatie has the tables by primary keys.
type spatie struct {
	Spatie
	plan *Plan

	teams       bool
	permissions map[string]string // names, of the guard
	roles       map[string]role   // of the guard
	users       map[string]int    // places in the plan
	memberOf    map[string][]pivot
	direct      map[string][]pivot
}

type role struct {
	group       string // its name in the plan
	team        string // empty: the role is for all teams
	permissions []string
}

// pivot is a row of model_has_roles or model_has_permissions.
type pivot struct{ id, team string }

func (s *spatie) read(t *tables) error {
	return t.inOrder(s.readPermissions, s.readRoles, s.readUsers, s.readMemberships, s.readDirect)
}

func (s *spatie) otherGuard(r record, at Row) bool {
	other := r.text("guard_name") != s.Guard
	if other {
		s.plan.rest = append(s.plan.rest, at.as(NotTaken, "is of the guard "+r.text("guard_name")))
	}
	return other
}

func (s *spatie) readPermissions(t *tables) error {
	permissions, err := t.read("permissions", "id", "name", "guard_name")
	s.permissions = map[string]string{}
	for _, r := range permissions {
		at := row("permissions", r.text("id"), r.text("name"))
		if !s.otherGuard(r, at) {
			s.permissions[r.text("id")] = r.text("name")
			s.plan.addPermission(rbac.Permission{Name: r.text("name")}, at)
		}
	}
	return err
}

func (s *spatie) readRoles(t *tables) error {
	roles, err := t.read("roles", "id", "name", "guard_name")
	if err != nil {
		return err
	}
	grants, err := t.read("role_has_permissions", "permission_id", "role_id")
	s.roles = map[string]role{}
	for _, r := range roles {
		s.teams = r.has(s.Team)
		at := row("roles", r.text("id"), r.text("name"))
		if s.otherGuard(r, at) {
			continue
		}
		is := role{group: r.text("name"), team: r.text(s.Team)}
		if is.team != "" {
			is.group += " (" + s.ScopePrefix + is.team + ")"
		}
		s.roles[r.text("id")] = is
		s.plan.groups = append(s.plan.groups, group{Group: rbac.Group{Name: is.group}, row: at})
	}
	for _, r := range grants {
		id, permission := r.text("role_id"), s.permissions[r.text("permission_id")]
		is := s.roles[id]
		s.plan.addGrant(is.group, permission, row("role_has_permissions", id+" "+r.text("permission_id"), is.group, permission))
		if is.group != "" && permission != "" {
			is.permissions = append(is.permissions, permission)
			s.roles[id] = is
		}
	}
	return err
}

func (s *spatie) readUsers(t *tables) error {
	users, err := t.read(s.UserTable, "id", s.Name, "password")
	s.users = map[string]int{}
	for _, r := range users {
		id, password, deleted := r.text("id"), r.text("password"), r.text("deleted_at") != ""
		u := user{
			User: rbac.User{Name: r.text(s.Name), Email: strings.TrimSpace(r.text("email")),
				Subject: subject("spatie", id), DisplayName: r.text(s.DisplayName)},
			row: row(s.UserTable, id, r.text(s.Name)), password: &password,
			old: func() oldRights {
				if deleted {
					return oldRights{}
				}
				return s.rights(id)
			},
		}
		if deleted {
			u.refuse("was deleted in the source")
		}
		u.times(r, "created_at", "last_login_at")
		s.users[id] = len(s.plan.users)
		s.plan.users = append(s.plan.users, u)
	}
	return err
}

// readPivot reads a table between models and roles or permissions, and calls f
// for each row of a user that counts in a team, or everywhere without teams.
func (s *spatie) readPivot(t *tables, table, key string, f func(u *user, user string, p pivot, scope string, at Row)) error {
	rows, err := t.read(table, key, "model_type", s.ModelKey)
	for _, r := range rows {
		p := pivot{r.text(key), r.text(s.Team)}
		at := row(table, strings.TrimSpace(p.id+" "+r.text(s.ModelKey)+" "+p.team))
		scope := ""
		switch {
		case r.text("model_type") != s.ModelType:
			s.plan.rest = append(s.plan.rest, at.as(NotTaken, "is of the model "+r.text("model_type")))
			continue
		case s.teams && p.team == "":
			s.plan.rest = append(s.plan.rest, at.as(NotTaken, "counts in no team"))
			continue
		case s.teams:
			scope = s.ScopePrefix + p.team
		}
		if u := s.plan.userAt(s.users, r.text(s.ModelKey), at); u != nil {
			f(u, r.text(s.ModelKey), p, scope, at)
		}
	}
	return err
}

func (s *spatie) readMemberships(t *tables) error {
	s.memberOf = map[string][]pivot{}
	return s.readPivot(t, "model_has_roles", "role_id", func(u *user, id string, p pivot, scope string, at Row) {
		is := s.roles[p.id]
		switch {
		case is.group == "":
			s.plan.rest = append(s.plan.rest, at.as(NotTaken, "its role does not exist, or is of another guard"))
			return
		case is.team != "" && is.team != p.team:
			s.plan.rest = append(s.plan.rest, at.as(NotTaken, "its role is of another team, and counts nowhere"))
			return
		}
		u.join(is.group, scope, at)
		s.memberOf[id] = append(s.memberOf[id], p)
	})
}

func (s *spatie) readDirect(t *tables) error {
	s.direct = map[string][]pivot{}
	return s.readPivot(t, "model_has_permissions", "permission_id", func(u *user, id string, p pivot, scope string, at Row) {
		if s.permissions[p.id] == "" {
			s.plan.rest = append(s.plan.rest, at.as(NotTaken, "its permission does not exist, or is of another guard"))
			return
		}
		u.has(s.permissions[p.id], scope, at)
		s.direct[id] = append(s.direct[id], p)
	})
}

// rights are those of hasPermissionTo under the guard, with each team current in
// turn: the user's own permissions in the team, and those of the user's roles in
// the team.
func (s *spatie) rights(id string) (rights oldRights) {
	scope := func(p pivot) string {
		if s.teams {
			return s.ScopePrefix + p.team
		}
		return ""
	}
	for _, p := range s.direct[id] {
		rights.add(s.permissions[p.id], scope(p))
	}
	for _, p := range s.memberOf[id] {
		for _, permission := range s.roles[p.id].permissions {
			rights.add(permission, scope(p))
		}
	}
	return rights
}
