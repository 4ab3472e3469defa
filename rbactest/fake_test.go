package rbactest_test

import (
	"fmt"
	"strings"
	"testing"
)

// fake is a test that keeps its failures to itself.
type fake struct {
	testing.TB
	failures []string
	ended    bool // by Fatalf
}

// fails runs f in a fake test and returns its failures.
func fails(t *testing.T, f func(t testing.TB)) *fake {
	t.Helper()
	fk := &fake{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if fault := recover(); fault != nil && fault != any(fk) {
				t.Errorf("panic: %v", fault)
			}
		}()
		f(fk)
	}()
	<-done
	return fk
}

func (f *fake) Helper() {}

func (f *fake) Logf(string, ...any) {}

func (f *fake) Errorf(format string, args ...any) {
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fake) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	f.ended = true
	panic(f)
}

// expect compares the failures, of which each must have the text at its place.
func (f *fake) expect(t *testing.T, ended bool, texts ...string) {
	t.Helper()
	if f.ended != ended {
		t.Errorf("ended: %v; want %v", f.ended, ended)
	}
	if len(f.failures) != len(texts) {
		t.Fatalf("failures:\n%s\nwant:\n%s", strings.Join(f.failures, "\n"), strings.Join(texts, "\n"))
	}
	for i, text := range texts {
		if !strings.Contains(f.failures[i], text) {
			t.Errorf("failure:\n%s\nwant:\n%s", f.failures[i], text)
		}
	}
}
