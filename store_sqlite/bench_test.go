package sqlitestore_test

import (
	"context"
	"testing"

	"github.com/rbac-go/rbac/store"
)

// The head is read on every request without a fresher answer.
func BenchmarkViewHead(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			s := kind.open(b)
			ctx, cancel := context.WithCancel(b.Context()) // like the context of a request
			defer cancel()
			for b.Loop() {
				if err := s.View(ctx, func(r store.Records) error { _, err := r.Head(store.NoLock); return err }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUpdateHead(b *testing.B) {
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			s := kind.open(b)
			for b.Loop() {
				if err := s.Update(b.Context(), nextRevision); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
