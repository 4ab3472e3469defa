// Package names has the rules for user names, the names of records, e-mail
// addresses and patterns: valid forms, canonical forms, and look-alikes.
//
// The package knows no records and makes no errors. A function whose name
// begins with Check returns the reason why a text is refused, in words that fit
// after the name of a field, and "" for a text that is accepted.
package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	MaxName = 256       // bytes of a name, scope, subject or e-mail address
	MaxText = 64 * 1024 // bytes of a note, title or description
)

// CheckName checks the shape of the name of a group, permission or section.
// Such names are case-sensitive and may use any script, but have no control
// characters and no white space at either end. Lookups apply this check alone:
// a stored name that has hidden characters keeps working.
func CheckName(name string) (reason string) {
	if reason := CheckKey(name); reason != "" {
		return reason
	}
	if strings.TrimSpace(name) != name {
		return "leading or trailing space"
	}
	return ""
}

// CheckKey checks the shape of a key that may not be empty, such as a scope
// that is asked about. Keys are opaque and compared byte by byte.
func CheckKey(key string) (reason string) {
	if key == "" {
		return "empty"
	}
	return CheckOptionalKey(key)
}

// CheckOptionalKey is CheckKey for a key that may be empty, such as an e-mail
// address, a subject or the scope of a membership.
func CheckOptionalKey(key string) (reason string) {
	switch {
	case len(key) > MaxName:
		return "longer than 256 bytes"
	case !utf8.ValidString(key):
		return "not valid UTF-8"
	case strings.ContainsFunc(key, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}

// CheckText checks a text for people, which may be empty. NUL is refused
// because some databases cannot store it.
func CheckText(text string) (reason string) {
	switch {
	case len(text) > MaxText:
		return "longer than 64 KiB"
	case !utf8.ValidString(text):
		return "not valid UTF-8"
	case strings.ContainsRune(text, 0):
		return "contains a NUL"
	}
	return ""
}

// Printable makes a text from outside, such as a User-Agent header, fit to be
// stored and shown: the result is valid UTF-8 without control characters and
// hidden characters, cut to at most the given number of bytes. The result is a
// copy: a list or an event keeps no longer text in memory, such as the URL that
// the text was cut from.
func Printable(s string, bytes int) string {
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
	return strings.Clone(s)
}
