package storetest

import (
	"fmt"
	"reflect"
	"time"
)

var timeType, bytesType = reflect.TypeFor[time.Time](), reflect.TypeFor[[]byte]()

// equal compares got with want, and reports the first difference. Slices
// without an entry count as nil.
func (w *world) equal(what string, got, want any) {
	w.Helper()
	if d := difference(reflect.ValueOf(got), reflect.ValueOf(want)); d != "" {
		w.Errorf("%s%s", what, d)
	}
}

// difference describes the first difference of two values. The result is empty
// if the values are equal.
func difference(got, want reflect.Value) string {
	switch {
	case !got.IsValid() || !want.IsValid() || got.Type() != want.Type():
		// These values cannot be compared part by part.
	case got.Kind() == reflect.Struct && got.Type() != timeType:
		return fieldDifference(got, want)
	case got.Kind() == reflect.Slice && got.Type().Elem().Kind() != reflect.Uint8:
		return sliceDifference(got, want)
	case got.Kind() == reflect.Slice && got.Len()+want.Len() == 0:
		return ""
	}
	if reflect.DeepEqual(value(got), value(want)) {
		return ""
	}
	return fmt.Sprintf(":\n\tgot  %s\n\twant %s", text(got), text(want))
}

func fieldDifference(got, want reflect.Value) string {
	for i := range got.NumField() {
		if !got.Type().Field(i).IsExported() {
			continue
		}
		if d := difference(got.Field(i), want.Field(i)); d != "" {
			return "." + got.Type().Field(i).Name + d
		}
	}
	return ""
}

func sliceDifference(got, want reflect.Value) string {
	for i := range min(got.Len(), want.Len()) {
		if d := difference(got.Index(i), want.Index(i)); d != "" {
			return fmt.Sprintf("[%d]%s", i, d)
		}
	}
	switch n := want.Len(); {
	case got.Len() > n:
		return fmt.Sprintf(": got %d records, want %d; the first too many is\n\t%s", got.Len(), n, text(got.Index(n)))
	case got.Len() < n:
		return fmt.Sprintf(": got %d records, want %d; the first missing is\n\t%s", got.Len(), n, text(want.Index(got.Len())))
	}
	return ""
}

func value(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	return v.Interface()
}

func text(v reflect.Value) string {
	if v.IsValid() && (v.Kind() == reflect.String || v.Type().ConvertibleTo(bytesType)) {
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprintf("%+v", value(v))
}
