// Package breached looks passwords up in a list of passwords from data breaches
// that the operator has downloaded, such as the list of Have I Been Pwned. No
// request leaves the machine. (ASVS 5.0 v6.2.12)
//
//	list, err := breached.Open("pwnedpasswords.txt")
//	if err != nil {
//		return err
//	}
//	defer list.Close()
//	auth, err := rbac.Open(ctx, store, rbac.Config{CheckPassword: list.Check})
//
// The list is in one of two forms:
//
//   - One file with a line for each password: the SHA-1 in 40 hexadecimal digits,
//     a colon, and a count. The lines are in the order of the hashes. The file of
//     Have I Been Pwned has some 40 GB; a look-up reads a few KB of it.
//   - A folder with 1,048,576 files, one for each five digits at the start of the
//     SHA-1: 00000.txt to FFFFF.txt, or the same without .txt. Each file has a
//     line for each password: the other 35 digits, a colon, and a count.
//
// Hexadecimal digits may be in upper or lower case. The file names of a folder
// all have the same case. Lines may end with CR LF. A count of 0 is padding:
// such a password is not on the list.
//
// A list that cannot be read refuses every password.
package breached

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/rbac-go/rbac"
)

// ErrBreached is the error of Check for a password that is on the list.
var ErrBreached = errors.New("known from a data breach")

// A List is an open list of passwords. A List is safe for concurrent use, Close
// included.
type List struct {
	source interface {
		// contains reports whether the list has a SHA-1, in 40 upper-case digits.
		contains(sum string) (bool, error)
		Close() error
	}
}

// Open opens a file or folder, and checks its form at a few places: the first
// and the last line of a file and a thousand lines between them, or the first
// and the last file of a folder. A fault elsewhere is found by a look-up that
// reads the faulty part, and the look-up then returns an error. The command
// "LC_ALL=C sort -c" reports whether the lines of a file are in order.
//
// The operator may replace the list by renaming a new list to its name. The
// List continues to use the old list: open the new list, and then close the
// List.
func Open(path string) (*List, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("breached: %w", err)
	}
	l := &List{}
	if info.IsDir() {
		l.source, err = openFolder(path)
	} else {
		l.source, err = openFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("breached: %s: %w", path, err)
	}
	return l, nil
}

// Close closes the list. Later look-ups fail, and so Check refuses all passwords.
func (l *List) Close() error { return l.source.Close() }

// Contains reports whether the list has a password. The password is looked up as
// it is: rbac passes passwords in NFC. After an error nothing is known about the
// password. The error has no part of the password or its hash.
func (l *List) Contains(password string) (bool, error) {
	sum := sha1.Sum([]byte(password))
	found, err := l.source.contains(strings.ToUpper(hex.EncodeToString(sum[:])))
	if err != nil {
		return false, fmt.Errorf("breached: %w", withoutPath(err))
	}
	return found, nil
}

// Check is for [rbac.Config.CheckPassword]. Check returns ErrBreached for a
// password that is on the list. If the list cannot be read, or if the context
// has ended, the error wraps rbac.ErrUnavailable: a password that cannot be
// looked up is refused.
func (l *List) Check(ctx context.Context, _ rbac.User, password string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", rbac.ErrUnavailable, err)
	}
	switch found, err := l.Contains(password); {
	case err != nil:
		return fmt.Errorf("%w: %w", rbac.ErrUnavailable, err)
	case found:
		return ErrBreached
	}
	return nil
}

// withoutPath removes the name of a file from an error: the name of a file in a
// folder is a part of the hash.
func withoutPath(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}

var errDamaged = errors.New("the list is damaged")

// parseLine reads a line with n hexadecimal digits, a colon and a count. The
// digits come back in upper case, and the count as whether it is positive.
func parseLine(line string, n int) (digits string, counts bool, err error) {
	digits, count, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
	switch {
	case ok && n == 2*sha1.Size && len(digits) == 32:
		return "", false, errors.New("a list of NTLM hashes: a list of SHA-1 is needed")
	case !ok || len(digits) != n || strings.Trim(digits, "0123456789abcdefABCDEF") != "":
		return "", false, fmt.Errorf("%w: a line is not of the form HASH:COUNT", errDamaged)
	case count == "" || len(count) > 15 || strings.Trim(count, "0123456789") != "":
		return "", false, fmt.Errorf("%w: a count is not a number", errDamaged)
	}
	return strings.ToUpper(digits), strings.Trim(count, "0") != "", nil
}
