package importer

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

// unreadable are the kinds of password columns that nobody can sign in with.
var unreadable = map[string]bool{
	"Django Argon2 of old": true, "Django crypt(3)": true, "Django unusable": true,
	"TurboGears without password": true, "PHP argon2i": true,
}

// 200 users with 23 kinds of password columns: everyone whose hash can be read
// signs in with the old password, and everyone else is listed.
func TestPasswordsOfTwoHundredUsers(t *testing.T) {
	django, turboGears, laravel := sqliteFile(t), sqliteFile(t), sqliteFile(t)
	all, kinds := 0, map[string]bool{}
	signIn := func(users []oldUser, plan *importer.Plan, err error) {
		t.Helper()
		a, listed := authority(t), map[string]bool{}
		for _, row := range imported(t, a, plan, err, importer.Options{Wrap: true, Plaintext: true}).Reported() {
			if row.Column == "password" {
				_, name, _ := strings.Cut(strings.TrimSuffix(row.Key, ")"), "(")
				listed[name] = true
			}
		}
		for _, u := range users {
			kinds[u.Kind] = true
			if listed[u.Name] != unreadable[u.Kind] {
				t.Errorf("%s (%s) is listed: %v", u.Name, u.Kind, listed[u.Name])
			}
			disabled := userOf(t, a, u.Name).Disabled
			_, err := a.Login(ctx, rbac.Login{User: u.Name, Password: u.Password})
			if want := !unreadable[u.Kind] && !disabled; want != (err == nil) || err != nil && !errors.Is(err, rbac.ErrBadCredentials) {
				t.Errorf("%s (%s, disabled %v) signs in with the old password: %v", u.Name, u.Kind, disabled, err)
			}
		}
		all += len(users)
	}
	users := site(t, "django_site.py", django.django)
	plan, err := importer.ReadDjango(ctx, importer.Django{DB: django.open(t)})
	signIn(users, plan, err)
	users = site(t, "turbogears_site.py", turboGears.sqlalchemy)
	plan, err = importer.ReadTurboGears(ctx, importer.TurboGears{DB: turboGears.open(t), SiteSalt: "the salt of the site"})
	signIn(users, plan, err)
	users = site(t, "laravel_site.php", "sqlite:"+laravel.dsn)
	plan, err = importer.ReadSpatie(ctx, importer.Spatie{DB: laravel.open(t)})
	signIn(users, plan, err)
	if all != 200 || len(kinds) != 23 {
		t.Errorf("%d users with %d kinds of passwords", all, len(kinds))
	}
}
