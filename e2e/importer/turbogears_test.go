package importer

import (
	"testing"

	"github.com/rbac-go/rbac/importer"
)

// The rights of every user are those of the model, on each engine.
func TestTurboGearsSite(t *testing.T) {
	eachPlace(t, func(t *testing.T, p place) {
		users := site(t, "turbogears_site.py", p.sqlalchemy)
		db := p.open(t)
		plan, err := importer.ReadTurboGears(ctx, importer.TurboGears{DB: db})
		a := authority(t)
		r := imported(t, a, plan, err, importer.Options{})
		rows(t, db, r, "tg_group", "tg_group_permission", "tg_permission", "tg_user", "tg_user_group")
		sameRights(t, a, users)
		equal(t, a, plan, r)
		for _, u := range users {
			if here := userOf(t, a, u.Name); !here.Created.Equal(u.Created) || here.Email != u.Name+"@example.org" {
				t.Errorf("%s was created at %v, and is %+v", u.Name, u.Created, here)
			}
		}
	})
}
