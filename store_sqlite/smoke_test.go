package sqlitestore

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/rbac-go/rbac"
)

func openTest(t testing.TB) *Store {
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "a b?c#d%20é.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newTest(t testing.TB) *Store {
	db, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "host.db")+"?_journal_mode=WAL")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := New(context.Background(), db, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSmoke(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *Store{"Open": openTest, "New": newTest} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if err := s.Update(context.Background(), func(r rbac.Records) error {
				return r.SetHead(rbac.Head{Revision: 1, Nonce: 1 << 63})
			}); err != nil {
				t.Fatal(err)
			}
			if err := s.View(context.Background(), func(r rbac.Records) error {
				h, err := r.Head()
				t.Log(h)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func BenchmarkView(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *Store{"Open": openTest, "New": newTest} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			for b.Loop() {
				s.View(ctx, func(r rbac.Records) error { _, err := r.Head(); return err })
			}
		})
	}
}

func BenchmarkUpdate(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *Store{"Open": openTest, "New": newTest} {
		b.Run(name, func(b *testing.B) {
			s := open(b)
			for b.Loop() {
				s.Update(context.Background(), func(r rbac.Records) error {
					h, err := r.LockHead()
					if err != nil {
						return err
					}
					h.Revision++
					return r.SetHead(h)
				})
			}
		})
	}
}
