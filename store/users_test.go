package store_test

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/rbac-go/rbac/store"
)

// A clone has every field, and shares the bytes of no text.
func TestCloneOfAUser(t *testing.T) {
	var u store.UserRecord
	value := reflect.ValueOf(&u).Elem()
	for _, f := range reflect.VisibleFields(value.Type()) {
		if f.Type.Kind() == reflect.String {
			value.FieldByIndex(f.Index).SetString("text of " + f.Name)
		}
	}
	u.Disabled = true
	c := u.Clone()
	if c != u {
		t.Errorf("the clone of %+v is %+v", u, c)
	}
	clone := reflect.ValueOf(c)
	for _, f := range reflect.VisibleFields(value.Type()) {
		if f.Type.Kind() != reflect.String {
			continue
		}
		a, b := value.FieldByIndex(f.Index).String(), clone.FieldByIndex(f.Index).String()
		if unsafe.StringData(a) == unsafe.StringData(b) {
			t.Errorf("the clone shares the bytes of %s", f.Name)
		}
	}
}
