package password

import (
	"context"
	"net/netip"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// measured is a cost for tests that count how often argon2id is computed: each
// computation takes 1 MiB, and everything else in the process much less.
var measured = Argon2id{MemoryKiB: 1024, Time: 1, Threads: 1}

// argon2idsIn returns how often f computes argon2id at the cost measured, by the
// memory that f allocates.
func argon2idsIn(f func()) int { return allocatedBy(f, 1024) }

// allocatedBy returns how many times f allocates so many KiB, rounded.
func allocatedBy(f func(), kib uint64) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int((after.TotalAlloc - before.TotalAlloc + kib<<9) / (kib << 10))
}

func newHasher(t testing.TB, cost Argon2id) *Hasher {
	t.Helper()
	h, reason := New(cost)
	if reason != "" {
		t.Fatal(reason)
	}
	return h
}

// newTurn returns a turn of a Hasher that nobody else uses.
func newTurn(t testing.TB, h *Hasher) *Turn {
	t.Helper()
	turn, err := h.Wait(t.Context(), [3]netip.Prefix{}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(turn.End)
	return turn
}

func TestNew(t *testing.T) {
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
		h, reason := New(tt.cost)
		if reason != tt.reason {
			t.Errorf("%s: got reason %q, want %q", tt.rule, reason, tt.reason)
		}
		if reason != "" && h != nil {
			t.Errorf("%s: got a Hasher beside the reason", tt.rule)
		}
		if reason == "" && h.cost != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.rule, h.cost, tt.want)
		}
	}
}

