package password

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rbac-go/rbac/internal/stats"
)

// Argon2id is the cost of an argon2id hash (RFC 9106).
type Argon2id struct {
	MemoryKiB uint32
	Time      uint32
	Threads   uint8
}

// A Hasher makes password hashes at one cost, the current cost, and verifies
// hashes of any kind. At most half as many hashes as there are processors run
// at once, at least one. A Hasher is safe for concurrent use.
//
// With n hashes at once a Hasher needs at most n × max(current cost, 64 MiB)
// and once 512 MiB.
type Hasher struct {
	// Legacy verifies the hashes that begin with $legacy$, without this prefix.
	// An error or a panic means that the password is wrong. Nil: there are no
	// such hashes. Set Legacy before the Hasher is used.
	Legacy func(ctx context.Context, hash, password string) (bool, error)

	cost  Argon2id
	queue *queue
	large sync.Mutex // held while an old hash takes more memory than its share

	Waits  stats.Timer   // for a turn, until the turn or an error
	Hashes stats.Timer   // calls of Turn.Hash and Turn.Verify
	Busy   atomic.Uint64 // waits that ended with ErrBusy
}

// largeHashKiB is the memory up to which old hashes run at the same time.
const largeHashKiB = 64 << 10

// New returns a Hasher. A zero field of cost has a default: 19 MiB, 2 passes, 1
// lane (OWASP's second choice for argon2id). For a cost out of its bounds New
// returns nil and the reason.
func New(cost Argon2id) (h *Hasher, reason string) {
	if cost.MemoryKiB == 0 {
		cost.MemoryKiB = 19 << 10
	}
	if cost.Time == 0 {
		cost.Time = 2
	}
	if cost.Threads == 0 {
		cost.Threads = 1
	}
	switch {
	case cost.Threads > 16:
		return nil, "Threads is more than 16"
	case cost.Time > maxArgon2idTime:
		return nil, fmt.Sprintf("Time is more than %d", maxArgon2idTime)
	case cost.MemoryKiB > maxHashKiB:
		return nil, fmt.Sprintf("MemoryKiB is more than %d", maxHashKiB)
	case cost.MemoryKiB < 8*uint32(cost.Threads):
		return nil, "MemoryKiB is less than 8 × Threads"
	}
	return &Hasher{cost: cost, queue: newQueue(max(1, runtime.GOMAXPROCS(0)/2))}, ""
}

// CheckHash returns an error if a stored hash cannot be verified. The formats
// are argon2id, bcrypt, scrypt and PBKDF2, the hashes of Wrap, and those of
// Legacy; see parseHash. The error states the fault, and never quotes the hash.
//
// An argon2id hash may exceed the bound up to the current cost, which every
// login costs anyway.
func (h *Hasher) CheckHash(stored string) error {
	_, err := h.parse(stored)
	return err
}

func (h *Hasher) parse(stored string) (storedHash, error) {
	if text, ok := strings.CutPrefix(stored, legacyPrefix); ok {
		return h.parseLegacy(text)
	}
	parsed, err := parseHash(stored)
	if err != nil {
		return nil, err
	}
	most := max(maxArgon2idWork, h.cost.workKiB())
	if cost, ok := argon2idCost(parsed); ok && cost.workKiB() > most {
		return nil, errors.New(tooExpensive)
	}
	return parsed, nil
}

// argon2idCost returns the cost of the argon2id in a hash, if there is any.
func argon2idCost(stored storedHash) (cost Argon2id, ok bool) {
	switch h := stored.(type) {
	case argon2idHash:
		return h.cost, true
	case wrappedHash:
		return h.outer.cost, true
	}
	return Argon2id{}, false
}

// Wait waits for a turn to hash. The networks are the client's, from wide to
// narrow; clients without an address share the zero value. Known clients have a
// line of their own. See the type queue for how places are shared.
//
// The error is ErrBusy, or the error of ctx if ctx ends first.
func (h *Hasher) Wait(ctx context.Context, networks [3]netip.Prefix, known bool) (*Turn, error) {
	began := time.Now()
	release, err := h.queue.acquire(ctx, networks, known)
	h.Waits.Since(began)
	if errors.Is(err, ErrBusy) {
		h.Busy.Add(1)
	}
	if err != nil {
		return nil, err
	}
	return &Turn{h, release}, nil
}

