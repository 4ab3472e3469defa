package storetest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// TestSuiteCallsEveryMethod proves that the tables of calls cover every method
// of Records.
func TestSuiteCallsEveryMethod(t *testing.T) {
	called := map[string]bool{}
	for _, c := range slices.Concat(lookups, locks, edits) {
		if called[c.name] {
			t.Errorf("%s is called twice", c.name)
		}
		called[c.name] = true
	}
	for name := range called {
		method, _, _ := strings.Cut(name, " ")
		called[method] = true
	}
	records := reflect.TypeFor[store.Records]()
	for i := range records.NumMethod() {
		if !called[records.Method(i).Name] {
			t.Errorf("%s is not called", records.Method(i).Name)
		}
	}
}

// TestSuiteLendsEveryText proves that the rule on texts covers every method of
// Records that keeps a text, and every text of its record.
func TestSuiteLendsEveryText(t *testing.T) {
	lent := map[string]bool{}
	for _, c := range textEdits {
		lent[c.name] = true
	}
	records := reflect.TypeFor[store.Records]()
	for i := range records.NumMethod() {
		m := records.Method(i)
		writes := strings.HasPrefix(m.Name, "Add") || strings.HasPrefix(m.Name, "Set") || strings.HasPrefix(m.Name, "Put")
		if writes && slices.ContainsFunc(slices.Collect(m.Type.Ins()), holdsText) && !lent[m.Name] {
			t.Errorf("%s keeps a text and is not called", m.Name)
		}
	}
	b := &borrowed{by: "lent"}
	u := lend(b, store.UserRecord{User: store.User{Email: "a@example.com"}})
	texts := reflect.ValueOf(u)
	if u.Email != "a@example.com" || u.Name == "" || u.Name == u.Note || texts.FieldByName("EmailKey").String() == "" {
		t.Errorf("not every text is lent: %+v", u)
	}
	if b.overwrite(); strings.Trim(u.Email+u.EmailKey, "x") != "" {
		t.Errorf("the lent texts are not overwritten: %+v", u)
	}
}

// holdsText reports whether a value of a type is, or has, a text.
func holdsText(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || t == timeType {
		return t.Kind() == reflect.String
	}
	return slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return holdsText(f.Type) })
}

func TestSamplesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, text := range texts {
		if seen[text] {
			t.Errorf("%q is there twice", text)
		}
		seen[text] = true
	}
}

// A store that lacks a field fails, because each field has a value in some
// sample.
func TestSamplesFillEveryField(t *testing.T) {
	fills(t, sampleUsers())
	fills(t, samplePermissions())
	fills(t, sampleGroups())
	fills(t, sampleGrants())
	fills(t, sampleMemberships())
	fills(t, sampleTickets())
	fills(t, sampleChanges())
}

func fills[R any](t *testing.T, samples []R) {
	t.Helper()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[R]()) {
		if f.Anonymous {
			continue
		}
		if !slices.ContainsFunc(samples, func(r R) bool { return !reflect.ValueOf(r).FieldByIndex(f.Index).IsZero() }) {
			t.Errorf("%T.%s is zero in each sample", samples[0], f.Name)
		}
	}
}

// TestRetries proves that a store may run f again.
func TestRetries(t *testing.T) {
	Run(t, func(*testing.T) store.Store { return &retrying{memorystore.New()} })
}

// retrying runs every f twice, and commits the second run.
type retrying struct{ store.Store }

func (s *retrying) Update(ctx context.Context, f func(store.Records) error) error {
	retry := errors.New("again")
	err := s.Store.Update(ctx, func(r store.Records) error {
		if err := f(r); err != nil {
			return err
		}
		return retry
	})
	if err != retry {
		return err
	}
	return s.Store.Update(ctx, f)
}

func (s *retrying) View(ctx context.Context, f func(store.Records) error) error {
	if err := s.Store.View(ctx, f); err != nil {
		return err
	}
	return s.Store.View(ctx, f)
}

// inside is the environment variable with the fault to run the suite with.
// TestFaultyStores sets the variable, and runs the test program again for each
// fault.
const inside = "STORETEST_FAULT"

// TestFaultyStores proves that the suite can fail: a store that breaks one rule
// fails the subtest of that rule, and the failure prints the rule.
func TestFaultyStores(t *testing.T) {
	if name := os.Getenv(inside); name != "" {
		patience = 50 * time.Millisecond
		i := slices.IndexFunc(faultyStores, func(f faultyStore) bool { return f.fault == name })
		Run(t, func(*testing.T) store.Store { return faultyStores[i].open(memorystore.New()) })
		return
	}
	for _, f := range faultyStores {
		t.Run(f.fault, func(t *testing.T) {
			i := slices.IndexFunc(suite(), func(r rule) bool { return r.name == f.caught })
			if i < 0 {
				t.Fatalf("no subtest is called %q", f.caught)
			}
			name := strings.ReplaceAll(f.caught, " ", "_")
			out := runAgain(t, f.fault, "^TestFaultyStores$/^"+regexp.QuoteMeta(name)+"$")
			if !strings.Contains(out, "--- FAIL: TestFaultyStores/"+name) || !strings.Contains(out, suite()[i].rule) {
				t.Errorf("%q does not catch a store where %s; it says:\n%s", f.caught, f.fault, out)
			}
		})
	}
}

func runAgain(t *testing.T, fault, run string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run="+run)
	cmd.Env = append(os.Environ(), inside+"="+fault)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		t.Errorf("the suite passes (%v)", err)
	}
	return string(out)
}
