package rbac

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestTokenIsRandomAndParses(t *testing.T) {
	a, b := newToken(), newToken()
	if a == b || a.IsZero() {
		t.Error("two tokens are equal, or zero")
	}
	if parsed, err := ParseToken(a.Secret()); parsed.Secret() != a.Secret() || err != nil {
		t.Errorf("ParseToken(Secret()) = %v, %v; want the token", parsed, err)
	}
	if zero, err := ParseToken(""); !zero.IsZero() || err != nil {
		t.Errorf(`ParseToken("") = %v, %v; want the zero token`, zero, err)
	}
	s := a.Secret()
	for _, bad := range []string{"x", s + "=", s[1:], s + "A", s[:42] + "\n", s[:42] + "*", "\n" + s, s[:20] + "\r\n" + s[20:]} {
		if tok, err := ParseToken(bad); !errors.Is(err, ErrInvalid) || !tok.IsZero() {
			t.Errorf("ParseToken(%q) = %v, %v; want ErrInvalid", bad, tok, err)
		}
	}
}

// A secret is in no text that printing, logging or encoding makes.
func TestSecretsPrintRedacted(t *testing.T) {
	tok := newToken()
	l := Login{User: "bob", Password: "hunter2 hunter2", Replaces: tok}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", tok, "login", l, "ptr", &l)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", tok, "login", l, "in", []Login{l})
	js, err := json.Marshal(map[string]any{"t": tok, "l": l, "p": &l, "in": struct{ T *Token }{&tok}})
	if err != nil {
		t.Fatal(err)
	}
	out := log.String() + string(js)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %[1]v"} {
		out += fmt.Sprintf(verb, tok) + fmt.Sprintf(verb, l) + fmt.Sprintf(verb, &l) + fmt.Sprintf(verb, []any{l, tok, &tok})
	}
	for _, mistaken := range []string{"%p", "%w"} { // which vet finds, and for which fmt does not ask Format
		out += fmt.Sprintf(mistaken, tok) + fmt.Sprintf(mistaken, []any{tok, &tok})
	}
	for _, secret := range []string{tok.Secret(), "hunter2", fmt.Sprintf("%x", tok.Secret())[:20], fmt.Sprintf("%x", "hunter2")} {
		if strings.Contains(out, secret) {
			t.Errorf("%q was printed:\n%s", secret, out)
		}
	}
	if !strings.Contains(out, "bob") || !strings.Contains(out, "redacted") {
		t.Errorf("a login does not show its user, or a token not that it is one:\n%s", out)
	}
}

// FuzzToken: what parses is a token whose text is what was parsed, and it never prints.
func FuzzToken(f *testing.F) {
	f.Add(newToken().Secret())
	f.Add("")
	f.Add(strings.Repeat("A", 43))
	for _, last := range "ABCDEfgw089-_=" {
		f.Add(strings.Repeat("z", 42) + string(last))
	}
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := ParseToken(s)
		if b, strict := base64.RawURLEncoding.Strict().DecodeString(s); (err == nil) != (s == "" || strict == nil && len(b) == tokenBytes && len(s) == 43) {
			t.Fatalf("ParseToken(%q): %v; as base64url it is %x, %v", s, err, b, strict)
		}
		if err != nil {
			if !tok.IsZero() {
				t.Fatalf("ParseToken(%q) gave a token and %v", s, err)
			}
			return
		}
		if tok.Secret() != s || s != "" && strings.Contains(fmt.Sprint(tok), s) {
			t.Fatalf("ParseToken(%q) = %q, printed as %v", s, tok.Secret(), tok)
		}
	})
}
