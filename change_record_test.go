package rbac

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestRecordJSONIsThatOfEncodingJSON: the log's records can be read, and compared, like any others. Every field has a
// value in turn, so that one that is new to a record and not to its JSON is found.
func TestRecordJSONIsThatOfEncodingJSON(t *testing.T) {
	texts := []string{"", "staff", "x y~!", `a"b`, `a\b`, "<b>&", "Grüße", "\u2028", "tab\t", "\x7f", "\xff", "日本"}
	times := []time.Time{{}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	for n := range len(texts) * len(times) {
		for _, record := range []any{&User{}, &Membership{}, &Grant{}} {
			v := reflect.ValueOf(record).Elem()
			for i := range v.NumField() {
				switch field := v.Field(i).Addr().Interface().(type) {
				case *string:
					*field = texts[(n+i)%len(texts)]
				case *time.Time:
					*field = times[(n/len(texts)+i)%len(times)]
				case *bool:
					*field = n%2 == 0
				case *uuid.UUID:
					*field = uuid.UUID{byte(n), 15: 9}
				default:
					t.Fatalf("%T has a field of type %T", record, field)
				}
			}
			got, gotErr := recordJSON(v.Interface())
			want, err := json.Marshal(v.Interface())
			if (gotErr != nil) != (err != nil) || err == nil && string(got) != string(want) {
				t.Errorf("%+v: %s, %v; json.Marshal makes it %s, %v", v, got, gotErr, want, err)
			}
		}
	}
}
