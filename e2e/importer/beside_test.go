package importer

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/importer"
)

// A new service beside a TurboGears application lets in whoever is logged in
// there, with the rights that the tables have at the moment; and after the import
// the same users by logins of its own.
func TestBesideTurboGears(t *testing.T) {
	p := sqliteFile(t)
	users := site(t, "turbogears_site.py", p.sqlalchemy)
	var editor, other string
	for _, u := range users {
		if strings.Contains(fmt.Sprint(u.Permissions), "manage") {
			editor = u.Name
		} else {
			other = u.Name
		}
	}
	cookies := strings.Fields(string(script(t, "turbogears_cookie.py", "the secret", editor, other, "stranger")))
	a := authority(t)
	must(t, a.Declare(ctx, rbac.Catalogue{Permissions: []rbac.Permission{{Name: "manage"}}}))

	old := TurboGears{DB: p.open(t), Secret: "the secret", MaxAge: time.Hour}
	guard := httpguard.New(a, httpguard.Config{Identify: old.Identify, Logger: slog.New(slog.DiscardHandler)})
	mux := guard.NewMux()
	mux.Handle("/manage", rbac.HasPermission("manage"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "welcome, ", rbac.FromContext(r.Context()).User())
	}))
	service := guard.Handler(mux)
	get := func(header, value string) (int, string) {
		r := httptest.NewRequest("GET", "/manage", nil)
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	stale := TurboGears{DB: old.DB, Secret: "another secret", MaxAge: time.Hour}
	if _, _, err := stale.open(cookies[0]); err == nil {
		t.Error("a cookie of another secret is believed")
	}
	if _, _, err := (TurboGears{}).open(cookies[0]); err == nil {
		t.Error("a cookie is believed without a secret")
	}
	for _, c := range []struct {
		who, cookie string
		want        int
	}{
		{"a manager", cookies[0], 200},
		{"another user", cookies[1], 403},
		{"a user whom the tables do not have", cookies[2], 401},
		{"a manager's cookie with another name", strings.Replace(cookies[0], editor, "tg999", 1), 401},
		{"nobody", "", 401},
	} {
		if code, body := get("Cookie", "authtkt="+c.cookie); code != c.want || c.want == 200 && body != "welcome, "+editor {
			t.Errorf("%s gets %d: %s", c.who, code, body)
		}
	}

	// a change in the application holds at once
	writable := openWritable(t, p.dsn)
	_, err := writable.Exec("DELETE FROM tg_user_group")
	must(t, err)
	if code, _ := get("Cookie", "authtkt="+cookies[0]); code != 403 {
		t.Errorf("without groups, the manager gets %d", code)
	}
	_, err = writable.Exec("INSERT INTO tg_user_group SELECT user_id, group_id FROM tg_user, tg_group WHERE user_name = ? AND group_name = 'managers'", editor)
	must(t, err)

	plan, err := importer.ReadTurboGears(ctx, importer.TurboGears{DB: old.DB})
	r := imported(t, a, plan, err, importer.Options{Wrap: true})
	equal(t, a, plan, r)
	token, err := a.Issue(ctx, rbac.Login{User: editor})
	must(t, err)
	if code, body := get("Authorization", "Bearer "+token.Secret()); code != 200 || body != "welcome, "+editor {
		t.Errorf("after the import, the manager gets %d: %s", code, body)
	}
}
