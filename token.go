package rbac

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"

	"github.com/rbac-go/rbac/store"
)

// Token is the secret of a ticket: anyone who holds the token acts as its user.
// A Token is 256 random bits and prints redacted everywhere, also as an unexported
// field of another struct; Secret is the only way to its text. The zero Token is no
// token, and Identify turns it into the anonymous Identity.
//
// Two Tokens with the same Secret may be unequal under ==.
type Token struct {
	// reveal is nil for the zero Token. Printers that walk through unexported
	// fields by reflection, as fmt does, never see Format; they print a pointer
	// to a function as an address, and cannot read what the function captured.
	reveal *func() (secret string, sum store.TokenHash)
}

// tokenOf hashes a secret once for all calls of a request.
func tokenOf(secret string) Token {
	var text [tokenChars]byte // on the stack
	sum := store.TokenHash(sha256.Sum256(append(text[:0], secret...)))
	reveal := func() (string, store.TokenHash) { return secret, sum }
	return Token{&reveal}
}

const tokenBytes = 32

func newToken() Token {
	var b [tokenBytes]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return tokenOf(base64.RawURLEncoding.EncodeToString(b[:]))
}

// ParseToken reads what Secret gave: ErrInvalid for anything else. The empty string is the zero Token.
func ParseToken(s string) (Token, error) {
	if s == "" {
		return Token{}, nil
	}
	if !isTokenText(s) {
		return Token{}, &Error{Kind: ErrInvalid, Record: "token", Reason: "not the text of a token"}
	}
	return tokenOf(s), nil
}

const tokenChars = (tokenBytes*8 + 5) / 6 // without padding

// isTokenText reports whether s is the text of some token. The last character must have no bits that count for nothing: a
// token has one text.
func isTokenText(s string) bool {
	if len(s) != tokenChars {
		return false
	}
	for i := range len(s) {
		if sextets[s[i]] == 0 {
			return false
		}
	}
	return (sextets[s[tokenChars-1]]-1)%(1<<(tokenChars*6-tokenBytes*8)) == 0
}

// sextets are the numbers of the characters of base64url, plus 1.
var sextets = func() (numbers [256]byte) {
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
		numbers[c] = byte(i + 1)
	}
	return numbers
}()

// Secret returns the token's text, 43 characters of base64url, for a cookie or an
// API client. The text is as good as a password: keep it out of URLs, logs and pages.
func (t Token) Secret() string {
	if t.IsZero() {
		return ""
	}
	secret, _ := (*t.reveal)()
	return secret
}

// IsZero reports whether t is no token at all.
func (t Token) IsZero() bool { return t.reveal == nil }

// hash is what the store knows of a token. The hash of the zero Token is that of
// no ticket.
func (t Token) hash() store.TokenHash {
	if t.IsZero() {
		return sha256.Sum256(nil)
	}
	_, sum := (*t.reveal)()
	return sum
}

// String says only whether there is a token.
func (t Token) String() string {
	if t.IsZero() {
		return "no token"
	}
	return "token (redacted)"
}

// GoString is String.
func (t Token) GoString() string { return t.String() }

// Format prints as String does, whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue logs as String does.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText writes what String returns, so that no encoder gives the secret
// away. ParseToken does not read it.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
