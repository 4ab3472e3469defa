package password

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// Bounds of the parameters in a stored hash. The bounds are checked before
// anything is computed: a hash with absurd parameters must neither take the
// process down nor keep users from logging in. Each scheme is bounded to about
// a second of one core; measured on a 2.5 GHz AMD EPYC:
//
//	argon2id, m=256 MiB t=3 or m=64 MiB t=15   0.9 to 1.1 s
//	bcrypt, cost 14                            1.0 s
//	scrypt, N=2^18 r=8 p=1                     0.8 to 1.1 s
//	PBKDF2, 3,000,000 × SHA-1 or SHA-256       0.6 s; without SHA instructions three times that
//	PBKDF2, 1,500,000 × SHA-512                1.0 s
//
// A password that is not in NFC is tried in two forms, which doubles the time.
// The current cost is the host's choice, and bounded less: see
// [Hasher.CheckHash].
const (
	maxHashText      = 256       // bytes of the whole string
	maxHashKiB       = 1 << 20   // memory of argon2id
	maxArgon2idWork  = 1 << 20   // KiB × (passes + 1), where the 1 is for getting the memory
	maxScryptKiB     = 256 << 10 // 128·N·r·p of scrypt: its work, and more than its memory
	maxArgon2idTime  = 16
	maxArgon2idLanes = 255
	maxBcryptCost    = 14
	maxPBKDF2Rounds  = 3_000_000 // iterations × blocks of the digest; half for SHA-512
	minSalt, maxSalt = 8, 64     // bytes
	minTag, maxTag   = 16, 64    // bytes
)

// A storedHash is a hash that can be verified: an argon2idHash, bcryptHash,
// bcryptSHA256Hash, scryptHash, pbkdf2Hash, wrappedHash or legacyHash.
type storedHash interface {
	memoryKiB() uint32            // that computing takes, rounded up
	matches(password string) bool // computes once and compares in constant time
}

// parseHash parses a stored hash in one of the following forms, within the
// bounds.
//
//	$argon2id$v=19$m=19456,t=2,p=1$salt$tag   base64 without padding, as in all PHC strings
//	$2b$12$…                                  bcrypt, 60 bytes; $2a$ and $2y$ mean the same
//	$scrypt$ln=15,r=8,p=1$salt$tag
//	$pbkdf2-sha256$i=600000$salt$tag          sha1 and sha512, too; i=600000,l=32 as well
//	$pbkdf2-sha256$29000$salt$tag             passlib's: base64 with . for +; $pbkdf2$ is SHA-1
//	pbkdf2_sha256$600000$salt$tag             Django's: plain salt, padded base64; pbkdf2_sha1, too
//	bcrypt_sha256$$2b$12$…                    Django's; bcrypt$$2b$12$…, argon2$argon2id$… and scrypt$…, too
//	pbkdf2:sha256:600000$salt$tag             Werkzeug's: plain salt, hexadecimal tag; sha1 and sha512, too
//	scrypt:32768:8:1$salt$tag                 Werkzeug's
//	AQAAAA…                                   ASP.NET Core Identity's, version 3: base64 of PBKDF2
//	$wrapped$…                                see wrappedHash
//
// Salts have 8 to 64 bytes, tags 16 to 64. The error states the fault, and
// never quotes the hash.
func parseHash(s string) (storedHash, error) {
	var r hashReader
	h := r.read(s)
	if r.fault != "" {
		return nil, errors.New(r.fault)
	}
	return h, nil
}

// Faults that several formats share.
const (
	outOfBounds  = "parameter out of bounds"
	tooExpensive = "costs more than a login may: above about a second of one core"
	saltOrTag    = "salt or tag too short or too long"
)

// A hashReader reads the parts of a stored hash. The reader keeps the first
// fault, so the methods need no check after each step.
type hashReader struct{ fault string }

func (r *hashReader) read(s string) storedHash {
	if len(s) > maxHashText {
		r.require(false, "too long")
		return nil
	}
	id, rest := cutHashID(s)
	switch id {
	case "$argon2id":
		return r.argon2id(rest)
	case "$2a", "$2b", "$2y":
		return r.bcrypt(s, rest)
	case "$scrypt":
		return r.scrypt(rest)
	case "$pbkdf2", "$pbkdf2-sha1":
		return r.pbkdf2(sha1.New, rest)
	case "$pbkdf2-sha256":
		return r.pbkdf2(sha256.New, rest)
	case "$pbkdf2-sha512":
		return r.pbkdf2(sha512.New, rest)
	case wrappedID:
		return r.wrapped(rest)
	}
	h, ok := r.foreign(s)
	r.require(ok, "unknown format")
	return h
}

// cutHashID cuts a hash after the name of the format. The name keeps a leading
// $.
func cutHashID(s string) (id, rest string) {
	first := min(1, len(s))
	id, rest, _ = strings.Cut(s[first:], "$")
	return s[:first] + id, rest
}

func (r *hashReader) require(ok bool, fault string) {
	if !ok && r.fault == "" {
		r.fault = fault
	}
}

// fields splits a string at $ into exactly n parts.
func (r *hashReader) fields(s string, n int) []string {
	parts := strings.Split(s, "$")
	if len(parts) != n {
		r.require(false, "wrong number of parts")
		return make([]string, n)
	}
	return parts
}

// numbers reads "a=1,b=2": exactly the given names, in the given order.
func (r *hashReader) numbers(s string, names ...string) []uint32 {
	values := make([]uint32, len(names))
	parts := strings.Split(s, ",")
	if len(parts) != len(names) {
		r.require(false, "missing or unknown parameter")
		return values
	}
	for i, name := range names {
		digits, ok := strings.CutPrefix(parts[i], name+"=")
		r.require(ok, "missing or unknown parameter")
		values[i] = r.number(digits)
	}
	return values
}

// number reads a decimal number without a sign or a leading zero.
func (r *hashReader) number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	r.require(err == nil && strconv.FormatUint(n, 10) == s, "not a plain number")
	return uint32(n)
}

// bytes decodes base64 strictly: the bytes must encode to the same text. The
// decoder of package base64 skips line breaks and ignores left-over bits.
func (r *hashReader) bytes(enc *base64.Encoding, s string, least, most int) []byte {
	b, err := enc.DecodeString(s)
	r.require(err == nil && enc.EncodeToString(b) == s, "not strict base64")
	r.require(least <= len(b) && len(b) <= most, saltOrTag)
	return b
}

func (r *hashReader) saltAndTag(enc *base64.Encoding, salt, tag string) (s, t []byte) {
	return r.bytes(enc, salt, minSalt, maxSalt), r.bytes(enc, tag, minTag, maxTag)
}
