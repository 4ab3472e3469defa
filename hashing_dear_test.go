package rbac_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// dearHashes returns hashes that take longer to verify than a login may.
func dearHashes() map[string]string {
	const st = "$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c"
	return map[string]string{
		"argon2id, 1 GiB":          "$argon2id$v=19$m=1048576,t=1,p=1" + st,
		"libsodium, sensitive":     "$argon2id$v=19$m=1048576,t=4,p=1" + st,
		"argon2id, 16 passes":      "$argon2id$v=19$m=65536,t=16,p=1" + st,
		"bcrypt, cost 15":          "$2b$15$iOMxq9TYnD5SG9MFeUS9HuVj0eEupybTM7L4TeexeFjxW8hcBQLUa",
		"scrypt, 512 MiB":          "$scrypt$ln=19,r=8,p=1" + st,
		"scrypt, many passes":      "$scrypt$ln=14,r=8,p=17" + st,
		"PBKDF2, SHA-1":            "$pbkdf2$3000001$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXw",
		"PBKDF2, SHA-256":          "$pbkdf2-sha256$i=3000001" + st,
		"PBKDF2, SHA-512":          "$pbkdf2-sha512$i=1500001" + st,
		"PBKDF2, SHA-256, Django":  "pbkdf2_sha256$3000001$sixteensixteen16$Bw7BU7tFyqPb1TV9ZYV1gedLDhKV+icEuVmnj0iH3BY=",
		"PBKDF2, SHA-1, two tags":  "$pbkdf2-sha1$i=1500001" + st,
		"argon2id, 512 MiB, twice": "$argon2id$v=19$m=524288,t=2,p=4" + st,
	}
}

// A hash that would keep other logins waiting is refused where the hash is set.
// Where an earlier version has stored such a hash, the login is refused without
// computing the hash, and the log has the reason.
func TestDearHashes(t *testing.T) {
	localStoresAlone(t, func(t *testing.T, h *house) {
		var log bytes.Buffer
		a := h.office(rbac.Config{Argon2id: measured, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		var amy rbac.User
		h.do(a, func(tx *rbac.Tx) (err error) { amy, err = tx.User("amy"); return err })
		for name, hash := range dearHashes() {
			err := a.Update(ctx, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) })
			if e, ok := errors.AsType[*rbac.Error](err); !ok || e.Kind != rbac.ErrInvalid || e.Record != "password hash" || !strings.Contains(e.Reason, "costs more than a login may") {
				t.Errorf("%s: got %v", name, err)
			}
			must(t, h.store.Update(ctx, func(r store.Records) error { return r.SetPasswordHash(amy.ID, hash) }))
			h.clock.Advance(24 * time.Hour)
			log.Reset()
			if got := hashesIn(func() {
				if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword}); !errors.Is(err, rbac.ErrBadCredentials) {
					t.Errorf("%s: got %v", name, err)
				}
			}); got != 1 {
				t.Errorf("%s: the login computes %d argon2id", name, got)
			}
			if !strings.Contains(log.String(), "the user needs a new password") || !strings.Contains(log.String(), "user=amy") || strings.Contains(log.String(), hash) {
				t.Errorf("%s: the log says\n%s", name, &log)
			}
		}
		must(t, a.SetPassword(ctx, "amy", goodPassword))
		_, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})
		must(t, err)
	})
}

// A login may take the cost that the host has chosen in Config.Argon2id, and so
// may an old hash.
func TestDearHashesOfTheHost(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := h.open(rbac.Config{Argon2id: rbac.Argon2id{MemoryKiB: 1 << 20, Time: 2}})
	h.do(a, func(tx *rbac.Tx) error {
		_, err := tx.AddUser(rbac.User{Name: "amy"})
		return errors.Join(err, tx.SetPasswordHash("amy", dearHashes()["argon2id, 1 GiB"]))
	})
	err := a.Update(ctx, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", dearHashes()["libsodium, sensitive"]) })
	if !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("four passes where the host has two: got %v", err)
	}
}
