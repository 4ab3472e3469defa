package rbac

import (
	"crypto/rand"
	"crypto/sha256"
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
	*tokenText // behind a pointer: fmt prints a struct past its Format when the verb is a mistake
}

// tokenText is a secret, and the hash by which the store knows it, made once for all the calls of a request.
type tokenText struct {
	secret string
	sum    TokenHash
}

func tokenOf(secret string) Token {
	var text [tokenChars]byte // on the stack
	return Token{&tokenText{secret, sha256.Sum256(append(text[:0], secret...))}}
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
// API client. It is as good as a password: keep it out of URLs, logs and pages.
func (t Token) Secret() string {
	if t.tokenText == nil {
		return ""
	}
	return t.secret
}

// IsZero reports whether t is no token at all.
func (t Token) IsZero() bool { return t.tokenText == nil }

// hash is what the store knows of a token. That of the zero Token is of no ticket.
func (t Token) hash() TokenHash {
	if t.tokenText == nil {
		return sha256.Sum256(nil)
	}
	return t.sum
}

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
