package importer_test

import (
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

const spatieTables = `
CREATE TABLE users (id integer, name text, email text, password text, created_at datetime, deleted_at datetime);
CREATE TABLE permissions (id integer, name text, guard_name text);
CREATE TABLE roles (id integer, TEAM name text, guard_name text);
CREATE TABLE model_has_permissions (permission_id integer, model_type text, model_id integer TEAM2);
CREATE TABLE model_has_roles (role_id integer, model_type text, model_id integer TEAM2);
CREATE TABLE role_has_permissions (permission_id integer, role_id integer);
INSERT INTO users VALUES
 (1, 'Amy', 'amy@example.org', '$2y$04$c4hB1awvJDB.OROQPHwhhelvgCasK4ccaEkzC/zLpLKMNtn7ikvuK', '2022-02-03 04:05:06', NULL),
 (2, 'Bob', 'bob@example.org', NULL, NULL, NULL), (3, 'Eve', 'eve@example.org', '', NULL, '2025-01-01 00:00:00');
INSERT INTO permissions VALUES (1, 'edit articles', 'web'), (2, 'delete articles', 'web'), (3, 'edit articles', 'api'), (4, 'publish', 'web');
INSERT INTO role_has_permissions VALUES (1, 1), (2, 2), (3, 3), (4, 2);
`

func TestSpatie(t *testing.T) {
	db := database(t, replaced(spatieTables, "TEAM2", "", "TEAM", "", "model_id", "model_uuid")+`
INSERT INTO roles VALUES (1, 'writer', 'web'), (2, 'admin', 'web'), (3, 'writer', 'api');
INSERT INTO model_has_roles VALUES (1, 'App\Models\User', 1), (2, 'App\Models\Robot', 1), (3, 'App\Models\User', 2), (2, 'App\Models\User', 3);
INSERT INTO model_has_permissions VALUES (4, 'App\Models\User', 1), (4, 'App\Models\User', 2), (3, 'App\Models\User', 2);`)
	p, err := importer.ReadSpatie(ctx, importer.Spatie{DB: db, ModelKey: "model_uuid"})
	must(t, err)
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	reported(t, r,
		`permissions 3 (edit articles): not taken: is of the guard api`,
		`roles 3 (writer): not taken: is of the guard api`,
		`role_has_permissions 3 3 (, ): not taken: its group or permission does not exist`,
		`model_has_roles 2 1: not taken: is of the model App\Models\Robot`,
		`model_has_roles 3 2: not taken: its role does not exist, or is of another guard`,
		`model_has_permissions 3 2: not taken: its permission does not exist, or is of another guard`,
		`model_has_permissions 4 1: taken: through the group user:amy@example.org`,
		`model_has_permissions 4 2: taken: through the group user:bob@example.org`,
		`users 2 (bob@example.org) password: not taken: has no password`,
		`users 3 (eve@example.org): not taken: was deleted in the source`,
		`model_has_roles 2 3: not taken: was deleted in the source`)
	proved(t, a, p, r)
	if _, err := a.Login(ctx, rbac.Login{User: "Amy@example.org", Password: "amy password 123"}); err != nil {
		t.Errorf("amy signs in with the address and the old password: %v", err)
	}
}

func TestSpatieTeams(t *testing.T) {
	db := database(t, replaced(spatieTables, "TEAM2", ", team_id integer", "TEAM", "team_id integer,")+`
INSERT INTO roles VALUES (1, NULL, 'writer', 'web'), (2, 7, 'writer', 'web'), (3, NULL, 'x', 'api');
INSERT INTO model_has_roles VALUES (1, 'App\Models\User', 1, 7), (2, 'App\Models\User', 2, 7), (2, 'App\Models\User', 2, 8), (1, 'App\Models\User', 2, NULL), (1, 'App\Models\User', 2, 9);
INSERT INTO model_has_permissions VALUES (4, 'App\Models\User', 1, 7), (2, 'App\Models\User', 1, 8), (4, 'App\Models\User', 1, 8), (1, 'App\Models\User', 1, 7);`)
	p, err := importer.ReadSpatie(ctx, importer.Spatie{DB: db})
	must(t, err)
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	proved(t, a, p, r)
	for _, c := range []struct {
		user, permission, scope string
		want                    bool
	}{
		{"amy@example.org", "edit articles", "team:7", true},
		{"amy@example.org", "edit articles", "team:8", false},
		{"amy@example.org", "publish", "team:7", true},
		{"amy@example.org", "delete articles", "team:8", true},
		{"amy@example.org", "delete articles", "team:7", false},
		{"bob@example.org", "delete articles", "team:7", true}, // by the role of the team
		{"bob@example.org", "delete articles", "team:8", false},
		{"bob@example.org", "edit articles", "team:9", true},
		{"bob@example.org", "edit articles", "team:7", false},
		{"bob@example.org", "edit articles", "", false},
	} {
		if may(t, a, c.user, c.permission, c.scope) != c.want {
			t.Errorf("%s may %s in %s: %v", c.user, c.permission, c.scope, !c.want)
		}
	}
	counted(t, r, "model_has_permissions: 4 taken, 0 present, 0 not", "model_has_roles: 3 taken, 0 present, 2 not", "permissions: 3 taken, 0 present, 1 not",
		"role_has_permissions: 3 taken, 0 present, 1 not", "roles: 2 taken, 0 present, 1 not", "users: 2 taken, 0 present, 1 not")
}
