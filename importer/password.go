package importer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/password"
)

// siteScheme is the scheme of SHA-256 with a salt that the column does not have.
const siteScheme = "turbogears-site"

// credential is the result for a user's column of passwords.
type credential struct {
	scheme, stored string // to be wrapped; no scheme: the hash to store
	reason         string // why the password is not taken; empty: the password is taken
}

// A passwordReader decides how passwords are taken, without hashing any.
type passwordReader struct {
	hasher *password.Hasher
	turn   *password.Turn
}

// newPasswordReader returns a reader. The reader tries the schemes at the least
// cost of argon2id, and keeps no result.
func newPasswordReader(ctx context.Context) (*passwordReader, error) {
	hasher, fault := password.New(password.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1})
	if hasher == nil {
		return nil, errors.New(fault)
	}
	turn, err := hasher.Wait(ctx, [3]netip.Prefix{}, true)
	return &passwordReader{hasher, turn}, err
}

func (r *passwordReader) close() { r.turn.End() }

// read decides about the stored text of a column.
func (r *passwordReader) read(p *Plan, stored string, o Options) credential {
	if trimmed := strings.TrimSpace(stored); trimmed == "" || locked.MatchString(trimmed) {
		return credential{reason: "has no password"}
	}
	var fault error
	for _, scheme := range p.schemes {
		text := stored
		if scheme == siteScheme {
			text = p.siteSalt + "$" + stored
		}
		result, err := r.turn.Wrap(scheme, text)
		switch {
		case err != nil:
			fault = errors.Join(err, fault) // the first scheme is that of the source
		case result == text || !o.Wrap && r.hasher.CheckHash(stored) == nil:
			return credential{stored: stored}
		case !o.Wrap:
			return credential{reason: "its hash is too quick to guess to keep as it is, and wrapping was not asked for"}
		default:
			return credential{scheme: scheme, stored: text}
		}
	}
	switch {
	case p.kind == "turbogears" && p.siteSalt == "" && siteDigest.MatchString(strings.TrimSpace(stored)):
		return credential{reason: "looks like SHA-256 with the salt of the site: set RBAC_SITE_SALT, or TurboGears.SiteSalt, to the salt in the code of the site"}
	case looksHashed(stored):
		return credential{reason: "looks like a hash of a kind that rbac does not read"}
	case !o.Plaintext:
		return credential{reason: "looks like a plain-text password, and these were not asked for"}
	}
	return plain(stored)
}

// hashed matches texts that may be hashes, wherever in the text the digest is.
var hashed = regexp.MustCompile(strings.Join([]string{
	`^(\$|\{|\*[0-9A-F]{40}$|[\w:.+-]+\$.*\$)`,                                     // modular crypt, LDAP, MySQL, Django and Werkzeug
	`(?i:^(md[245]|sha-?\d[\w/-]*|(b|s)?crypt|argon2\w*|pbkdf2[\w-]*|ntlm)[^\w ])`, // the name of a hash function
	`[0-9A-Fa-f]{16}`,                        // a digest or a salt in hexadecimal
	`[\w+/.-]{22}`,                           // and in base64: of 16 bytes or more
	`^[\w+/]+={1,2}$`,                        // base64 with padding
	`(^|[:|$])[\w./]{12}[.26AEIMQUYcgkosw]$`, // crypt(3) with DES, whose last character has four bits
	`^_[\w./]{19}$`,                          // crypt(3) of BSD
	`^\([\w+/]{20}\)$`,                       // Lotus Domino
}, "|"))

var (
	// separators stand between the groups of a digest, as in 5f:4d:cc.
	separators = regexp.MustCompile(`[\s:._-]+`)
	hexDigits  = regexp.MustCompile(`^[0-9A-Fa-f]{16,}$`)
)

// siteDigest matches the digest of siteScheme.
var siteDigest = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)

// looksHashed reports whether a text that rbac does not read may be a hash. If
// a hash were taken for a password, anybody who has seen the table could sign
// in, so a long password that could be a hash is refused. A hash in a form that
// is not listed here is not recognised.
func looksHashed(stored string) bool {
	return hashed.MatchString(strings.TrimSpace(stored)) || hexDigits.MatchString(separators.ReplaceAllString(stored, ""))
}

// locked matches texts by which systems mark accounts without a password.
var locked = regexp.MustCompile(`(?s)^(!.*|x|\*+|\*[A-Z]+\*?)$`)

// plain returns the credential of a plain-text password: a salted digest, which
// is wrapped like any quick hash. The rules for new passwords do not apply, so
// the user can sign in with the old password.
func plain(text string) credential {
	salt := rand.Text()
	digest := sha256.Sum256([]byte(text + salt))
	return credential{scheme: siteScheme, stored: salt + "$" + hex.EncodeToString(digest[:])}
}

// hash wraps the stored text. If the queue of hashes is full, hash waits.
func (c credential) hash(ctx context.Context, a *rbac.Authority) (string, error) {
	for {
		hash, err := a.WrapPasswordHash(ctx, c.scheme, c.stored)
		if !errors.Is(err, rbac.ErrBusy) {
			return hash, err
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(err, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
