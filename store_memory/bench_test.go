package memorystore

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

func BenchmarkViewHead(b *testing.B) {
	s := load(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		must(b, s.View(context.Background(), func(r store.Records) error {
			_, err := r.Head(store.NoLock)
			return err
		}))
	}
}

// BenchmarkMembership adds one membership and deletes the membership, each in
// an Update, with all writes of an administrator's Update. The cost must hardly
// grow with the store.
func BenchmarkMembership(b *testing.B) {
	for _, users := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint("users=", users), func(b *testing.B) {
			s := load(b, users)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				user := number(i / 2 % users)
				change(b, s, func(r store.Records) error {
					if i%2 == 0 {
						return r.PutMembership(store.Membership{User: user, Group: number(1)})
					}
					return r.DeleteMembership(user, number(1), "")
				})
			}
		})
	}
}

// BenchmarkLoad adds 100,000 users, each in an Update.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(b, 100_000)
	}
}

func load(b *testing.B, users int) *Store {
	s := New()
	change(b, s, func(r store.Records) error {
		for i := range 2 {
			if err := r.PutGroup(store.Group{ID: number(i), Name: fmt.Sprint("group", i)}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range users {
		change(b, s, func(r store.Records) error {
			name := fmt.Sprint("user", i)
			u := store.UserRecord{User: store.User{ID: number(i), Name: name, Subject: name}, EmailKey: name}
			if err := r.AddUser(u); err != nil {
				return err
			}
			return r.PutMembership(store.Membership{User: u.ID, Group: number(0)})
		})
	}
	return s
}

// change is an administrator's Update: the head, the change and its log entry.
func change(b *testing.B, s *Store, f func(store.Records) error) {
	must(b, s.Update(context.Background(), func(r store.Records) error {
		h, err := r.Head(store.ExclusiveLock)
		if err != nil {
			return err
		}
		h.Revision++
		if err := f(r); err != nil {
			return err
		}
		if err := r.AddChange(store.Change{Revision: h.Revision, Action: "Test"}); err != nil {
			return err
		}
		return r.SetHead(h)
	}))
}

// number returns ids spread like random ids.
func number(n int) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)*0x9e3779b97f4a7c15)
	return id
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
