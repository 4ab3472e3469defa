package password

import (
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// argon2idHash is the scheme of new hashes (RFC 9106, version 0x13).
type argon2idHash struct {
	cost      Argon2id
	salt, tag []byte
}

func (r *hashReader) argon2id(s string) argon2idHash {
	f := r.fields(s, 4)
	r.require(f[0] == "v=19", "unknown version of argon2id")
	n := r.numbers(f[1], "m", "t", "p")
	m, t, p := n[0], n[1], n[2]
	r.require(1 <= t && t <= maxArgon2idTime, outOfBounds)
	r.require(1 <= p && p <= maxArgon2idLanes, outOfBounds)
	r.require(8*uint64(p) <= uint64(m) && m <= maxHashKiB, outOfBounds)
	h := argon2idHash{cost: Argon2id{MemoryKiB: m, Time: t, Threads: uint8(p)}}
	h.salt, h.tag = r.saltAndTag(base64.RawStdEncoding, f[2], f[3])
	return h
}

// workKiB is the work of the hash. Each pass goes over the whole memory, and so
// does the operating system, which clears the memory.
func (c Argon2id) workKiB() uint64 { return uint64(c.MemoryKiB) * (uint64(c.Time) + 1) }

func (h argon2idHash) memoryKiB() uint32 { return h.cost.MemoryKiB }

func (h argon2idHash) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.compute(password), h.tag) == 1
}

func (h argon2idHash) compute(password string) []byte {
	c := h.cost
	return argon2.IDKey([]byte(password), h.salt, c.Time, c.MemoryKiB, c.Threads, uint32(len(h.tag)))
}

// encode returns the hash in the form that parseHash reads.
func (h argon2idHash) encode() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s",
		h.cost.MemoryKiB, h.cost.Time, h.cost.Threads, b64(h.salt), b64(h.tag))
}

// bcryptHash is a bcrypt hash as stored: the whole string.
type bcryptHash string

// maxBcryptPassword is the number of bytes of a password that bcrypt uses.
const maxBcryptPassword = 72

var bcryptEncoding = base64.NewEncoding(
	"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

func (r *hashReader) bcrypt(whole, s string) bcryptHash {
	f := r.fields(s, 2)
	if len(whole) != 60 || len(f[1]) != 53 {
		r.require(false, "bcrypt hash not of 60 bytes")
		return ""
	}
	cost := r.number(strings.TrimPrefix(f[0], "0"))
	r.require(4 <= cost && cost <= 31, outOfBounds)
	r.require(cost <= maxBcryptCost, tooExpensive)
	r.bytes(bcryptEncoding, f[1][:22], 16, 16)
	r.bytes(bcryptEncoding, f[1][22:], 23, 23)
	return bcryptHash(whole)
}

func (h bcryptHash) memoryKiB() uint32 { return 5 }

// matches refuses, after the work, two kinds of passwords that bcrypt takes for
// other passwords. bcrypt ignores everything after the first 72 bytes. And
// bcrypt repeats the password, followed by a NUL, up to 72 bytes, so "a" and
// "a\x00a" are equal.
func (h bcryptHash) matches(password string) bool {
	same := bcrypt.CompareHashAndPassword([]byte(h), []byte(password)) == nil
	return same && len(password) <= maxBcryptPassword && !hasNUL(password)
}

// scryptHash is a hash of scrypt (RFC 7914).
type scryptHash struct {
	ln, r, p  uint32
	salt, tag []byte
}

func (r *hashReader) scrypt(s string) storedHash {
	f := r.fields(s, 3)
	n := r.numbers(f[0], "ln", "r", "p")
	h := scryptHash{ln: n[0], r: n[1], p: n[2]}
	r.boundScrypt(h)
	h.salt, h.tag = r.saltAndTag(base64.RawStdEncoding, f[1], f[2])
	return h
}

func (r *hashReader) boundScrypt(h scryptHash) {
	r.require(1 <= h.ln && h.ln <= 20 && 1 <= h.r && h.r <= 64 && 1 <= h.p && h.p <= 64, outOfBounds)
	r.require(h.workKiB() <= maxScryptKiB, tooExpensive)
}

func (h scryptHash) memoryKiB() uint32 { return uint32(h.workKiB()) }

// workKiB is 128·N·r·p bytes in KiB: the memory of all p passes. In fact the
// passes share memory, one after another.
func (h scryptHash) workKiB() uint64 { return (128*uint64(h.r)*uint64(h.p)<<h.ln + 1023) / 1024 }

func (h scryptHash) matches(password string) bool {
	tag, err := scrypt.Key([]byte(password), h.salt, 1<<h.ln, int(h.r), int(h.p), len(h.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, h.tag) == 1 && !hasNUL(password)
}

// pbkdf2Hash is a hash of PBKDF2 with HMAC over a digest (RFC 8018 §5.2).
type pbkdf2Hash struct {
	digest    func() hash.Hash
	rounds    uint32
	salt, tag []byte
}

// passlibEncoding is passlib's "adapted base64".
var passlibEncoding = base64.NewEncoding(
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)

func (r *hashReader) pbkdf2(digest func() hash.Hash, s string) storedHash {
	f := r.fields(s, 3)
	h := pbkdf2Hash{digest: digest}
	encoding := base64.RawStdEncoding
	length := uint32(0)
	switch {
	case !strings.HasPrefix(f[0], "i="):
		encoding = passlibEncoding
		h.rounds = r.number(f[0])
	case strings.Contains(f[0], ","):
		n := r.numbers(f[0], "i", "l")
		h.rounds, length = n[0], n[1]
		r.require(length > 0, outOfBounds)
	default:
		h.rounds = r.numbers(f[0], "i")[0]
	}
	h.salt, h.tag = r.saltAndTag(encoding, f[1], f[2])
	r.require(length == 0 || length == uint32(len(h.tag)), "tag not as long as it says")
	r.boundPBKDF2(h)
	return h
}

func (r *hashReader) django(digest func() hash.Hash, s string) storedHash {
	f := r.fields(s, 3)
	h := pbkdf2Hash{digest: digest, rounds: r.number(f[0]), salt: []byte(f[1])}
	r.require(minSalt <= len(f[1]) && len(f[1]) <= maxSalt, saltOrTag)
	h.tag = r.bytes(base64.StdEncoding, f[2], minTag, maxTag)
	r.boundPBKDF2(h)
	return h
}

func (r *hashReader) boundPBKDF2(h pbkdf2Hash) {
	size := h.digest().Size()
	work := uint64(h.rounds) * uint64((len(h.tag)+size-1)/size)
	if size == sha512.Size {
		work *= 2
	}
	r.require(h.rounds >= 1, outOfBounds)
	r.require(work <= maxPBKDF2Rounds, tooExpensive)
}

func (h pbkdf2Hash) memoryKiB() uint32 { return 1 }

func (h pbkdf2Hash) matches(password string) bool {
	tag, err := pbkdf2.Key(h.digest, password, h.salt, int(h.rounds), len(h.tag))
	return err == nil && subtle.ConstantTimeCompare(tag, h.tag) == 1 && !hasNUL(password)
}

// hasNUL reports whether an old algorithm may confuse the password with another
// password: PBKDF2 and scrypt use HMAC, which pads the key with zeros, so "a"
// and "a\x00" are equal.
func hasNUL(password string) bool { return strings.IndexByte(password, 0) >= 0 }
