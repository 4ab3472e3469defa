package rbactest_test

import (
	"fmt"
	"strings"
	"testing"
)

// recorder is a testing.TB that records failures.
type recorder struct {
	testing.TB
	failures []string
	ended    bool // by Fatalf
}

// fails runs f with a recorder.
func fails(t *testing.T, f func(t testing.TB)) *recorder {
	t.Helper()
	rec := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if fault := recover(); fault != nil && fault != any(rec) {
				t.Errorf("panic: %v", fault)
			}
		}()
		f(rec)
	}()
	<-done
	return rec
}

func (rec *recorder) Helper() {}

func (rec *recorder) Logf(string, ...any) {}

func (rec *recorder) Errorf(format string, args ...any) {
	rec.failures = append(rec.failures, fmt.Sprintf(format, args...))
}

func (rec *recorder) Fatalf(format string, args ...any) {
	rec.Errorf(format, args...)
	rec.ended = true
	panic(rec)
}

// expect compares the failures: each must contain the text at its index.
func (rec *recorder) expect(t *testing.T, ended bool, texts ...string) {
	t.Helper()
	if rec.ended != ended {
		t.Errorf("ended: %v; want %v", rec.ended, ended)
	}
	if len(rec.failures) != len(texts) {
		t.Fatalf("failures:\n%s\nwant:\n%s", strings.Join(rec.failures, "\n"), strings.Join(texts, "\n"))
	}
	for i, text := range texts {
		if !strings.Contains(rec.failures[i], text) {
			t.Errorf("failure:\n%s\nwant:\n%s", rec.failures[i], text)
		}
	}
}
