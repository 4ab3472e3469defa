package importer

import (
	"slices"
	"testing"

	"github.com/rbac-go/rbac/importer"
)

// The rights of every user are those that Django lists, on each engine and for a
// user model of the site's own.
func TestDjangoSite(t *testing.T) {
	t.Setenv("USERS", "52")
	eachPlace(t, func(t *testing.T, p place) {
		users := site(t, "django_site.py", p.django)
		db := p.open(t)
		plan, err := importer.ReadDjango(ctx, importer.Django{DB: db})
		a := authority(t)
		r := imported(t, a, plan, err, importer.Options{Superusers: true})
		rows(t, db, r, "auth_group", "auth_group_permissions", "auth_permission", "auth_user", "auth_user_groups", "auth_user_user_permissions", "django_content_type")
		sameRights(t, a, users)
		equal(t, a, plan, r)
		for n, u := range users {
			here := userOf(t, a, u.Name)
			if !here.Created.Equal(u.Created) || here.LastLogin.IsZero() == (n%2 == 1) || here.DisplayName == "" {
				t.Errorf("%s was created at %v, and is %+v", u.Name, u.Created, here)
			}
		}
	})
}

func TestDjangoSiteWithUserModel(t *testing.T) {
	t.Setenv("USERS", "26")
	p := sqliteFile(t)
	users := site(t, "django_site.py", p.django, "accounts.Member")
	db := p.open(t)
	plan, err := importer.ReadDjango(ctx, importer.Django{DB: db, UserModel: "accounts.Member", Staff: "admin.enter"})
	a := authority(t)
	r := imported(t, a, plan, err, importer.Options{Superusers: true})
	rows(t, db, r, "accounts_member", "accounts_member_groups", "accounts_member_user_permissions", "auth_group", "auth_group_permissions", "auth_permission", "django_content_type")
	equal(t, a, plan, r)
	staff := slices.IndexFunc(users, func(u oldUser) bool { return u.Superuser })
	if id, err := a.Identity(ctx, users[staff].Name); err != nil || !id.HasPermission("admin.enter") || !id.InGroup("django staff") {
		t.Errorf("%v is no staff: %v", id, err)
	}
}

// Without superusers, the proof names them.
func TestDjangoSiteWithoutSuperusers(t *testing.T) {
	t.Setenv("USERS", "42")
	p := sqliteFile(t)
	users := site(t, "django_site.py", p.django)
	plan, err := importer.ReadDjango(ctx, importer.Django{DB: p.open(t)})
	a := authority(t)
	r := imported(t, a, plan, err, importer.Options{})
	proof, err := plan.Prove(ctx, a, r)
	must(t, err)
	var missing []string
	for _, d := range proof.Differences {
		if d.Permission != "*" || d.Here || d.Reason != "superusers were not asked for" {
			t.Errorf("differs: %+v", d)
		}
		missing = append(missing, d.User)
	}
	var superusers []string
	for _, u := range users {
		if u.Superuser {
			superusers = append(superusers, u.Name)
		}
	}
	if len(superusers) == 0 || !slices.Equal(missing, superusers) {
		t.Errorf("the proof names %q; the superusers are %q", missing, superusers)
	}
}
