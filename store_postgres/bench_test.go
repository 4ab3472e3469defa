package postgresstore_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// benchUsers is a number of users larger than the number of writers.
const benchUsers = 500

// eachWriters runs do by 1, 8 and 32 concurrent writers, on a server that waits
// for its disk.
func eachWriters(b *testing.B, do func(a *rbac.Authority, n int64) error) {
	server := postgrestest.Start(b)
	s, err := postgresstore.Open(b.Context(), server.DSN()+"&pool_max_conns=40", postgresstore.Options{})
	must(b, err)
	b.Cleanup(func() { s.Close() })
	a, err := rbac.Open(b.Context(), s, rbac.Config{Logger: discard})
	must(b, err)
	b.Cleanup(func() { a.Close() })
	must(b, a.Update(rbac.WithActor(b.Context(), "bench"), func(tx *rbac.Tx) error {
		_, err := tx.AddGroup(rbac.Group{Name: "staff"})
		for i := range benchUsers {
			_, err1 := tx.AddUser(rbac.User{Name: fmt.Sprint("user", i)})
			err = errors.Join(err, err1)
		}
		return err
	}))
	for _, writers := range []int{1, 8, 32} {
		b.Run(fmt.Sprint(writers, " writers"), func(b *testing.B) {
			var next atomic.Int64
			failed := make(chan error, writers)
			for range writers {
				go func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							failed <- nil
							return
						}
						if err := do(a, n); err != nil {
							failed <- err
							return
						}
					}
				}()
			}
			for range writers {
				must(b, <-failed)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
		})
	}
}

// BenchmarkUpdates adds or deletes a membership.
func BenchmarkUpdates(b *testing.B) {
	eachWriters(b, func(a *rbac.Authority, n int64) error {
		m := rbac.Membership{User: fmt.Sprint("user", n%benchUsers), Group: "staff"}
		return a.Update(rbac.WithActor(b.Context(), "bench"), func(tx *rbac.Tx) error {
			err := tx.AssignUser(m)
			if errors.Is(err, rbac.ErrExists) {
				err = tx.DeassignUser(m)
			}
			return err
		})
	})
}

// BenchmarkLogins makes a ticket for a user whose password needs no hashing,
// and ends the ticket in every tenth round.
func BenchmarkLogins(b *testing.B) {
	eachWriters(b, func(a *rbac.Authority, n int64) error {
		user := fmt.Sprint("user", n%benchUsers)
		if n/benchUsers%10 == 9 {
			_, err := a.LogoutUser(b.Context(), user)
			return err
		}
		_, err := a.Issue(b.Context(), rbac.Login{User: user})
		return err
	})
}
