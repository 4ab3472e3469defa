package password

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// An oldDigest is what other software computes from a password, without the
// result.
type oldDigest struct {
	algorithm string // a key of the map algorithms
	rounds    uint32 // 1 if the algorithm has no rounds
	size      uint32 // bytes of the digest
	salt      []byte
}

// An algorithm computes the digest of a password as other software does.
type algorithm struct {
	size                    uint32 // bytes of the digest; 0: 16 to 64
	leastRounds, mostRounds uint32
	compute                 func(password string, d oldDigest) []byte
}

// Bounds of crypt(3) and phpass, to about a second of one core: 700,000 rounds of
// sha512_crypt with a password of 20 bytes take 0.7 s. Each round reads the whole
// password, so the bytes of all rounds are bounded, too.
const (
	maxCryptRounds  = 700_000
	maxPHPassRounds = 1 << 20
	maxOldBytes     = 180_000_000
)

// beyondWork reports whether so many rounds of so many bytes are too much.
func beyondWork(rounds uint32, size int) bool { return uint64(rounds)*uint64(size) > maxOldBytes }

// algorithms are the algorithms by their names in a wrappedHash. A prefix is a
// salt before the password, a suffix is a salt after the password.
var algorithms = map[string]algorithm{
	"md5-prefix":    {md5.Size, 1, 1, prefixed(md5.New)},
	"sha1-prefix":   {sha1.Size, 1, 1, prefixed(sha1.New)},
	"sha1-suffix":   {sha1.Size, 1, 1, suffixed(sha1.New)},
	"sha256-suffix": {sha256.Size, 1, 1, suffixed(sha256.New)},

	"hmac-md5":    {md5.Size, 1, 1, keyed(md5.New)},
	"hmac-sha1":   {sha1.Size, 1, 1, keyed(sha1.New)},
	"hmac-sha256": {sha256.Size, 1, 1, keyed(sha256.New)},
	"hmac-sha512": {sha512.Size, 1, 1, keyed(sha512.New)},

	"pbkdf2-sha1":   {0, 1, weakRounds - 1, stretched(sha1.New)},
	"pbkdf2-sha256": {0, 1, weakRounds - 1, stretched(sha256.New)},
	"pbkdf2-sha512": {0, 1, weakRounds - 1, stretched(sha512.New)},

	// The digests of these are characters.
	"sha256-crypt": {43, 1000, maxCryptRounds, crypted(sha256.New)},
	"sha512-crypt": {86, 1000, maxCryptRounds, crypted(sha512.New)},
	"phpass":       {22, 1 << 7, maxPHPassRounds, phpass},
}

// boundDigest checks the parameters of a digest before anything is computed.
func (r *hashReader) boundDigest(d oldDigest) {
	a, ok := algorithms[d.algorithm]
	r.require(ok, "unknown algorithm")
	r.require(d.size == a.size || a.size == 0 && minTag <= d.size && d.size <= maxTag, outOfBounds)
	r.require(a.leastRounds <= d.rounds, outOfBounds)
	r.require(d.rounds <= a.mostRounds, tooExpensive)
	r.require(len(d.salt) <= maxSalt, saltOrTag)
}

// compute returns the digest of a password, or nil if the algorithm does not
// read the password.
func (d oldDigest) compute(password string) []byte {
	return algorithms[d.algorithm].compute(password, d)
}

func prefixed(digest func() hash.Hash) func(string, oldDigest) []byte {
	return func(password string, d oldDigest) []byte {
		h := digest()
		h.Write(append(d.salt[:len(d.salt):len(d.salt)], password...))
		return h.Sum(nil)
	}
}

func suffixed(digest func() hash.Hash) func(string, oldDigest) []byte {
	return func(password string, d oldDigest) []byte {
		h := digest()
		h.Write(append([]byte(password), d.salt...))
		return h.Sum(nil)
	}
}

// keyed is HMAC with the salt as the key.
func keyed(digest func() hash.Hash) func(string, oldDigest) []byte {
	return func(password string, d oldDigest) []byte {
		h := hmac.New(digest, d.salt)
		h.Write([]byte(password))
		return h.Sum(nil)
	}
}

func stretched(digest func() hash.Hash) func(string, oldDigest) []byte {
	return func(password string, d oldDigest) []byte {
		key, err := pbkdf2.Key(digest, password, d.salt, int(d.rounds), int(d.size))
		if err != nil {
			return nil
		}
		return key
	}
}

func crypted(digest func() hash.Hash) func(string, oldDigest) []byte {
	return func(password string, d oldDigest) []byte {
		return shaCrypt(digest, []byte(password), d.salt, d.rounds)
	}
}

// phpass computes the portable hash of phpass, as characters: MD5 of the salt
// and the password, then as many rounds of MD5 of the digest and the password.
// The result is nil for too much work.
func phpass(password string, d oldDigest) (text []byte) {
	if beyondWork(d.rounds, len(password)+64) {
		return nil
	}
	digest := md5.Sum(append(d.salt[:len(d.salt):len(d.salt)], password...))
	b := append(digest[:], password...)
	for range d.rounds {
		digest = md5.Sum(b)
		copy(b, digest[:])
	}
	for i := 0; i < 15; i += 3 {
		text = appendCrypt(text, digest[i], digest[i+1], digest[i+2], 4)
	}
	return appendCrypt(text, digest[15], 0, 0, 2)
}

// old returns a PBKDF2 hash as a digest to wrap.
func (h pbkdf2Hash) old() (oldDigest, []byte) {
	name := "pbkdf2-sha1"
	switch h.digest().Size() {
	case sha256.Size:
		name = "pbkdf2-sha256"
	case sha512.Size:
		name = "pbkdf2-sha512"
	}
	return oldDigest{algorithm: name, rounds: h.rounds, size: uint32(len(h.tag)), salt: h.salt}, h.tag
}
