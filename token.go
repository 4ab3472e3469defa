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

// Token is the secret of a ticket or of a link: anyone who holds the token of a
// ticket acts as the ticket's user, and anyone who holds the token of a link
// can redeem the link. A Token is 256 random bits. Printing, logging and
// encoding never show the secret, even in an unexported field of another
// struct; only Secret returns the text. The zero Token belongs to no ticket,
// and Identify turns the zero Token into the anonymous Identity.
//
// Two Tokens with the same Secret may be unequal under ==. A Token is safe for
// concurrent use.
type Token struct {
	// reveal is nil for the zero Token. Printers that walk through unexported
	// fields by reflection, as fmt does, never call Format. Such a printer
	// prints a pointer to a function as an address, and cannot read the
	// variables that the function captured.
	reveal *func() (secret string, sum store.TokenHash)
}

const (
	tokenBytes = 32
	tokenChars = 43 // of base64url without padding
)

// tokenEncoding refuses a last character with stray bits, so each token has
// exactly one text.
var tokenEncoding = base64.RawURLEncoding.Strict()

func newToken() Token {
	var b [tokenBytes]byte
	rand.Read(b[:]) // never fails: on a fault the program ends instead
	return tokenOf(tokenEncoding.EncodeToString(b[:]))
}

// tokenOf hashes the secret once, for every call of a request.
func tokenOf(secret string) Token {
	var text [tokenChars]byte // on the stack
	sum := store.TokenHash(sha256.Sum256(append(text[:0], secret...)))
	reveal := func() (string, store.TokenHash) { return secret, sum }
	return Token{&reveal}
}

// ParseToken returns the token whose Secret is s. The error is ErrInvalid for
// every other text. The empty string is the zero Token.
func ParseToken(s string) (Token, error) {
	if s == "" {
		return Token{}, nil
	}
	// The decoder skips line breaks, so the length of the result counts, too.
	if b, err := tokenEncoding.DecodeString(s); err != nil || len(b) != tokenBytes || len(s) != tokenChars {
		return Token{}, &Error{Kind: ErrInvalid, Record: "token", Reason: "not the text of a token"}
	}
	return tokenOf(s), nil
}

// Secret returns the token's text, 43 characters of base64url, for a cookie or
// an API client. The text is as good as a password: keep the text out of URLs,
// logs and pages.
func (t Token) Secret() string {
	if t.IsZero() {
		return ""
	}
	secret, _ := (*t.reveal)()
	return secret
}

// IsZero reports whether t is the zero Token.
func (t Token) IsZero() bool { return t.reveal == nil }

// hash returns the form in which the store keeps the token. No ticket has the
// hash of the zero Token.
func (t Token) hash() store.TokenHash {
	if t.IsZero() {
		return sha256.Sum256(nil)
	}
	_, sum := (*t.reveal)()
	return sum
}

// String returns "token (redacted)", or "no token" for the zero Token.
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

// MarshalText returns the text of String, so no encoder reveals the secret.
// ParseToken does not read that text.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
