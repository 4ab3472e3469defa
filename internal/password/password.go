// Package password hashes passwords, and verifies passwords against hashes from
// this package or from other software.
//
// A [Hasher] makes hashes at one current cost. Hashing takes time and memory,
// so a caller first waits for a [Turn], in a queue that is shared fairly among
// the networks of the clients:
//
//	turn, err := hasher.Wait(ctx, throttle.Prefixes(addr), false)
//	if err != nil {
//		return err // ErrBusy, or the error of ctx
//	}
//	defer turn.End()
//	result := turn.Verify(user.PasswordHash, typed)
//
// Never wait for a turn, and never hash, inside a transaction of a store: other
// logins would wait for the transaction meanwhile.
package password

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxPassword = 1024 // bytes in NFC

	// maxRawPassword is the greatest length of a password that is normalized at
	// all. NFC makes a text at most three times shorter, so no password that
	// fits is refused.
	maxRawPassword = 4 * maxPassword
)

// Check checks a new password: valid UTF-8, at least least Unicode code points
// in NFC, and at most 1,024 bytes in NFC. Check returns the password in NFC.
// The error states the rule, and never quotes the password.
//
// Check is for passwords that are being set. A login does not call Check, so a
// stricter rule locks nobody out.
func Check(password string, least int) (normal string, err error) {
	if !utf8.ValidString(password) {
		return "", errors.New("not valid UTF-8")
	}
	normal, fits := normalize(password)
	switch {
	case !fits && password != "":
		return "", fmt.Errorf("longer than %d bytes", maxPassword)
	case utf8.RuneCountInString(normal) < least:
		return "", fmt.Errorf("shorter than %d characters", least)
	}
	return normal, nil
}

// normalize returns a password in NFC. Keyboards and systems send different
// bytes for the same character; in NFC the bytes are equal. Nothing is trimmed
// or folded.
//
// normalize also reports whether the password can belong to anybody. The empty
// password never does, whatever hash an import has stored, and neither does a
// password of more than 1,024 bytes in NFC.
func normalize(password string) (normal string, fits bool) {
	if len(password) > maxRawPassword {
		return "", false
	}
	normal = norm.NFC.String(password)
	return normal, normal != "" && len(normal) <= maxPassword
}
