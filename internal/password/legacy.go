package password

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// legacyPrefix marks the hashes that only Hasher.Legacy can verify.
	legacyPrefix  = "$legacy$"
	maxLegacyText = 1024 // bytes after the prefix
)

// A legacyHash is a hash that Hasher.Legacy verifies: what stands after the
// prefix.
type legacyHash string

func (h *Hasher) parseLegacy(text string) (storedHash, error) {
	switch {
	case h.Legacy == nil:
		return nil, errors.New("there is no function for hashes that begin with " + legacyPrefix)
	case text == "" || len(text) > maxLegacyText:
		return nil, errors.New("too short or too long")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return nil, errors.New("not printable")
	}
	return legacyHash(text), nil
}

// memoryKiB is 0: what Legacy needs is not known.
func (l legacyHash) memoryKiB() uint32 { return 0 }

// matches is never called: matchesLegacy takes a context.
func (l legacyHash) matches(string) bool { return false }

// matchesLegacy asks Legacy. An error or a panic means that the password is
// wrong; both are dropped, since they may quote the hash or the password.
func (h *Hasher) matchesLegacy(ctx context.Context, l legacyHash, password string) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	ok, err := h.Legacy(ctx, string(l), password)
	return ok && err == nil
}
