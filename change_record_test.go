package rbac

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestRecordJSONIsThatOfEncodingJSON: the log's records can be read, and compared, like any others.
func TestRecordJSONIsThatOfEncodingJSON(t *testing.T) {
	texts := []string{"", "staff", "x y~!", `a"b`, `a\b`, "<b>&", "Grüße", "\u2028", "tab\t", "\x7f", "\xff", "日本"}
	times := []time.Time{{}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	compare := func(what any, got json.RawMessage, gotErr error) {
		t.Helper()
		want, err := json.Marshal(what)
		if (gotErr != nil) != (err != nil) || err == nil && string(got) != string(want) {
			t.Errorf("%+v: %s, %v; json.Marshal makes it %s, %v", what, got, gotErr, want, err)
		}
	}
	for i, a := range texts {
		b, c, at := texts[(i+1)%len(texts)], texts[(i+5)%len(texts)], times[i%len(times)]
		for _, until := range times {
			m := Membership{User: a, Group: b, Scope: c, Note: a, Until: until, AssignedBy: b, AssignedAt: at}
			j, err := m.json()
			compare(m, j, err)
		}
		u := User{ID: uuid.UUID{byte(i), 15: 9}, Name: a, Email: b, Subject: c, DisplayName: a, Note: b, Disabled: i%2 == 0, Created: at, LastLogin: times[i/4%4]}
		j, err := u.json()
		compare(u, j, err)
		g := Grant{Group: a, Permission: b, Note: c, GrantedBy: a, GrantedAt: at}
		j, err = g.json()
		compare(g, j, err)
	}
}
