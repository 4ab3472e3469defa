package rbac

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

const (
	maxName = 256       // bytes of a name, scope, subject or e-mail
	maxText = 64 * 1024 // bytes of a note, title or description
)

// canonicalUser returns the form of a user name in which names are compared and
// stored: each part between single spaces in PRECIS UsernameCaseMapped (RFC 8265
// section 3.3, userparts). So Bob, bob and full-width ｂｏｂ are one name.
func canonicalUser(name string) (string, error) {
	if plainUser(name) {
		return name, nil
	}
	if reason := badString(name, 1); reason != "" {
		return "", &Error{Kind: ErrInvalid, Record: "user", Name: name, Field: "Name", Reason: reason}
	}
	canonical, ok := mapUser(name)
	if !ok || len(canonical) > maxName {
		return "", &Error{Kind: ErrInvalid, Record: "user", Name: name, Field: "Name",
			Reason: "not a user name (RFC 8265): letters, digits and ASCII punctuation, parts separated by single spaces"}
	}
	return canonical, nil
}

// plainUser recognises names that are canonical at a glance: lower case ASCII without spaces.
func plainUser(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return 0 < len(name) && len(name) <= maxName
}

// userPart is PRECIS UsernameCaseMapped but for its Bidi Rule, which package
// precis applies to every name. RFC 8265 section 3.3.2 requires the rule of names
// with right-to-left characters only, and it would refuse a Malayalam name that
// ends in a joiner.
var userPart = precis.NewIdentifier(precis.FoldWidth, precis.LowerCase(), precis.Norm(norm.NFC))

func validDirection(part string) bool {
	return bidirule.DirectionString(part) == bidi.LeftToRight || bidirule.ValidString(part)
}

// mapUser maps each part until it is stable: a PRECIS profile may need more than
// one pass (RFC 8264 section 7), and a name that changes each time it is stored would be two users.
func mapUser(name string) (string, bool) {
	parts := strings.Split(name, " ")
	for i, part := range parts {
		for pass := 0; ; pass++ {
			mapped, err := userPart.String(part)
			if err != nil || mapped == "" || pass == 3 || !validDirection(mapped) {
				return "", false
			}
			if mapped == part {
				break
			}
			part = mapped
		}
		parts[i] = part
	}
	return strings.Join(parts, " "), true
}

// validName checks the shape of the name of a group, permission or section:
// case-sensitive and exact, any script, no control characters, no white space at
// either end. Lookups stop here, so that a name that a store has from before
// hidden characters were refused still works.
func validName(record, field, name string) error {
	reason := badString(name, 1)
	if reason == "" && strings.TrimSpace(name) != name {
		reason = "leading or trailing space"
	}
	return invalid(record, name, field, reason)
}

// validKey checks the shape of a scope, subject or e-mail: opaque and exact, may be empty.
func validKey(record, name, field, value string) error {
	return invalid(record, name, field, badString(value, 0))
}

// validText checks text for people. NUL is refused because not every store can keep it.
func validText(record, name, field, text string) error {
	reason := ""
	switch {
	case len(text) > maxText:
		reason = "longer than 64 KiB"
	case !utf8.ValidString(text):
		reason = "not valid UTF-8"
	case strings.ContainsRune(text, 0):
		reason = "contains a NUL"
	}
	return invalid(record, name, field, reason)
}

// validTime checks a time, which may be zero. It ends where JSON does, which the change log is written in.
func validTime(record, name, field string, t time.Time) error {
	if year := t.UTC().Year(); t.IsZero() || 1970 <= year && year <= 9999 {
		return nil
	}
	return invalid(record, name, field, "not in the years 1970 to 9999")
}

func invalid(record, name, field, reason string) error {
	if reason == "" {
		return nil
	}
	return &Error{Kind: ErrInvalid, Record: record, Name: name, Field: field, Reason: reason}
}

func badString(s string, least int) string {
	switch {
	case len(s) < least:
		return "empty"
	case len(s) > maxName:
		return "longer than 256 bytes"
	case !utf8.ValidString(s):
		return "not valid UTF-8"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}

// printable makes a string from outside, such as a User-Agent, fit to be stored
// and shown: valid UTF-8, no control characters, no hidden characters, at most so
// many bytes.
func printable(s string, bytes int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = withoutHidden(s)
	for len(s) > bytes {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