func TestHash(t *testing.T) {
	turn := newTurn(t, newHasher(t, measured))
	var one, two string
	var err1, err2 error
	if n := argon2idsIn(func() {
		one, err1 = turn.Hash("cafe\u0301 au lait")
		two, err2 = turn.Hash("cafe\u0301 au lait")
	}); n != 2 || err1 != nil || err2 != nil {
		t.Fatalf("two passwords: %d hashes computed, %v, %v", n, err1, err2)
	}
	form := regexp.MustCompile(`^\$argon2id\$v=19\$m=1024,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	if !form.MatchString(one) {
		t.Errorf("not a PHC string with 16 bytes of salt and a tag of 32: %s", one)
	}
	if one == two {
		t.Error("two hashes of one password are equal: where is the salt?")
	}
	for _, p := range []string{"cafe\u0301 au lait", "caf\u00e9 au lait"} {
		if r := turn.Verify(context.Background(), one, p); r != (Result{OK: true}) {
			t.Errorf("%q: got %+v", p, r)
		}
	}
	if turn.Verify(context.Background(), one, "caf\u00e9 au lait ").OK {
		t.Error("a trailing space was trimmed")
	}
	for _, p := range []string{"", strings.Repeat("x", 1025), strings.Repeat("x", 1<<20)} {
		if s, err := turn.Hash(p); s != "" || err == nil {
			t.Errorf("a password of %d bytes: got %q, %v", len(p), s, err)
		}
	}
}

// counted counts how often a hash is computed.
type counted struct {
	storedHash
	times *int
}

func (c counted) matches(password string) bool {
	*c.times++
	return c.storedHash.matches(password)
}

// The hashing rule: each verification computes one argon2id at the current cost,
// and an old hash besides.
func TestVerifyComputesOneArgon2id(t *testing.T) {
	const (
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

		beyondBounds = "$argon2id$v=19$m=4194304,t=2,p=1$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c"
	)
	current := argon2idOf(measured, right)
	long := strings.Repeat("x", 1025)
	megabytes := strings.Repeat("e\u0301", 1<<20)
	tests := []struct {
		rule, hash, password string
		ok                   bool
		old                  int // how often an old hash is computed besides
	}{
		{"the right password", current, right, true, 0},
		{"a wrong one", current, wrong, false, 0},
		{"no such user, or no password", "", right, false, 0},
		{"a hash that cannot be read", "$argon2id$", right, false, 0},
		{"a hash beyond the bounds", beyondBounds, right, false, 0},
		{"a password too long", current, long, false, 0},
		{"too long for no such user", "", long, false, 0},
		{"too long for an old hash", bcrypted, long, false, 0},
		{"megabytes", current, megabytes, false, 0},
		{"no password typed", current, "", false, 0},
		{"no password typed, no such user", "", "", false, 0},
		{"not UTF-8", current, "\xff\xfe", false, 0},

		{"another cost", oldCost, right, true, 1},
		{"another cost, wrong", oldCost, wrong, false, 1},
		{"bcrypt", bcrypted, right, true, 1},
		{"bcrypt, wrong", bcrypted, wrong, false, 1},
		{"bcrypt, more than 72 bytes", bcrypted, strings.Repeat("b", 73), false, 1},
		{"bcrypt, NUL", bcrypted, right + "\x00" + right, false, 1},
		{"scrypt", scrypted, right, true, 1},
		{"scrypt, wrong", scrypted, wrong, false, 1},
		{"PBKDF2", pbkdf2ed, right, true, 1},
		{"PBKDF2, wrong", pbkdf2ed, wrong, false, 1},

		{"an old hash of what was typed, which is not NFC", ofNFD, nfd, true, 2},
		{"only what was typed is tried", ofNFD, nfc, false, 1},
		{"NFC is tried first", pbkdf2ed, "e\u0301", false, 2},
	}
	h := newHasher(t, measured)
	turn := newTurn(t, h)
	for _, tt := range tests {
		var r Result
		if n := argon2idsIn(func() { r = turn.Verify(context.Background(), tt.hash, tt.password) }); n != 1 {
			t.Errorf("%s: %d times argon2id at the current cost, want 1", tt.rule, n)
		}
		if r.OK != tt.ok {
			t.Errorf("%s: verified %v, want %v", tt.rule, r.OK, tt.ok)
		}
		if upgrades := tt.ok && tt.old > 0; (r.Upgrade != "") != upgrades {
			t.Errorf("%s: upgrade %q, want one: %v", tt.rule, r.Upgrade, upgrades)
		}
		if unreadable := tt.hash == "$argon2id$" || tt.hash == beyondBounds; (r.Fault != nil) != unreadable {
			t.Errorf("%s: fault %v, want one: %v", tt.rule, r.Fault, unreadable)
		}
		if r.Upgrade != "" {
			if again := turn.Verify(context.Background(), r.Upgrade, tt.password); again != (Result{OK: true}) {
				t.Errorf("%s: its upgrade gave %+v", tt.rule, again)
			}
		}
		if tt.old == 0 {
			continue
		}
		stored, err := h.parse(tt.hash)
		if err != nil {
			t.Fatal(err)
		}
		normal, _ := normalize(tt.password)
		times := 0
		if h.compare(context.Background(), counted{stored, &times}, tt.password, normal); times != tt.old {
			t.Errorf("%s: the old hash is computed %d times, want %d", tt.rule, times, tt.old)
		}
	}
}

// A hash that a system has once accepted of the empty password opens no account.
func TestVerifyRefusesTheEmptyPassword(t *testing.T) {
	turn := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 64, Time: 2, Threads: 1}))
	for _, stored := range []string{
		argon2idOf(Argon2id{MemoryKiB: 64, Time: 2, Threads: 1}, ""),
		argon2idOf(Argon2id{MemoryKiB: 32, Time: 1, Threads: 1}, ""),
	} {
		if r := turn.Verify(context.Background(), stored, ""); r != (Result{}) {
			t.Errorf("the empty password against %s: %+v", stored, r)
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
		h := newHasher(t, Argon2id{MemoryKiB: 64, Time: 2, Threads: 1})
		h.matchesOld(largeHash{tt.kib, func() {
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
	cost := Argon2id{MemoryKiB: 64, Time: 2, Threads: 1}
	h := newHasher(t, cost)
	h.queue = newQueue(8)
	stored := argon2idOf(cost, vectorPassword)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			turn, err := h.Wait(t.Context(), [3]netip.Prefix{}, true)
			if err != nil {
				t.Error(err)
				return
			}
			defer turn.End()
			if !turn.Verify(context.Background(), stored, vectorPassword).OK {
				t.Error("not verified")
			}
		})
	}
	all.Wait()
}

func TestHashesAtOnce(t *testing.T) {
	want := max(1, runtime.GOMAXPROCS(0)/2)
	h := newHasher(t, Argon2id{})
	for range want {
		if !h.queue.running.TryAcquire(1) {
			t.Fatalf("fewer than %d hashes run at once", want)
		}
	}
	if h.queue.running.TryAcquire(1) {
		t.Errorf("more than %d hashes run at once", want)
	}
}

func BenchmarkVerify(b *testing.B) {
	h := newHasher(b, Argon2id{})
	turn := newTurn(b, h)
	stored := argon2idOf(h.cost, vectorPassword)
	b.ReportAllocs()
	for b.Loop() {
		turn.Verify(context.Background(), stored, vectorPassword)
	}
}

// BenchmarkWait is the cost of a turn while nobody else wants to hash.
func BenchmarkWait(b *testing.B) {
	h := newHasher(b, Argon2id{})
	b.ReportAllocs()
	for b.Loop() {
		turn, err := h.Wait(b.Context(), [3]netip.Prefix{}, false)
		if err != nil {
			b.Fatal(err)
		}
		turn.End()
	}
}
