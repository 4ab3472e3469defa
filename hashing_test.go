package rbac_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// measured is a cost for tests that count computations of argon2id: each
// computation takes 16 MiB. Everything else in a login takes much less, even new
// connections to PostgreSQL under the race detector (4 MiB).
var measured = rbac.Argon2id{MemoryKiB: 16 << 10, Time: 1, Threads: 1}

// hashesIn returns the number of times that f computes argon2id at the cost
// measured. hashesIn measures the allocations of the whole process, so no other
// test may run at the same time. Computations of old hashes are tested in
// internal/password.
func hashesIn(f func()) int { return allocatedBy(f, measured.MemoryKiB) }

// allocatedBy returns the number of times that f allocates kib KiB, rounded.
func allocatedBy(f func(), kib uint32) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int((after.TotalAlloc - before.TotalAlloc + uint64(kib)<<9) / (uint64(kib) << 10))
}

type beforeTicketKey struct{}

// pausedLogin returns a context under which beforeTicket calls f, in the first
// login.
func pausedLogin(ctx context.Context, f func()) context.Context {
	updates := 0
	return context.WithValue(ctx, beforeTicketKey{}, func() {
		if updates++; updates == 2 { // the first Update reserves a place
			f()
		}
	})
}

// beforeTicket returns a store that calls a function before the transaction in
// which a login makes its ticket, and therefore after the password was verified.
func beforeTicket(s rbac.Store) rbac.Store {
	return hooked(s, storefault.Hooks{Update: func(ctx context.Context, run func() error) error {
		if call, ok := ctx.Value(beforeTicketKey{}).(func()); ok {
			call()
		}
		return run()
	}})
}

// oldHashes are hashes of goodPassword that a login upgrades.
func oldHashes(t *testing.T, h *house) map[string]string {
	t.Helper()
	b64 := base64.RawStdEncoding.EncodeToString
	salt := []byte("sixteen byte salt")[:16]
	before := h.beside(t).open(rbac.Config{Argon2id: rbac.Argon2id{MemoryKiB: 16, Time: 1, Threads: 1}})
	cheaper, err := before.HashPassword(ctx, goodPassword)
	must(t, err)
	wrapped, err := before.WrapPasswordHash(ctx, pastHashes[0].scheme, pastHashes[0].hash)
	must(t, err)
	bc, err := bcrypt.GenerateFromPassword([]byte(goodPassword), 4)
	must(t, err)
	sc, err := scrypt.Key([]byte(goodPassword), salt, 16, 8, 1, 32)
	must(t, err)
	pb, err := pbkdf2.Key(sha256.New, goodPassword, salt, 1000, 32)
	must(t, err)
	return map[string]string{
		"argon2id, old": cheaper,
		"wrapped":       wrapped,
		"bcrypt":        string(bc),
		"scrypt":        "$scrypt$ln=4,r=8,p=1$" + b64(salt) + "$" + b64(sc),
		"pbkdf2":        "$pbkdf2-sha256$i=1000$" + b64(salt) + "$" + b64(pb),
	}
}

// Every path that verifies computes one argon2id at current cost, whoever the
// user is.
func TestLoginHashesOnce(t *testing.T) {
	long := strings.Repeat("x", 1025)
	tests := []struct {
		rule, user, password string
		want                 error
	}{
		{"right password", "amy", goodPassword, nil},
		{"wrong password", "amy", "wrong", rbac.ErrBadCredentials},
		{"no password typed", "amy", "", rbac.ErrBadCredentials},
		{"password too long", "amy", long, rbac.ErrBadCredentials},
		{"unknown user", "zed", goodPassword, rbac.ErrBadCredentials},
		{"unknown user, password too long", "zed", long, rbac.ErrBadCredentials},
		{"invalid name", "\xff", goodPassword, rbac.ErrBadCredentials},
		{"disabled user", "dora", goodPassword, rbac.ErrBadCredentials},
		{"user without password", "nora", goodPassword, rbac.ErrBadCredentials},
	}
	localStoresAlone(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{Argon2id: measured})
		for _, tt := range tests {
			h.clock.Advance(time.Hour)
			got := hashesIn(func() {
				if _, err := a.Login(ctx, rbac.Login{User: tt.user, Password: tt.password}); !errors.Is(err, tt.want) {
					t.Errorf("%s is %v: got %v", tt.rule, tt.want, err)
				}
			})
			if got != 1 {
				t.Errorf("%s computes one argon2id at current cost: got %d", tt.rule, got)
			}
		}
		h.clock.Advance(time.Hour)
		tok := h.issue(a, rbac.Login{User: "amy"})
		if got := hashesIn(func() { a.ChangePassword(ctx, tok, "wrong", goodPassword+"!") }); got != 1 {
			t.Errorf("ChangePassword with a wrong password: got %d", got)
		}
		if got := hashesIn(func() { a.ChangePassword(ctx, tok, goodPassword, goodPassword+"!") }); got != 2 {
			t.Errorf("ChangePassword verifies one and makes one: got %d", got)
		}
	})
}

