package rbac_test

import (
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// eachStoreBench runs f over every store, with an office and a ticket of amy's.
func eachStoreBench(b *testing.B, f func(b *testing.B, a *rbac.Authority, tok rbac.Token)) {
	for _, s := range stores {
		b.Run(s.name, func(b *testing.B) {
			h := newHouse(b, s.open(b))
			h.realTime = true
			a := h.office(rbac.Config{MaxStaleness: time.Minute})
			tok := h.issue(a, rbac.Login{User: "amy"})
			b.ReportAllocs()
			f(b, a, tok)
		})
	}
}

// BenchmarkIdentify answers from the caches, with a single look at the store's
// head.
func BenchmarkIdentify(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, a *rbac.Authority, tok rbac.Token) {
		for b.Loop() {
			if _, err := a.Identify(ctx, tok); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMiss finds a ticket, its user and the memberships in the store: in
// one query if the store is a Finder, and otherwise in a View.
func BenchmarkMiss(b *testing.B) {
	for _, s := range stores {
		for _, finds := range []bool{true, false} {
			b.Run(s.name+map[bool]string{true: ", as it is", false: ", in a View"}[finds], func(b *testing.B) {
				h := newHouse(b, s.open(b))
				h.realTime = true
				first := h.office(rbac.Config{})
				h.user(first, "bob", "", "editors")
				tok, other := h.issue(first, rbac.Login{User: "amy"}), h.issue(first, rbac.Login{User: "bob"})
				if !finds {
					h.store = struct{ rbac.Store }{h.store}
				}
				a := h.open(rbac.Config{MaxStaleness: time.Minute, CachedUsers: 1, CachedTickets: 1})
				b.ReportAllocs()
				for b.Loop() {
					tok, other = other, tok
					if _, err := a.Identify(ctx, tok); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkIdentifyParallel(b *testing.B) {
	eachStoreBench(b, func(b *testing.B, a *rbac.Authority, tok rbac.Token) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := a.Identify(ctx, tok); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkJudge(b *testing.B) {
	p := rbac.HasPermission("post.edit")
	eachStoreBench(b, func(b *testing.B, a *rbac.Authority, tok rbac.Token) {
		for b.Loop() {
			if err := a.Judge(ctx, tok, p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkLogin measures a login without the cost of its hash, which is cheap
// here. Each login ends the ticket before the last 20, at the permitted pace of
// a user.
func BenchmarkLogin(b *testing.B) {
	for _, s := range stores {
		b.Run(s.name, func(b *testing.B) {
			h := newHouse(b, s.open(b))
			a := h.office(rbac.Config{})
			b.ReportAllocs()
			for b.Loop() {
				h.clock.Advance(12 * time.Second)
				if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Addr: home}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAssignUser makes one membership and ends the membership, an Update
// each.
func BenchmarkAssignUser(b *testing.B) {
	m := rbac.Membership{User: "amy", Group: "staff"}
	eachStoreBench(b, func(b *testing.B, a *rbac.Authority, _ rbac.Token) {
		for n := 0; b.Loop(); n++ {
			if err := a.Update(ctx, func(tx *rbac.Tx) error {
				if n%2 == 0 {
					return tx.AssignUser(m)
				}
				return tx.DeassignUser(m)
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkNow measures the part of Identify that no cache can save.
func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		_ = time.Now()
	}
}
