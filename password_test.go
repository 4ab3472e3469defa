package rbac

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestCheckPassword(t *testing.T) {
	blocked := func(string) error { return errors.New("on a list of known passwords") }
	quoting := func(p string) error { return errors.New("bad password: " + p) }
	tests := []struct {
		rule     string
		cfg      Config
		password string
		reason   string // empty: accepted
	}{
		{"15 characters by default", Config{}, "abcdefghijklmno", ""},
		{"14 are too few", Config{}, "abcdefghijklmn", "shorter than 15 characters"},
		{"none are too few, whatever is configured", Config{MinPassword: 1}, "", "shorter than 1 characters"},
		{"the minimum can be lowered", Config{MinPassword: 8}, "editpass", ""},
		{"and raised", Config{MinPassword: 16}, "abcdefghijklmno", "shorter than 16 characters"},
		{"code points are counted, not bytes", Config{MinPassword: 4}, "密码密", "shorter than 4 characters"},
		{"characters outside the BMP count once", Config{MinPassword: 4}, "🔑🔑🔑🔑", ""},
		{"code points are counted in NFC", Config{MinPassword: 4}, "e\u0301e\u0301e\u0301", "shorter than 4 characters"},
		{"spaces count and stay", Config{MinPassword: 4}, "    ", ""},
		{"1024 bytes are enough", Config{}, strings.Repeat("x", 1024), ""},
		{"1025 are too many", Config{}, strings.Repeat("x", 1025), "longer than 1024 bytes"},
		{"bytes are counted in NFC", Config{}, strings.Repeat("e\u0301", 512), ""},
		{"megabytes are not even normalised", Config{}, strings.Repeat("e\u0301", 1<<20), "longer than 1024 bytes"},
		{"UTF-8 only", Config{}, "abcdefghijklmno\xff", "not valid UTF-8"},
		{"the hook refuses with its reason", Config{RefusePassword: blocked}, "abcdefghijklmno", "on a list of known passwords"},
		{"the hook is not asked about what is refused anyway", Config{RefusePassword: blocked}, "tiny", "shorter than 15 characters"},
		{"an error without text refuses", Config{RefusePassword: func(string) error { return errors.New("") }}, "abcdefghijklmno", "refused"},
		{"a reason that quotes the password is not passed on", Config{RefusePassword: quoting}, "abcdefghijklmno", "refused"},
		{"nor one that quotes the password in an address", Config{RefusePassword: func(p string) error {
			return &url.Error{Op: "Get", URL: "https://h/?p=" + url.QueryEscape(p), Err: errors.New("timeout")}
		}}, "correct horse&battery", "refused"},
		{"a hook that panics refuses", Config{RefusePassword: func(p string) error { panic(p) }}, "abcdefghijklmno", "RefusePassword panicked"},
		{"the hook gets the password in NFC", Config{MinPassword: 1, RefusePassword: func(p string) error {
			if p != "\u00e9" {
				return errors.New("not in NFC")
			}
			return nil
		}}, "e\u0301", ""},
	}
	// CheckPassword refuses as RefusePassword does.
	for _, tt := range tests {
		if refuse := tt.cfg.RefusePassword; refuse != nil {
			tt.cfg.RefusePassword = nil
			tt.cfg.CheckPassword = func(_ context.Context, _ User, p string) error { return refuse(p) }
			tt.reason = strings.Replace(tt.reason, "RefusePassword panicked", "CheckPassword panicked", 1)
			tests = append(tests, tt)
		}
	}
	for _, tt := range tests {
		cfg, err := tt.cfg.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.checkPassword(t.Context(), User{}, tt.password)
		if tt.reason == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.rule, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Kind != ErrInvalid || e.Record != "password" || e.Reason != tt.reason {
			t.Errorf("%s: got %v, want reason %q", tt.rule, err, tt.reason)
		} else if tt.password != "" && strings.Contains(err.Error(), tt.password) {
			t.Errorf("%s: the error contains the password", tt.rule)
		}
	}
}

// A password that could not be checked is refused, and the caller may try again.
func TestCheckPasswordUnavailable(t *testing.T) {
	const p = "abcdefghijklmno"
	down := fmt.Errorf("%w: the list does not answer", ErrUnavailable)
	for _, tt := range []struct {
		rule  string
		check func() error
		want  string
	}{
		{"the hook is down", func() error { return down }, "rbac: store unavailable: the list does not answer"},
		{"and quotes the password", func() error { return fmt.Errorf("%w: %s", down, p) }, "rbac: store unavailable"},
	} {
		cfg := Config{MinPassword: 15, CheckPassword: func(context.Context, User, string) error { return tt.check() }}
		err := cfg.checkPassword(t.Context(), User{}, p)
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrInvalid) || err.Error() != tt.want {
			t.Errorf("%s: got %v", tt.rule, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := Config{MinPassword: 15, CheckPassword: func(ctx context.Context, _ User, _ string) error { cancel(); return ctx.Err() }}
	if err := cfg.checkPassword(ctx, User{}, p); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: got %v", err)
	}
}
