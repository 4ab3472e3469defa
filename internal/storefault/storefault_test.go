package storefault_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

var errTest = errors.New("a fault")

// Each method of Records asks the hook, under its own name, and does not reach
// the store if the hook refuses.
func TestEachMethodAsks(t *testing.T) {
	var asked []string
	s := &storefault.Store{Store: memorystore.New()}
	s.Hooks.Call = func(c storefault.Call) error {
		asked = append(asked, c.Name)
		return store.ErrNotFound
	}
	err := s.Update(t.Context(), func(r store.Records) error {
		value := reflect.ValueOf(r)
		methods := reflect.TypeFor[store.Records]()
		for i := range methods.NumMethod() {
			method := value.MethodByName(methods.Method(i).Name)
			args := make([]reflect.Value, method.Type().NumIn())
			for k := range args {
				args[k] = reflect.Zero(method.Type().In(k))
			}
			asked = nil
			results := method.Call(args)
			last := results[len(results)-1]
			if last.Kind() == reflect.Func { // a sequence
				last.Call([]reflect.Value{reflect.MakeFunc(last.Type().In(0), func(args []reflect.Value) []reflect.Value {
					last = args[1]
					return []reflect.Value{reflect.ValueOf(false)}
				})})
			}
			if len(asked) != 1 || asked[0] != methods.Method(i).Name || last.Interface() != error(store.ErrNotFound) {
				t.Errorf("%s: asked %q, got %v", methods.Method(i).Name, asked, last)
			}
		}
		return nil
	})
	if !errors.Is(err, store.ErrNotFound) { // of Commit
		t.Errorf("got %v", err)
	}
}

// After an error every later call fails, and the Update does not commit, even
// if the error is ignored.
func TestFaultSpoilsTheTransaction(t *testing.T) {
	s := &storefault.Store{Store: memorystore.New()}
	s.Hooks.Call = func(c storefault.Call) error {
		if c.Name == "Sections" {
			return errTest
		}
		return nil
	}
	err := s.Update(t.Context(), func(r store.Records) error {
		if err := r.PutSection(store.Section{Name: "a"}); err != nil {
			t.Error(err)
		}
		_, _ = r.Sections()
		if err := r.PutSection(store.Section{Name: "b"}); err != errTest {
			t.Errorf("after the fault: %v", err)
		}
		return nil
	})
	if err != errTest {
		t.Errorf("the commit: %v", err)
	}
	s.Hooks.Call = nil
	must(t, s.View(t.Context(), func(r store.Records) error {
		list, err := r.Sections()
		if len(list) > 0 {
			t.Errorf("written: %v", list)
		}
		return err
	}))
}

// The hooks of transactions run them any number of times.
func TestTransactionHooks(t *testing.T) {
	s, runs := &storefault.Store{Store: memorystore.New()}, 0
	s.Hooks.Update = func(_ context.Context, run func() error) error { return errors.Join(run(), run(), errTest) }
	s.Hooks.View = func(context.Context, func() error) error { return errTest }
	f := func(store.Records) error { runs++; return nil }
	if err := s.Update(t.Context(), f); !errors.Is(err, errTest) || runs != 2 {
		t.Errorf("Update: %v, %d runs", err, runs)
	}
	if err := s.View(t.Context(), f); err != errTest || runs != 2 {
		t.Errorf("View: %v, %d runs", err, runs)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
