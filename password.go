package rbac

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	defaultMinPassword = 15   // code points; NIST SP 800-63B-4 §3.1.1.2 for single-factor use
	maxPassword        = 1024 // bytes in NFC

	// maxRawPassword is where a password is refused without being normalised.
	// NFC makes a text at most three times shorter, so nothing that fits is lost.
	maxRawPassword = 4 * maxPassword
)

// checkPassword is the policy for a password that is being set. A login never asks it:
// a rule made stricter locks nobody out. Its errors never contain the password.
func (c *Config) checkPassword(p string) error {
	least := c.MinPassword
	if least <= 0 {
		least = defaultMinPassword
	}
	if !utf8.ValidString(p) {
		return refusePassword("not valid UTF-8")
	}
	normal, fits := fitPassword(p)
	switch {
	case !fits && p != "":
		return refusePassword(fmt.Sprintf("longer than %d bytes", maxPassword))
	case utf8.RuneCountInString(normal) < least:
		return refusePassword(fmt.Sprintf("shorter than %d characters", least))
	}
	if reason := c.refusal(normal); reason != "" {
		return refusePassword(withoutPassword(reason, p, normal))
	}
	return nil
}

// fitPassword returns a password in NFC, and whether it can be anybody's: the empty
// one never is, whatever hash an import may have brought.
func fitPassword(p string) (normal string, fits bool) {
	if len(p) > maxRawPassword {
		return "", false
	}
	normal = normalizePassword(p)
	return normal, normal != "" && len(normal) <= maxPassword
}

// normalizePassword makes one password of the different byte sequences that keyboards
// and systems send for the same characters. Nothing is trimmed or folded.
func normalizePassword(p string) string { return norm.NFC.String(p) }

// refusal asks the host's hook; a panic refuses, too. The value of the panic is
// not told, since it may hold the password.
func (c *Config) refusal(password string) (reason string) {
	if c.RefusePassword == nil {
		return ""
	}
	defer func() {
		if recover() != nil {
			reason = "RefusePassword panicked"
		}
	}()
	err := c.RefusePassword(password)
	if err == nil {
		return ""
	}
	if text := err.Error(); text != "" {
		return text
	}
	return "refused"
}

// withoutPassword replaces a reason that quotes the password: errors end up in logs.
func withoutPassword(reason string, secrets ...string) string {
	for _, s := range secrets {
		if strings.Contains(reason, s) {
			return "refused"
		}
	}
	return reason
}

func refusePassword(reason string) error {
	return &Error{Kind: ErrInvalid, Record: "password", Reason: reason}
}
