package rbac_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// pastHashes are hashes of goodPassword for WrapPasswordHash. internal/password
// has more of them, and how each was made.
var pastHashes = []struct {
	scheme, hash string
	wrapped      bool
}{
	{"turbogears", "81509d3c9487d2ca1ce2bcb4431f6ed2e50e8b6984217fe82a40b9582101ea763eee3f7ecbacabd65387afa92d5d25d71744eb04dc61622773893a29bbe6a79e", true},
	{"turbogears", "c433c5833fe71fd843395cc5834774cdae3668ba114c94f634b1c3f258ae8ab55660fbb5314b9c93", true},
	{"turbogears-site", "the salt of my site$2878186de66cb549ee9ce30d06a21f5037bafb6356d7b9c73b52aa0cdc14d29a", true},
	{"django", "sha1$seasalt$90bf127f93cb576ca6fe017406be24e9b0d5fcae", true},
	{"django", "88e4ddd2402d92d50e1879d6ecd9ffd4", true},
	{"django", "bcrypt_sha256$$2b$04$ofz0NugG72uYonrcG3sXCuZgjQfXoUGjiwzWP//wTDVdccDATnnGi", false},
	{"werkzeug", "pbkdf2:sha256:1000$vKXShYbxn8SbRgha$e755ab9719c13b55b0603f7ca9f54b7613b0f22064c9d6df5f82642ed504a5b0", true},
	{"werkzeug", "scrypt:1024:8:2$S9qqWuvYmzpdYmoD$2cb62c82bef96e8cb7d4f3f9f5587c3d517e6c209a92e1f929f6805e1f735ef5945074e1d0452454a58fa22a4da51b870e37d5661699df13d18a1084498b2ed6", false},
	{"crypt", "$6$rounds=1500$perlsalt$WmvxOAuVFV83egV/cpZmHNxDMAGS8RvVqatXOSV6k6r7co/w/FCP1J3hq4fx4OWwGLKonr7N8mXeO5fNjNqu60", true},
	{"crypt", "$5$abcdefgh$sYjQ4vynYsNAnM.JMipLH1IMXSipuA8cURgfc3GsHo.", true},
	{"phpass", "$P$ASztLgEv.mY5p/QJqecyGSacsIwc8J1", true},
}

// A user keeps the password of another system. A hash that is quick to guess is
// stored only inside argon2id, and the first login upgrades each hash.
func TestPasswordsOfThePast(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, past := range pastHashes {
			h.clock.Advance(24 * time.Hour)
			hash, err := a.WrapPasswordHash(ctx, past.scheme, past.hash)
			must(t, err)
			if strings.HasPrefix(hash, "$wrapped$") != past.wrapped || (hash == past.hash) == past.wrapped {
				t.Errorf("%s: %s becomes %s", past.scheme, past.hash, hash)
			}
			bare := a.Update(ctx, func(tx *rbac.Tx) error { return tx.SetPasswordHash("nora", past.hash) })
			if readable := !past.wrapped || strings.HasPrefix(past.hash, "pbkdf2:"); (bare == nil) != readable || bare != nil && !errors.Is(bare, rbac.ErrInvalid) {
				t.Errorf("%s: the bare hash is stored: %v", past.hash, bare)
			}
			h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("nora", hash) })
			for _, wrong := range []string{"", "correct horse batterz", goodPassword + " ", past.hash} {
				if _, err := a.Login(ctx, rbac.Login{User: "nora", Password: wrong}); !errors.Is(err, rbac.ErrBadCredentials) {
					t.Errorf("%s: the password %q gives %v", past.hash, wrong, err)
				}
			}
			if stored := h.passwordHash(a, "nora"); stored != hash {
				t.Errorf("%s: wrong passwords changed the hash to %s", past.hash, stored)
			}
			must(t, alone(a.Login(ctx, rbac.Login{User: "nora", Password: goodPassword})))
			if stored := h.passwordHash(a, "nora"); !strings.HasPrefix(stored, "$argon2id$v=19$m=8,t=1,p=1$") {
				t.Errorf("%s: upgraded to %s", past.hash, stored)
			}
			must(t, alone(a.Login(ctx, rbac.Login{User: "nora", Password: goodPassword})))
		}
	})
}