func TestThrottledAndBusyHashNothing(t *testing.T) {
	localStoresAlone(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxFailures: 5, Argon2id: measured})
		tok := h.issue(a, rbac.Login{User: "amy"})
		free := a.FillHashQueue()
		for range 10 {
			if got := hashesIn(func() {
				_, err1 := a.Login(ctx, rbac.Login{User: "amy", Password: "wrong"})
				_, err2 := a.ChangePassword(ctx, tok, "wrong", goodPassword+"!")
				_, err3 := a.HashPassword(ctx, goodPassword)
				for _, err := range []error{err1, err2, err3} {
					if err != rbac.ErrBusy {
						t.Errorf("a full queue is ErrBusy: got %v", err)
					}
				}
			}); got != 0 {
				t.Errorf("ErrBusy hashes nothing: got %d", got)
			}
		}
		free()
		if _, failures, err := a.Failures(ctx, rbac.Login{User: "amy"}); failures != 0 || err != nil {
			t.Errorf("ErrBusy counts no failure: got %d, %v", failures, err)
		}
		for range 5 {
			if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: "wrong"}); err != rbac.ErrBadCredentials {
				t.Fatal(err)
			}
		}
		if got := hashesIn(func() {
			for _, name := range []string{"amy", "Amy"} {
				if _, err := a.Login(ctx, rbac.Login{User: name, Password: goodPassword}); !errors.Is(err, rbac.ErrThrottled) {
					t.Errorf("the sixth is ErrThrottled: got %v", err)
				}
			}
		}); got != 0 {
			t.Errorf("ErrThrottled hashes nothing: got %d", got)
		}
		// Another process makes the hundred failures, at a low cost.
		b := h.open(rbac.Config{MaxFailures: 5})
		must(t, b.SetPassword(ctx, "nora", goodPassword))
		tok = h.issue(a, rbac.Login{User: "nora"})
		failHundredTimes := func() {
			for range 100 {
				if _, err := b.ChangePassword(ctx, tok, "wrong", goodPassword+"?"); err != rbac.ErrBadCredentials {
					t.Errorf("ChangePassword has a budget of its own: got %v", err)
				}
			}
		}
		failHundredTimes()
		if got := hashesIn(func() {
			if _, err := a.ChangePassword(ctx, tok, goodPassword, goodPassword+"!"); !errors.Is(err, rbac.ErrThrottled) {
				t.Errorf("after 100 failures: got %v", err)
			}
		}); got != 0 {
			t.Errorf("ChangePassword hashes nothing then: got %d", got)
		}
		must(t, a.Unlock(ctx, "nora"))
		tok, err := a.ChangePassword(ctx, tok, goodPassword, goodPassword+"!")
		must(t, err)
		failHundredTimes()
		must(t, alone(a.Login(ctx, rbac.Login{User: "nora", Password: goodPassword + "!"})))
		if _, err := a.ChangePassword(ctx, tok, goodPassword+"!", goodPassword); err != nil {
			t.Errorf("after a login: got %v", err)
		}
	})
}

// Old hashes verify and are upgraded. An upgrade ends no tickets and is no
// change.
func TestUpgrade(t *testing.T) {
	localStoresAlone(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{Argon2id: measured})
		for kind, hash := range oldHashes(t, h) {
			h.clock.Advance(time.Hour)
			h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) })
			tok := h.issue(a, rbac.Login{User: "amy"})
			link := must1(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: "newsletter"}))
			before := h.lastChange(a).Revision
			login := func(password string, want error) int {
				return hashesIn(func() {
					if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: password}); !errors.Is(err, want) {
						t.Errorf("%s: %v, got %v", kind, want, err)
					}
				})
			}
			if got := login("wrong", rbac.ErrBadCredentials); got != 1 {
				t.Errorf("%s: a wrong password computes one argon2id: got %d", kind, got)
			}
			if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Groups: []string{"chiefs"}}); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("a group of others: got %v", err)
			}
			if stored := h.passwordHash(a, "amy"); stored != hash {
				t.Errorf("%s: what failed upgraded nothing: got %s", kind, stored)
			}
			if got := login(goodPassword, nil); got != 1 {
				t.Errorf("%s: the right password computes one argon2id: got %d", kind, got)
			}
			upgraded := h.passwordHash(a, "amy")
			if !strings.HasPrefix(upgraded, fmt.Sprintf("$argon2id$v=19$m=%d,t=1,p=1$", measured.MemoryKiB)) {
				t.Errorf("%s: the right password upgrades the hash: got %s", kind, upgraded)
			}
			if got := login(goodPassword, nil); got != 1 {
				t.Errorf("%s: upgraded, one argon2id is computed: got %d", kind, got)
			}
			if stored := h.passwordHash(a, "amy"); stored != upgraded {
				t.Errorf("%s: a current hash is upgraded again: got %s", kind, stored)
			}
			checkAlive(t, "an upgrade ends no tickets", a, alive, tok)
			if _, err := a.LinkUser(ctx, link, "newsletter"); err != nil {
				t.Errorf("an upgrade ends no link for another purpose than the password: %v", err)
			}
			if c := h.lastChange(a); c.Revision != before {
				t.Errorf("an upgrade is no change: got %+v", c)
			}
		}
	})
}

