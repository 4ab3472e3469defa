package password

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"
)

// A scheme reads a hash as other software stores it, and returns the algorithm
// and the digest. known is false if the scheme has no such format.
type scheme func(r *hashReader, stored string) (d oldDigest, digest []byte, known bool)

// schemes are the schemes of Wrap. Each also has the formats that CheckHash
// accepts.
var schemes = map[string]scheme{
	"turbogears":      turbogears,
	"turbogears-site": turbogearsSite,
	"django":          djangoOld,
	"werkzeug":        werkzeugOld,
	"aspnet":          aspnetOld,
	"crypt":           cryptOld,
	"phpass":          phpassOld,
}

// simple reads a hexadecimal digest of an algorithm without rounds.
func (r *hashReader) simple(algorithm, salt, digest string, size int) (oldDigest, []byte, bool) {
	d := oldDigest{algorithm: algorithm, rounds: 1, size: uint32(size), salt: []byte(salt)}
	return d, r.hex(digest, size, size), true
}

// turbogears reads the salt and the digest, without anything between them, of
// SHA-256 or SHA-1 of password and salt; or the SHA-1 without a salt of
// TurboGears 1.
func turbogears(r *hashReader, s string) (oldDigest, []byte, bool) {
	const of1, of256 = 2 * sha1.Size, 2 * sha256.Size
	switch len(s) {
	case 2 * of256:
		return r.simple("sha256-suffix", s[:of256], s[of256:], sha256.Size)
	case 2 * of1:
		return r.simple("sha1-suffix", s[:of1], s[of1:], sha1.Size)
	case of1:
		return r.simple("sha1-suffix", "", s, sha1.Size)
	}
	return oldDigest{}, nil, false
}

// turbogearsSite reads the salt of a site, $, and the SHA-256 of password and
// salt.
func turbogearsSite(r *hashReader, s string) (oldDigest, []byte, bool) {
	i := strings.LastIndexByte(s, '$')
	if i < 0 {
		return oldDigest{}, nil, false
	}
	return r.simple("sha256-suffix", s[:i], s[i+1:], sha256.Size)
}

// djangoOld reads sha1$salt$digest and md5$salt$digest, where the salt may be
// empty, and an MD5 by itself.
func djangoOld(r *hashReader, s string) (oldDigest, []byte, bool) {
	if len(s) == 2*md5.Size && !strings.Contains(s, "$") {
		return r.simple("md5-prefix", "", s, md5.Size)
	}
	id, rest := cutHashID(s)
	switch id {
	case "md5":
		f := r.fields(rest, 2)
		return r.simple("md5-prefix", f[0], f[1], md5.Size)
	case "sha1":
		f := r.fields(rest, 2)
		return r.simple("sha1-prefix", f[0], f[1], sha1.Size)
	}
	return oldDigest{}, nil, false
}

// werkzeugOld reads digest$salt$tag, which is HMAC.
func werkzeugOld(r *hashReader, s string) (oldDigest, []byte, bool) {
	id, rest := cutHashID(s)
	size := map[string]int{"md5": md5.Size, "sha1": sha1.Size, "sha256": sha256.Size, "sha512": sha512.Size}[id]
	if size == 0 {
		return oldDigest{}, nil, false
	}
	f := r.fields(rest, 2)
	r.require(f[0] != "", saltOrTag) // would be no HMAC
	return r.simple("hmac-"+id, f[0], f[1], size)
}

// aspnetOld reads version 2 of ASP.NET Identity, in base64: a byte 0, a salt of
// 16 bytes, and 32 bytes of PBKDF2 with SHA-1 in 1,000 rounds.
func aspnetOld(r *hashReader, s string) (oldDigest, []byte, bool) {
	if !strings.HasPrefix(s, "A") {
		return oldDigest{}, nil, false
	}
	b := r.bytes(base64.StdEncoding, s, 49, 49)
	if r.fault != "" || b[0] != 0 {
		return oldDigest{}, nil, false
	}
	d, digest := pbkdf2Hash{digest: sha1.New, rounds: 1000, salt: b[1:17], tag: b[17:]}.old()
	return d, digest, true
}

// cryptOld reads sha256_crypt and sha512_crypt, $5$salt$digest and
// $6$rounds=5000$salt$digest.
func cryptOld(r *hashReader, s string) (oldDigest, []byte, bool) {
	id, rest := cutHashID(s)
	d := oldDigest{rounds: 5000}
	switch id {
	case "$5":
		d.algorithm, d.size = "sha256-crypt", 43
	case "$6":
		d.algorithm, d.size = "sha512-crypt", 86
	default:
		return oldDigest{}, nil, false
	}
	if rounds, ok := strings.CutPrefix(rest, "rounds="); ok {
		rounds, rest, _ = strings.Cut(rounds, "$")
		d.rounds = r.number(rounds)
	}
	f := r.fields(rest, 2)
	r.require(len(f[0]) <= 16, saltOrTag)
	d.salt = []byte(f[0])
	return d, r.characters(f[1], int(d.size)), true
}

// phpassOld reads $P$, a character for the rounds, a salt of 8 characters and a
// digest; $H$ means the same.
func phpassOld(r *hashReader, s string) (oldDigest, []byte, bool) {
	if len(s) != 34 || s[:3] != "$P$" && s[:3] != "$H$" {
		return oldDigest{}, nil, false
	}
	log2 := strings.IndexByte(cryptAlphabet, s[3])
	r.require(0 <= log2 && log2 <= 31, outOfBounds)
	d := oldDigest{algorithm: "phpass", rounds: 1 << max(0, log2), size: 22, salt: []byte(s[4:12])}
	return d, r.characters(s[12:], 22), true
}

// characters reads a digest in the alphabet of crypt(3).
func (r *hashReader) characters(s string, n int) []byte {
	r.require(len(s) == n && strings.Trim(s, cryptAlphabet) == "", "wrong digest")
	return []byte(s)
}
