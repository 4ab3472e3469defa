package rbac

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// The records of a change log have kept their bytes since the first log was
// written. Stored logs hold these texts, and readers compare them.
func TestRecordJSON(t *testing.T) {
	id := uuid.UUID{1, 15: 9}
	at := time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC)
	for _, c := range []struct {
		record any
		want   string
	}{
		{nil, ""},
		{User{ID: id, Name: "amy"}, `{"id":"01000000-0000-0000-0000-000000000009","name":"amy"}`},
		{User{ID: id, Name: "amy", Email: "a@x.org", Subject: "auth0|1", DisplayName: "Amy <b> & \"co\"", Note: "tab\t\\", Disabled: true, Created: at, LastLogin: at},
			`{"id":"01000000-0000-0000-0000-000000000009","name":"amy","email":"a@x.org","subject":"auth0|1","display_name":"Amy \u003cb\u003e \u0026 \"co\"","note":"tab\t\\","disabled":true,"created":"2026-01-02T03:04:05.6789Z","last_login":"2026-01-02T03:04:05.6789Z"}`},
		{User{Name: "Grüße 日本 \u2028 \x7f \xff"}, "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"name\":\"Grüße 日本 \\u2028 \x7f \\ufffd\"}"},
		{Group{ID: id, Name: "staff", DisplayName: "Staff", Note: "all", Created: at}, `{"id":"01000000-0000-0000-0000-000000000009","name":"staff","display_name":"Staff","note":"all","created":"2026-01-02T03:04:05.6789Z"}`},
		{Permission{ID: id, Name: "post.edit", Title: "Edit", Description: "d", Section: "s", Position: 2, Created: at, Object: "post", Operation: "edit"},
			`{"id":"01000000-0000-0000-0000-000000000009","name":"post.edit","title":"Edit","description":"d","section":"s","position":2,"created":"2026-01-02T03:04:05.6789Z","object":"post","operation":"edit"}`},
		{Section{Name: "s", Title: "S", Position: -1}, `{"name":"s","title":"S","position":-1}`},
		{Membership{User: "amy", Group: "staff"}, `{"user":"amy","group":"staff"}`},
		{Membership{User: "amy", Group: "staff", Scope: "org:42", Note: "n", Until: at, AssignedBy: "bob", AssignedAt: at},
			`{"user":"amy","group":"staff","scope":"org:42","note":"n","until":"2026-01-02T03:04:05.6789Z","assigned_by":"bob","assigned_at":"2026-01-02T03:04:05.6789Z"}`},
		{Membership{User: "amy", Group: "staff", AssignedBy: "idp", AssignedAt: at, Source: "idp"},
			`{"user":"amy","group":"staff","assigned_by":"idp","assigned_at":"2026-01-02T03:04:05.6789Z","source":"idp"}`},
		{Grant{Group: "staff", Permission: "post.*"}, `{"group":"staff","permission":"post.*"}`},
		{Grant{Group: "staff", Permission: "post.*", Note: "n", GrantedBy: "bob", GrantedAt: at.In(time.FixedZone("", -3600))},
			`{"group":"staff","permission":"post.*","note":"n","granted_by":"bob","granted_at":"2026-01-02T02:04:05.6789-01:00"}`},
		{Inheritance{Senior: "chief", Junior: "staff"}, `{"senior":"chief","junior":"staff"}`},
	} {
		if got, err := recordJSON(c.record); err != nil || string(got) != c.want {
			t.Errorf("%+v: %s, %v; recorded logs have %s", c.record, got, err, c.want)
		}
	}
	for _, record := range []any{User{Created: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, Membership{Until: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}} {
		if got, err := recordJSON(record); err == nil {
			t.Errorf("%+v: %s, although the year has no four digits", record, got)
		}
	}
}

// Followers decode these records of the change log as rows of a store: each
// field has the same name in both.
func TestRowsHaveTheNamesOfTheLog(t *testing.T) {
	for _, pair := range [][2]any{{Group{}, store.Group{}}, {Permission{}, store.Permission{}}, {Section{}, store.Section{}}} {
		record, row := reflect.TypeOf(pair[0]), reflect.TypeOf(pair[1])
		for i := range record.NumField() {
			name, _, _ := strings.Cut(record.Field(i).Tag.Get("json"), ",")
			if got := row.Field(i).Tag.Get("json"); name == "" || got != name {
				t.Errorf("%v.%s is %q in the log, and %q as a row", record, record.Field(i).Name, name, got)
			}
		}
	}
}
