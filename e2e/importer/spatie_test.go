package importer

import (
	"testing"

	"github.com/rbac-go/rbac/importer"
)

// The tables that PHP has made are read, without teams and with teams.
func TestSpatieSite(t *testing.T) {
	for _, teams := range []bool{false, true} {
		p, args := sqliteFile(t), []string{}
		if args = append(args, "sqlite:"+p.dsn); teams {
			args = append(args, "teams")
		}
		users := site(t, "laravel_site.php", args...)
		db := p.open(t)
		plan, err := importer.ReadSpatie(ctx, importer.Spatie{DB: db})
		a := authority(t)
		r := imported(t, a, plan, err, importer.Options{})
		rows(t, db, r, "model_has_permissions", "model_has_roles", "permissions", "role_has_permissions", "roles", "users")
		equal(t, a, plan, r)
		id, err := a.Identity(ctx, users[0].Name) // a writer who may edit, both of team 7
		must(t, err)
		if teams {
			if id.HasPermission("delete articles") || id.In("team:8").HasPermission("delete articles") {
				t.Error("a role of team 7 holds elsewhere")
			}
			id = id.In("team:7")
		}
		if !id.HasPermission("delete articles") || !userOf(t, a, users[0].Name).Created.Equal(users[0].Created) {
			t.Errorf("teams %v: %v lacks a right", teams, id)
		}
	}
}