// Waiting returns how many callers of Wait wait for their turn now.
func (h *Hasher) Waiting() int { return h.queue.unknown.waiting() + h.queue.known.waiting() }

// A Turn is the permission to hash. A Turn is not safe for concurrent use.
type Turn struct {
	h   *Hasher
	end func()
}

// End lets the next caller hash. A second call does nothing.
func (t *Turn) End() { t.end() }

// Hash returns the argon2id hash of a password in NFC, with a new salt. The
// caller has called Check; Hash refuses only passwords that could never be
// verified.
func (t *Turn) Hash(password string) (string, error) {
	defer t.h.Hashes.Since(time.Now())
	normal, fits := normalize(password)
	if !fits {
		return "", fmt.Errorf("empty or longer than %d bytes", maxPassword)
	}
	return t.h.fresh(normal), nil
}

// A Result is the result of a verification.
type Result struct {
	OK      bool
	Upgrade string // if OK, the hash to replace an old hash; else empty
	Fault   error  // why no password matches the stored hash; nil for an empty hash
}

// Verify verifies a password against a stored hash. Verify always computes
// exactly one argon2id at the current cost, even if the hash is empty or
// unreadable, or the password is empty or too long. So the time does not reveal
// whether there is such a user. An old hash, of another algorithm or cost, is
// computed besides. Only the right password of a hash of Wrap costs two: one to
// verify, and one for the upgrade.
//
// Passwords are compared in NFC. A system that did not normalize may have made
// an old hash from other bytes, so Verify then tries the password as typed. For
// a hash of Wrap, Verify tries only the password as typed.
//
// ctx is for Legacy.
func (t *Turn) Verify(ctx context.Context, stored, password string) Result {
	defer t.h.Hashes.Since(time.Now())
	normal, fits := normalize(password)
	parsed, err := t.h.parse(stored)
	if err == nil && fits {
		return t.h.compare(ctx, parsed, password, normal)
	}
	t.h.fresh("") // the work without the password, which may be of any length
	if stored == "" {
		err = nil
	}
	return Result{Fault: err}
}

func (h *Hasher) compare(ctx context.Context, stored storedHash, password, normal string) Result {
	cost, _ := argon2idCost(stored)
	current := cost == h.cost
	if a, ok := stored.(argon2idHash); ok && current {
		return Result{OK: a.matches(normal)}
	}
	var ok bool
	switch s := stored.(type) {
	case wrappedHash:
		ok = h.matchesOld(s, password)
		if !ok && current {
			return Result{} // one argon2id at the current cost is computed
		}
	case legacyHash:
		ok = h.matchesLegacy(ctx, s, normal) || normal != password && h.matchesLegacy(ctx, s, password)
	default:
		ok = h.matchesOld(stored, normal) || normal != password && h.matchesOld(stored, password)
	}
	upgrade := h.fresh(normal) // for a wrong password, too: failure costs as much
	if !ok {
		return Result{}
	}
	return Result{OK: true, Upgrade: upgrade}
}

// matchesOld computes an old hash. Hashes that need much memory run one at a
// time.
func (h *Hasher) matchesOld(stored storedHash, password string) bool {
	if stored.memoryKiB() > max(largeHashKiB, h.cost.MemoryKiB) {
		h.large.Lock()
		defer h.large.Unlock()
	}
	return stored.matches(password)
}

// fresh computes an argon2id hash at the current cost.
func (h *Hasher) fresh(password string) string { return h.argon2id(password).encode() }

func (h *Hasher) argon2id(text string) argon2idHash {
	a := argon2idHash{cost: h.cost, salt: make([]byte, 16), tag: make([]byte, 32)}
	rand.Read(a.salt) // never fails: rand.Read ends the program instead
	a.tag = a.compute(text)
	return a
}
