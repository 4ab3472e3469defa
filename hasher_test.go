package rbac

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// cheapCost is for tests only.
var cheapCost = Argon2id{MemoryKiB: 64, Time: 2, Threads: 1}

func cheapHasher(t testing.TB) *hasher {
	t.Helper()
	h, err := newHasher(cheapCost)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestNewHasher(t *testing.T) {
	tests := []struct {
		rule       string
		cost, want Argon2id
		reason     string
	}{
		{"the zero cost is 19 MiB, 2 passes, 1 lane", Argon2id{}, Argon2id{19456, 2, 1}, ""},
		{"each field has its own default", Argon2id{Time: 3}, Argon2id{19456, 3, 1}, ""},
		{"least", Argon2id{8, 1, 1}, Argon2id{8, 1, 1}, ""},
		{"most", Argon2id{1 << 20, 16, 16}, Argon2id{1 << 20, 16, 16}, ""},
		{"too little memory", Argon2id{7, 1, 1}, Argon2id{}, "MemoryKiB is less than 8 × Threads"},
		{"too little for its lanes", Argon2id{31, 1, 4}, Argon2id{}, "MemoryKiB is less than 8 × Threads"},
		{"too much memory", Argon2id{1<<20 + 1, 1, 1}, Argon2id{}, "MemoryKiB is more than 1048576"},
		{"too many passes", Argon2id{64, 17, 1}, Argon2id{}, "Time is more than 16"},
		{"too many lanes", Argon2id{4096, 1, 17}, Argon2id{}, "Threads is more than 16"},
	}
	for _, tt := range tests {
		h, err := newHasher(tt.cost)
		if tt.reason == "" {
			if err != nil || h.cost != tt.want {
				t.Errorf("%s: got %+v, %v", tt.rule, h, err)
			}
			continue
		}
		var e *Error
		if h != nil || !errors.As(err, &e) || e.Kind != ErrInvalid || e.Record != "config" || e.Field != "Argon2id" || e.Reason != tt.reason {
			t.Errorf("%s: got %v, want reason %q", tt.rule, err, tt.reason)
		}
	}
}

func TestHasherHash(t *testing.T) {
	h := cheapHasher(t)
	one, err := h.hash("cafe\u0301 au lait")
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.hash("cafe\u0301 au lait")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^\$argon2id\$v=19\$m=64,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	if !form.MatchString(one) {
		t.Errorf("not a PHC string with 16 bytes of salt and a tag of 32: %s", one)
	}
	if one == two {
		t.Error("two hashes of one password are equal: where is the salt?")
	}
	if n := h.calls(countCurrent); n != 2 {
		t.Errorf("%d hashes counted, want 2", n)
	}
	for _, p := range []string{"cafe\u0301 au lait", "caf\u00e9 au lait"} {
		if ok, upgrade := h.verify(one, p); !ok || upgrade != "" {
			t.Errorf("%q: got %v, %q", p, ok, upgrade)
		}
	}
	if ok, _ := h.verify(one, "caf\u00e9 au lait "); ok {
		t.Error("a trailing space was trimmed")
	}
	for _, p := range []string{"", strings.Repeat("x", 1025), strings.Repeat("x", 1<<20)} {
		if s, err := h.hash(p); s != "" || !errors.Is(err, ErrInvalid) {
			t.Errorf("a password of %d bytes: got %q, %v", len(p), s, err)
		}
	}
}

// The hashing rule: each verification computes one argon2id at the current cost,
// and an old hash once besides.
func TestVerifyComputesOneArgon2id(t *testing.T) {
	const (
		current  = "$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c"
		oldCost  = "$argon2id$v=19$m=128,t=1,p=4$c2l4dGVlbiBzYWx0IGJ5dA$yald+iwGceX8ekbX8lp/Yw"
		bcrypted = "$2y$04$iOMxq9TYnD5SG9MFeUS9HuVj0eEupybTM7L4TeexeFjxW8hcBQLUa"
		scrypted = "$scrypt$ln=4,r=8,p=1$8PHy8/T19vf4+fr7/P3+/w$dYCysfAffC3nJjCWF26TnhlJIzK5FUTz34KOnIeZ8cU"
		pbkdf2ed = "$pbkdf2-sha256$i=1000$8PHy8/T19vf4+fr7/P3+/w$99bV+pKqUWKQUi1d2HhkR3ILvGqybbv4Jxx1sMp8D6s"
		// Python: hashlib.pbkdf2_hmac("sha256", nfd, bytes(range(0xf0, 0x100)), 1000)
		ofNFD = "$pbkdf2-sha256$i=1000$8PHy8/T19vf4+fr7/P3+/w$uXKNecpXLGcGFX0lkeGwwb/ZO9/Jhfipnu4lx21UlRk"
		nfd   = "cafe\u0301 au lait, s'il vous plai\u0302t"
		nfc   = "caf\u00e9 au lait, s'il vous pla\u00eet"
		right = vectorPassword
		wrong = "incorrect horse"
	)
	long := strings.Repeat("x", 1025)
	tests := []struct {
		rule, hash, password string
		ok                   bool
		old                  string // what is computed besides
		times                int
	}{
		{"the right password", current, right, true, "", 0},
		{"a wrong one", current, wrong, false, "", 0},
		{"no such user, or no password", "", right, false, "", 0},
		{"a hash that cannot be read", "$argon2id$", right, false, "", 0},
		{"a hash beyond the bounds", "$argon2id$v=19$m=4194304,t=2,p=1$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c", right, false, "", 0},
		{"a password too long", current, long, false, "", 0},
		{"too long for no such user", "", long, false, "", 0},
		{"too long for an old hash", bcrypted, long, false, "", 0},
		{"megabytes", current, strings.Repeat("e\u0301", 1<<20), false, "", 0},
		{"no password typed", current, "", false, "", 0},
		{"no password typed, no such user", "", "", false, "", 0},
		{"not UTF-8", current, "\xff\xfe", false, "", 0},

		{"another cost", oldCost, right, true, countOldCost, 1},
		{"another cost, wrong", oldCost, wrong, false, countOldCost, 1},
		{"bcrypt", bcrypted, right, true, countBcrypt, 1},
		{"bcrypt, wrong", bcrypted, wrong, false, countBcrypt, 1},
		{"bcrypt, more than 72 bytes", bcrypted, strings.Repeat("b", 73), false, countBcrypt, 1},
		{"bcrypt, NUL", bcrypted, right + "\x00" + right, false, countBcrypt, 1},
		{"scrypt", scrypted, right, true, countScrypt, 1},
		{"scrypt, wrong", scrypted, wrong, false, countScrypt, 1},
		{"PBKDF2", pbkdf2ed, right, true, countPBKDF2, 1},
		{"PBKDF2, wrong", pbkdf2ed, wrong, false, countPBKDF2, 1},

		{"an old hash of what was typed, which is not NFC", ofNFD, nfd, true, countPBKDF2, 2},
		{"only what was typed is tried", ofNFD, nfc, false, countPBKDF2, 1},
		{"NFC is tried first", pbkdf2ed, "e\u0301", false, countPBKDF2, 2},
	}
	for _, tt := range tests {
		h := cheapHasher(t)
		ok, upgrade := h.verify(tt.hash, tt.password)
		if ok != tt.ok {
			t.Errorf("%s: verified %v, want %v", tt.rule, ok, tt.ok)
		}
		if n := h.calls(countCurrent); n != 1 {
			t.Errorf("%s: %d times argon2id at the current cost, want 1", tt.rule, n)
		}
		for _, name := range []string{countOldCost, countBcrypt, countScrypt, countPBKDF2} {
			want := 0
			if name == tt.old {
				want = tt.times
			}
			if n := h.calls(name); n != want {
				t.Errorf("%s: %d times %s, want %d", tt.rule, n, name, want)
			}
		}
		if upgrades := tt.ok && tt.old != ""; (upgrade != "") != upgrades {
			t.Errorf("%s: upgrade %q, want one: %v", tt.rule, upgrade, upgrades)
		}
		if upgrade == "" {
			continue
		}
		if again, more := h.verify(upgrade, tt.password); !again || more != "" {
			t.Errorf("%s: its upgrade gave %v and another upgrade %q", tt.rule, again, more)
		}
	}
}

// A hash that a system has once accepted of the empty password opens no account.
func TestVerifyRefusesTheEmptyPassword(t *testing.T) {
	h := cheapHasher(t)
	for _, stored := range []string{
		argon2idOf(cheapCost, ""),
		argon2idOf(Argon2id{MemoryKiB: 32, Time: 1, Threads: 1}, ""),
	} {
		if ok, upgrade := h.verify(stored, ""); ok || upgrade != "" {
			t.Errorf("verified the empty password against %s", stored)
		}
	}
}

func argon2idOf(cost Argon2id, password string) string {
	a := argon2idHash{cost: cost, salt: []byte("sixteen salt byt"), tag: make([]byte, 32)}
	a.tag = a.compute(password)
	return a.encode()
}

// largeHash asks for much memory and takes none.
type largeHash struct {
	kib   uint32
	check func()
}

func (l largeHash) algorithm() string   { return countScrypt }
func (l largeHash) memoryKiB() uint32   { return l.kib }
func (l largeHash) matches(string) bool { l.check(); return true }

func TestLargeOldHashesOneAtATime(t *testing.T) {
	tests := []struct {
		rule  string
		kib   uint32
		alone bool
	}{
		{"64 MiB may be taken by all at once", 64 << 10, false},
		{"more only by one", 64<<10 + 1, true},
	}
	for _, tt := range tests {
		h := cheapHasher(t)
		h.matches(largeHash{tt.kib, func() {
			free := h.large.TryLock()
			if free {
				h.large.Unlock()
			}
			if free == tt.alone {
				t.Errorf("%s: another could start: %v", tt.rule, free)
			}
		}}, "")
		if !h.large.TryLock() {
			t.Errorf("%s: still held afterwards", tt.rule)
		}
	}
}

func TestHasherIsSafeForConcurrentUse(t *testing.T) {
	h := cheapHasher(t)
	stored := argon2idOf(cheapCost, vectorPassword)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if ok, _ := h.verify(stored, vectorPassword); !ok {
				t.Error("not verified")
			}
		})
	}
	wg.Wait()
	if n := h.calls(countCurrent); n != 8 {
		t.Errorf("%d computed, want 8", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	h, err := newHasher(Argon2id{})
	if err != nil {
		b.Fatal(err)
	}
	stored := argon2idOf(h.cost, vectorPassword)
	for b.Loop() {
		h.verify(stored, vectorPassword)
	}
}
