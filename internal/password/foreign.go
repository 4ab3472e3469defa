package password

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math/bits"
	"strings"
)

// The names that Django gives to formats of others, before a $.
const (
	djangoArgon2       = "argon2"
	djangoBcrypt       = "bcrypt"
	djangoBcryptSHA256 = "bcrypt_sha256"
	djangoScrypt       = "scrypt"
)

// foreign reads the formats of Django, Werkzeug and ASP.NET Core Identity that
// are not PHC strings. ok is false if the hash has none of these formats.
func (r *hashReader) foreign(s string) (h storedHash, ok bool) {
	if strings.HasPrefix(s, "AQAAAA") { // the first byte is 1, the next three are 0
		return r.aspnet(s), true
	}
	id, rest := cutHashID(s)
	switch id {
	case "pbkdf2_sha1":
		return r.django(sha1.New, rest), true
	case "pbkdf2_sha256":
		return r.django(sha256.New, rest), true
	case djangoBcrypt:
		return r.bcryptOf(rest), true
	case djangoBcryptSHA256:
		return bcryptSHA256Hash{r.bcryptOf(rest)}, true
	case djangoScrypt:
		return r.djangoScrypt(rest), true
	case djangoArgon2:
		kind, params := cutHashID(rest)
		r.require(kind == "argon2id", "unknown format")
		return r.argon2id(params), true
	}
	method, params, _ := strings.Cut(id, ":")
	switch method {
	case "scrypt":
		return r.werkzeugScrypt(params, rest), true
	case "pbkdf2":
		return r.werkzeugPBKDF2(params, rest), true
	}
	return nil, false
}

// bcryptOf reads the bcrypt hash within a hash of Django.
func (r *hashReader) bcryptOf(s string) bcryptHash {
	id, rest := cutHashID(s)
	r.require(id == "$2a" || id == "$2b" || id == "$2y", "unknown format")
	if r.fault != "" {
		return ""
	}
	return r.bcrypt(s, rest)
}

// bcryptSHA256Hash is Django's bcrypt of the hexadecimal SHA-256 of a password,
// which reads the whole password.
type bcryptSHA256Hash struct{ bcryptHash }

func (h bcryptSHA256Hash) matches(password string) bool {
	digest := sha256.Sum256([]byte(password))
	return h.bcryptHash.matches(hex.EncodeToString(digest[:]))
}

// djangoScrypt reads N$salt$r$p$tag.
func (r *hashReader) djangoScrypt(s string) storedHash {
	f := r.fields(s, 5)
	h := scryptHash{r: r.number(f[2]), p: r.number(f[3]), salt: r.text(f[1])}
	h.ln = r.log2(f[0])
	h.tag = r.bytes(base64.StdEncoding, f[4], minTag, maxTag)
	r.boundScrypt(h)
	return h
}

// werkzeugScrypt reads the parameters N:r:p, and salt$tag.
func (r *hashReader) werkzeugScrypt(params, s string) storedHash {
	n := strings.Split(params, ":")
	if len(n) != 3 {
		r.require(false, "missing or unknown parameter")
		return nil
	}
	f := r.fields(s, 2)
	h := scryptHash{ln: r.log2(n[0]), r: r.number(n[1]), p: r.number(n[2]), salt: r.text(f[0])}
	h.tag = r.hex(f[1], minTag, maxTag)
	r.boundScrypt(h)
	return h
}

// werkzeugPBKDF2 reads the parameters digest:rounds, and salt$tag.
func (r *hashReader) werkzeugPBKDF2(params, s string) storedHash {
	name, rounds, _ := strings.Cut(params, ":")
	h := pbkdf2Hash{digest: digests[name], rounds: r.number(rounds)}
	if h.digest == nil {
		r.require(false, "unknown format")
		return nil
	}
	f := r.fields(s, 2)
	h.salt, h.tag = r.text(f[0]), r.hex(f[1], minTag, maxTag)
	r.boundPBKDF2(h)
	return h
}

// digests are the digests of PBKDF2, by the names that are usual.
var digests = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// aspnet reads version 3 of ASP.NET Core Identity, in base64: a byte 1; the
// digest, the rounds and the length of the salt as 32-bit numbers, the highest
// byte first; the salt; the tag.
func (r *hashReader) aspnet(s string) storedHash {
	const header = 13
	b := r.bytes(base64.StdEncoding, s, header+minSalt+minTag, header+maxSalt+maxTag)
	if r.fault != "" {
		return nil
	}
	prf, rounds, n := binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:]), binary.BigEndian.Uint32(b[9:])
	kinds := []func() hash.Hash{sha1.New, sha256.New, sha512.New}
	r.require(prf < 3, "unknown format")
	r.require(minSalt <= n && n <= maxSalt && minTag <= len(b)-header-int(n), saltOrTag)
	if r.fault != "" {
		return nil
	}
	h := pbkdf2Hash{digest: kinds[prf], rounds: rounds, salt: b[header : header+n], tag: b[header+n:]}
	r.require(len(h.tag) <= maxTag, saltOrTag)
	r.boundPBKDF2(h)
	return h
}

// text reads a salt that stands as it is.
func (r *hashReader) text(s string) []byte {
	r.require(minSalt <= len(s) && len(s) <= maxSalt, saltOrTag)
	return []byte(s)
}

// hex decodes hexadecimal digits of either case.
func (r *hashReader) hex(s string, least, most int) []byte {
	b, err := hex.DecodeString(s)
	r.require(err == nil, "not hexadecimal")
	r.require(least <= len(b) && len(b) <= most, saltOrTag)
	return b
}

// log2 reads a power of two.
func (r *hashReader) log2(s string) uint32 {
	n := r.number(s)
	r.require(bits.OnesCount32(n) == 1, outOfBounds)
	return uint32(bits.Len32(n)) - 1
}
