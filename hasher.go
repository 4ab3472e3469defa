package rbac

import (
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/rbac-go/rbac/store"
)

// largeHashKiB is the memory that an old hash may take without waiting for others.
const largeHashKiB = 64 << 10

// hasher makes and verifies password hashes at one current cost. It is safe for
// concurrent use, and bounds nothing by itself but the memory of large old hashes:
// callers hold a place in a hashQueue.
//
// With n callers at once it needs at most n × max(current cost, 64 MiB) and once 512 MiB.
type hasher struct {
	cost  Argon2id
	large sync.Mutex // held while an old hash takes more than its share of memory

	mu     sync.Mutex
	counts map[string]int
}

// The names under which a hasher counts what it computes; see hasher.calls.
const (
	countCurrent = "argon2id"      // argon2id at the current cost
	countOldCost = "argon2id, old" // argon2id at any other cost
	countBcrypt  = "bcrypt"
	countScrypt  = "scrypt"
	countPBKDF2  = "pbkdf2"
)

// newHasher makes a hasher. A field of cost that is zero has its default: 19 MiB,
// 2 passes, 1 lane (OWASP's second choice for argon2id).
func newHasher(cost Argon2id) (*hasher, error) {
	if cost.MemoryKiB == 0 {
		cost.MemoryKiB = 19 << 10
	}
	if cost.Time == 0 {
		cost.Time = 2
	}
	if cost.Threads == 0 {
		cost.Threads = 1
	}
	if reason := costFault(cost); reason != "" {
		return nil, &Error{Kind: ErrInvalid, Record: "config", Field: "Argon2id", Reason: reason}
	}
	return &hasher{cost: cost, counts: map[string]int{}}, nil
}

func costFault(c Argon2id) string {
	switch {
	case c.Threads > 16:
		return "Threads is more than 16"
	case c.Time > maxArgon2idTime:
		return fmt.Sprintf("Time is more than %d", maxArgon2idTime)
	case c.MemoryKiB > maxHashKiB:
		return fmt.Sprintf("MemoryKiB is more than %d", maxHashKiB)
	case c.MemoryKiB < 8*uint32(c.Threads):
		return "MemoryKiB is less than 8 × Threads"
	}
	return ""
}

// hash returns the argon2id hash of a password in NFC, with a salt of its own. The
// policy is asked before; only what could never be verified is refused here.
func (h *hasher) hash(password string) (string, error) {
	normal, fits := fitPassword(password)
	if !fits {
		return "", refusePassword(fmt.Sprintf("empty or longer than %d bytes", maxPassword))
	}
	return h.fresh(normal), nil
}

// verify reports whether a password belongs to a stored hash. On every path it computes
// exactly one argon2id at the current cost, so that how long it takes does not tell
// whether there is such a user: for an empty or unreadable hash and for a password that is
// empty or too long as well. An old hash (another algorithm or cost) is computed besides.
//
// When an old hash is verified, upgrade is what should replace it.
//
// Passwords are compared in NFC. A system that did not normalise may have
// made an old hash from other bytes: where these differ they are tried next.
func (h *hasher) verify(hash, password string) (ok bool, upgrade string) {
	normal, fits := fitPassword(password)
	stored, err := h.read(hash)
	if err != nil || !fits {
		h.fresh("") // the work without the password, which may be of any length
		return false, ""
	}
	if h.isCurrent(stored) {
		return h.matches(stored, normal), ""
	}
	ok = h.matches(stored, normal) || normal != password && h.matches(stored, password)
	upgrade = h.fresh(normal) // before looking at ok: failure costs the same
	if !ok {
		return false, ""
	}
	return true, upgrade
}

// read is parsePasswordHash, and refuses an argon2id hash that costs more than a
// login may, unless a login costs as much anyway, at the current cost.
func (h *hasher) read(hash string) (passwordHash, error) {
	stored, err := parsePasswordHash(hash)
	if a, ok := stored.(argon2idHash); ok && err == nil && a.cost.workKiB() > max(maxArgon2idWork, h.cost.workKiB()) {
		return nil, &Error{Kind: ErrInvalid, Record: "password hash", Reason: tooDear}
	}
	return stored, err
}

// warnUnreadable logs that a user has a password hash that no password matches.
func (a *Authority) warnUnreadable(u store.UserRecord) {
	if _, err := a.hasher.read(u.PasswordHash); u.PasswordHash != "" && err != nil {
		a.log.Warn("rbac: the stored hash of a password cannot be verified; the user needs a new password", "user", u.Name, "error", err)
	}
}

// calls returns how many hashes of one kind were computed, by the names
// countCurrent, countOldCost, countBcrypt, countScrypt and countPBKDF2.
func (h *hasher) calls(algorithm string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.counts[algorithm]
}

func (h *hasher) isCurrent(stored passwordHash) bool {
	a, ok := stored.(argon2idHash)
	return ok && a.cost == h.cost
}

// matches and fresh are the two places where a hasher computes, and where it counts.
func (h *hasher) matches(stored passwordHash, password string) bool {
	algorithm := stored.algorithm()
	if algorithm == countCurrent && !h.isCurrent(stored) {
		algorithm = countOldCost
	}
	h.count(algorithm)
	if stored.memoryKiB() > max(largeHashKiB, h.cost.MemoryKiB) {
		h.large.Lock()
		defer h.large.Unlock()
	}
	return stored.matches(password)
}

func (h *hasher) fresh(password string) string {
	h.count(countCurrent)
	a := argon2idHash{cost: h.cost, salt: make([]byte, 16), tag: make([]byte, 32)}
	rand.Read(a.salt) // never fails: it ends the program instead
	a.tag = a.compute(password)
	return a.encode()
}

func (h *hasher) count(algorithm string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[algorithm]++
}
