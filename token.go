package rbac

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// Token is the secret of a ticket: who has it is the user. It is 256 random bits
// and prints redacted everywhere; Secret is the one way to its text. The zero Token is
// none, and Identify makes it the anonymous Identity.
//
// Two Tokens with the same Secret may be unequal under ==.
type Token struct {
	secret *string // behind a pointer: fmt prints a struct past its Format when the verb is a mistake
}

const tokenBytes = 32

func newToken() Token {
	var b [tokenBytes]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	secret := base64.RawURLEncoding.EncodeToString(b[:])
	return Token{&secret}
}

// ParseToken reads what Secret gave: ErrInvalid for anything else. The empty string is the zero Token.
func ParseToken(s string) (Token, error) {
	if s == "" {
		return Token{}, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tokenBytes || len(s) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return Token{}, &Error{Kind: ErrInvalid, Record: "token", Reason: "not the text of a token"}
	}
	return Token{&s}, nil
}

// Secret returns the token's text, 43 characters of base64url, for a cookie or an
// API client. It is as good as a password: keep it out of URLs, logs and pages.
func (t Token) Secret() string {
	if t.secret == nil {
		return ""
	}
	return *t.secret
}

// IsZero reports whether t is no token at all.
func (t Token) IsZero() bool { return t.secret == nil }

// String tells only whether there is a token.
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

// MarshalText writes as String does, so that no encoder gives the secret away. ParseToken does not read it.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