// passwordHash returns the stored hash of a user's password.
func (h *house) passwordHash(a *rbac.Authority, user string) (hash string) {
	h.t.Helper()
	must(h.t, h.store.View(ctx, func(r store.Records) error {
		u, err := r.User(store.UserKey{Name: user})
		hash = u.PasswordHash
		return err
	}))
	return hash
}

// If two logins with the right password run at once, the login that loses the
// race to upgrade is not refused.
func TestUpgradeRace(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		h.store = beforeTicket(h.store)
		a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
		for kind, hash := range oldHashes(t, h) {
			h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) })
			l := rbac.Login{User: "amy", Password: goodPassword}
			raced := false
			paused := pausedLogin(ctx, func() {
				raced = true
				if _, err := b.Login(ctx, l); err != nil {
					t.Error(err)
				}
			})
			if _, err := a.Login(paused, l); err != nil || !raced {
				t.Errorf("%s: the password is right, whoever upgraded its hash: got %v", kind, err)
			}
		}
	})
}

// The account may change between the verification of the password and the
// making of the ticket.
func TestLoginPausedAfterVerifying(t *testing.T) {
	update := func(f func(*rbac.Tx) error) func(*rbac.Authority) error {
		return func(b *rbac.Authority) error { return b.Update(ctx, f) }
	}
	with := func(change func(*rbac.User)) func(*rbac.Authority) error {
		return update(func(tx *rbac.Tx) error {
			u, err := tx.User("amy")
			change(&u)
			return errors.Join(err, tx.ModifyUser(u))
		})
	}
	tests := []struct {
		rule   string
		change func(*rbac.Authority) error
		want   error
	}{
		{"nothing", func(*rbac.Authority) error { return nil }, nil},
		{"the password changes", func(b *rbac.Authority) error { return b.SetPassword(ctx, "amy", goodPassword+"!") }, rbac.ErrBadCredentials},
		{"the password is taken away", update(func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "") }), rbac.ErrBadCredentials},
		{"the user is disabled", with(func(u *rbac.User) { u.Disabled = true }), rbac.ErrBadCredentials},
		{"the user is deleted", update(func(tx *rbac.Tx) error { return tx.DeleteUser("amy") }), rbac.ErrBadCredentials},
		{"somebody else gets the name", update(func(tx *rbac.Tx) error {
			_, err := tx.AddUser(rbac.User{Name: "other"})
			if err := errors.Join(err, tx.DeleteUser("amy")); err != nil {
				return err
			}
			_, err = tx.AddUser(rbac.User{Name: "amy"})
			return err
		}), rbac.ErrBadCredentials},
		{"the user is renamed", with(func(u *rbac.User) { u.Name = "amelia" }), nil},
	}
	eachStore(t, func(t *testing.T, h *house) {
		for _, tt := range tests {
			for kind, hash := range oldHashes(t, h) {
				if _, memory := h.store.(*memorystore.Store); !memory && kind != "argon2id, old" {
					continue // the kind of a hash makes no difference to a store
				}
				t.Run(tt.rule+", "+kind, func(t *testing.T) {
					h := h.beside(t)
					h.store = beforeTicket(h.store)
					a, b := h.office(rbac.Config{}), h.open(rbac.Config{})
					if kind != "scrypt" { // the run of kind scrypt tests a current hash
						h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) })
					}
					paused := false
					tok, err := a.Login(pausedLogin(ctx, func() { paused = true; must(t, tt.change(b)) }), rbac.Login{User: "amy", Password: goodPassword})
					if !errors.Is(err, tt.want) || tok.IsZero() != (tt.want != nil) || !paused {
						t.Errorf("%s meanwhile is %v: got %v, %v", tt.rule, tt.want, tok, err)
					}
					if list, err := b.Tickets(ctx, "amy"); tt.want != nil && len(list) > 0 {
						t.Errorf("%s meanwhile, and there is a ticket: %v, %v", tt.rule, list, err)
					}
				})
			}
		}
	})
}

// A client that hangs up with the right password frees its place, and gets no
// ticket.
func TestHungUpLogin(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		h.store = beforeTicket(h.store)
		a := h.office(rbac.Config{})
		for range 3 {
			c, cancel := context.WithCancel(ctx)
			tok, err := a.Login(pausedLogin(c, cancel), rbac.Login{User: "amy", Password: goodPassword, Addr: home})
			if !tok.IsZero() || !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
				t.Errorf("a context that ends before the ticket is made: got %v, %v", tok, err)
			}
			cancel()
			if _, err := a.Login(c, rbac.Login{User: "amy", Password: goodPassword, Addr: home}); !errors.Is(err, rbac.ErrUnavailable) {
				t.Errorf("a context that ended before: got %v", err)
			}
		}
		if _, failures, err := a.Failures(ctx, rbac.Login{User: "amy", Addr: home}); failures != 0 || err != nil {
			t.Errorf("the password was right each time: %d failures, %v", failures, err)
		}
		if list, err := a.Tickets(ctx, "amy"); len(list) != 0 || err != nil {
			t.Errorf("no ticket: got %v, %v", list, err)
		}
	})
}