func TestWrapPasswordHashErrors(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := h.open(rbac.Config{})
	for scheme, hash := range map[string]string{
		"": pastHashes[0].hash, "md5": "88e4ddd2402d92d50e1879d6ecd9ffd4", "turbogears": "88e4ddd2402d92d50e1879d6ecd9ffd4", "django": "",
		"crypt": "$6$rounds=1073741824$saltSALT$" + strings.Repeat("a", 86), "phpass": "$P$" + strings.Repeat("z", 31),
		"werkzeug": "scrypt:1048576:64:64$saltsalt$" + strings.Repeat("ab", 32),
	} {
		wrapped, err := a.WrapPasswordHash(ctx, scheme, hash)
		if e, ok := errors.AsType[*rbac.Error](err); wrapped != "" || !ok || e.Kind != rbac.ErrInvalid || e.Record != "password hash" || hash != "" && strings.Contains(err.Error(), hash) {
			t.Errorf("%s: got %q, %v", scheme, wrapped, err)
		}
	}
	wrap := func(ctx context.Context) error {
		wrapped, err := a.WrapPasswordHash(ctx, "turbogears", pastHashes[0].hash)
		if wrapped != "" {
			t.Errorf("got %q beside %v", wrapped, err)
		}
		return err
	}
	free := a.FillHashQueue()
	if err := wrap(ctx); err != rbac.ErrBusy {
		t.Errorf("in a full queue: %v, want ErrBusy", err)
	}
	free()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := wrap(ended); !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("in a context that ended: %v", err)
	}
	must(t, a.Close())
	if err := wrap(ctx); !errors.Is(err, rbac.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
}

// LegacyHash verifies hashes of the host inside the throttle and the rule of
// equal work; the login upgrades the hash. An error or a panic denies, and leaves
// no secret in the log.
func TestLegacyHash(t *testing.T) {
	const secret = "reversed: yrettab esroh tcerroc"
	localStoresAlone(t, func(t *testing.T, h *house) {
		var log bytes.Buffer
		asked, fault := 0, ""
		a := h.office(rbac.Config{Argon2id: measured, MaxFailures: 5, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			LegacyHash: func(_ context.Context, hash, password string) (bool, error) {
				asked++
				switch fault {
				case "error":
					return true, errors.New(hash + password)
				case "panic":
					panic(hash + password)
				}
				letters := []rune(password)
				for i, j := 0, len(letters)-1; i < j; i, j = i+1, j-1 {
					letters[i], letters[j] = letters[j], letters[i]
				}
				return hash == "reversed: "+string(letters), nil
			}})
		login := func(rule, user, password string, want error, asks int) {
			t.Helper()
			asked = 0
			hashes := hashesIn(func() {
				if _, err := a.Login(ctx, rbac.Login{User: user, Password: password}); !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %v", rule, err, want)
				}
			})
			if asked != asks || hashes != 1 && want != rbac.ErrThrottled || hashes != 0 && want == rbac.ErrThrottled {
				t.Errorf("%s: asked %d times, %d times argon2id", rule, asked, hashes)
			}
		}
		set := func() {
			h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("nora", "$legacy$"+secret) })
		}
		set()
		login("no such user", "zed", goodPassword, rbac.ErrBadCredentials, 0)
		login("another kind of hash", "amy", goodPassword, nil, 0)
		login("a wrong password", "nora", "wrong", rbac.ErrBadCredentials, 1)
		login("no password", "nora", "", rbac.ErrBadCredentials, 0)
		for _, fault = range []string{"error", "panic"} {
			login(fault, "nora", goodPassword, rbac.ErrBadCredentials, 1)
		}
		fault = ""
		login("the fifth failure", "nora", "wrong", rbac.ErrBadCredentials, 1)
		login("throttled", "nora", goodPassword, rbac.ErrThrottled, 0)
		must(t, a.Unlock(ctx, "nora"))
		login("the right password", "nora", goodPassword, nil, 1)
		if stored := h.passwordHash(a, "nora"); !strings.HasPrefix(stored, "$argon2id$") {
			t.Errorf("upgraded to %s", stored)
		}
		login("after the upgrade", "nora", goodPassword, nil, 0)

		set()
		tok := h.issue(a, rbac.Login{User: "nora"})
		if _, err := a.ChangePassword(ctx, tok, "wrong", goodPassword+"!"); !errors.Is(err, rbac.ErrBadCredentials) {
			t.Errorf("ChangePassword with a wrong password: %v", err)
		}
		must(t, alone(a.ChangePassword(ctx, tok, goodPassword, goodPassword+"!")))
		if strings.Contains(log.String(), secret) || strings.Contains(log.String(), goodPassword) {
			t.Errorf("the log has a secret:\n%s", &log)
		}
	})
}

// Without Config.LegacyHash, its hashes are refused, and a stored one denies.
func TestLegacyHashIsNil(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	var log bytes.Buffer
	a := h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	amy := h.user(a, "amy", goodPassword)
	err := a.Update(ctx, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", "$legacy$x") })
	if !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	must(t, h.store.Update(ctx, func(r store.Records) error { return r.SetPasswordHash(amy.ID, "$legacy$x") }))
	if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: "x"}); !errors.Is(err, rbac.ErrBadCredentials) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(log.String(), "there is no function for hashes that begin with $legacy$") {
		t.Errorf("the log says\n%s", &log)
	}
}
