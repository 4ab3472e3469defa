package rbac

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
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
	// vet finds both verbs, and fmt does not call Format for them
	for _, mistaken := range []string{"%p", "%w"} {
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

// hiding is a host's struct, whose unexported fields fmt reads without calling
// Format.
type hiding struct {
	token   Token
	pointer *Token
	list    []Token
	table   map[Token]Token
	array   [2]Token
	any     any
	within  struct{ token Token }
	login   Login
}

// A token prints redacted, or as an address, in unexported fields of foreign
// structs, too.
func TestTokenStaysSecretInUnexportedFields(t *testing.T) {
	tok := newToken()
	h := hiding{tok, &tok, []Token{tok}, map[Token]Token{tok: tok}, [2]Token{tok, tok}, tok, struct{ token Token }{tok}, Login{User: "bob", Replaces: tok}}
	hash := tok.hash()
	var out bytes.Buffer
	for _, v := range []any{h, &h, []hiding{h}, []*hiding{&h}, map[string]hiding{"h": h}, struct{ h *hiding }{&h}} {
		for _, verb := range "vsxXqdobctTpeEfgGUw" {
			for _, flags := range []string{"%", "%+", "%#", "%+#", "% ", "%099"} {
				fmt.Fprintf(&out, flags+string(verb)+"\n", v)
			}
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "h", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "h", v)
		_ = json.NewEncoder(&out).Encode(v)
		_ = gob.NewEncoder(&out).Encode(v)
		fmt.Fprintln(&out, errors.Join(fmt.Errorf("%v: %s", v, v)))
	}
	_ = gob.NewEncoder(&out).Encode(struct{ T Token }{tok})
	_ = xml.NewEncoder(&out).Encode(struct{ T Token }{tok})
	for _, secret := range []string{tok.Secret(), fmt.Sprintf("%x", tok.Secret()), fmt.Sprintf("%X", tok.Secret()), fmt.Sprintf("% x", tok.Secret()),
		fmt.Sprint([]byte(tok.Secret())), fmt.Sprintf("%x", hash), fmt.Sprint([32]byte(hash)), fmt.Sprintf("%v", []byte(hash[:]))} {
		if secret = strings.Trim(secret, "[]"); strings.Contains(out.String(), secret[:len(secret)/2]) {
			t.Errorf("the secret, or its hash, was printed as %q", secret)
		}
	}
	if out.Len() < 10_000 {
		t.Errorf("only %d bytes were printed", out.Len())
	}
}

// Text that parses is the text of its token, and the token never prints its
// secret.
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
