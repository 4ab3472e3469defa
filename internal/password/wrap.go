package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const wrappedID = "$wrapped"

// A wrappedHash is the argon2id hash of what other software has computed from a
// password, in place of the argon2id hash of the password. It protects hashes
// that are too quick to guess.
//
//	$wrapped$sha256-suffix$i=1,l=32$salt$v=19$m=19456,t=2,p=1$salt$tag
//
// The parts are the algorithm, a key of the map algorithms; its rounds and the
// length of its digest in bytes; its salt, which may be empty; and the four
// parts of argon2id. Salts and tag are base64 without padding.
type wrappedHash struct {
	inner oldDigest
	outer argon2idHash
}

func (r *hashReader) wrapped(s string) storedHash {
	f := strings.SplitN(s, "$", 4)
	if len(f) != 4 {
		r.require(false, "wrong number of parts")
		return nil
	}
	n := r.numbers(f[1], "i", "l")
	h := wrappedHash{inner: oldDigest{algorithm: f[0], rounds: n[0], size: n[1]}}
	h.inner.salt = r.bytes(base64.RawStdEncoding, f[2], 0, maxSalt)
	r.boundDigest(h.inner)
	h.outer = r.argon2id(f[3])
	return h
}

func (h wrappedHash) memoryKiB() uint32 { return h.outer.memoryKiB() }

// matches computes one argon2id, whatever the password is. A password with a
// NUL never matches: some algorithms take it for another password.
func (h wrappedHash) matches(password string) bool {
	return h.outer.matches(string(h.inner.compute(password))) && !hasNUL(password)
}

func (h wrappedHash) encode() string {
	return fmt.Sprintf("%s$%s$i=%d,l=%d$%s$%s", wrappedID, h.inner.algorithm, h.inner.rounds, h.inner.size,
		base64.RawStdEncoding.EncodeToString(h.inner.salt), strings.TrimPrefix(h.outer.encode(), "$argon2id$"))
}

// weakRounds is the number of rounds below which Wrap wraps PBKDF2.
const weakRounds = 100_000

// Wrap returns a hash that Verify reads, for a hash of other software. A hash
// that CheckHash accepts is returned as it is, unless it is PBKDF2 of fewer than
// 100,000 rounds. Any other hash is wrapped in argon2id at the current cost.
//
// The schemes are the keys of the map schemes. The error states the fault, and
// never quotes the hash.
func (t *Turn) Wrap(scheme, stored string) (string, error) {
	read := schemes[scheme]
	if read == nil {
		return "", errors.New("unknown scheme")
	}
	parsed, unread := t.h.parse(stored)
	if weak, ok := parsed.(pbkdf2Hash); ok && weak.rounds < weakRounds {
		return t.h.wrap(weak.old()), nil
	}
	if unread == nil {
		return stored, nil
	}
	var r hashReader
	r.require(len(stored) <= maxHashText, "too long")
	if r.fault == "" {
		inner, digest, known := read(&r, stored)
		if !known {
			return "", unread
		}
		r.boundDigest(inner)
		if r.fault == "" {
			return t.h.wrap(inner, digest), nil
		}
	}
	return "", errors.New(r.fault)
}

// wrap computes argon2id of a digest.
func (h *Hasher) wrap(inner oldDigest, digest []byte) string {
	return wrappedHash{inner, h.argon2id(string(digest))}.encode()
}
