package rbac

import (
	"errors"
	"strings"

	"github.com/rbac-go/rbac/store"
	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// emailKey returns the form in which e-mail addresses are compared: the same for
// two addresses only if they are the same mailbox. What stands before the last @
// is compared in NFC and without regard to the case of A to Z: some servers
// distinguish Bob@ from bob@, and none should be relied on to. ß and ss, or σ and
// ς, are different mailboxes.
//
// The domain is compared as the DNS does, by its IDNA2008 A-labels. One that is no
// host name, such as [192.0.2.1] or one with an underscore, is compared in NFC and
// without regard to the case of A to Z.
func emailKey(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return lowerASCII(norm.NFC.String(address))
	}
	return lowerASCII(norm.NFC.String(address[:at])) + "@" + domainKey(address[at+1:])
}

func domainKey(domain string) string {
	// Tables older than Unicode 16 map the capital ẞ to ss, which is another domain.
	key, err := domains.ToASCII(strings.ReplaceAll(domain, "ẞ", "ß"))
	if err != nil {
		return lowerASCII(norm.NFC.String(domain))
	}
	return key
}

// domains maps as for a lookup, so that capitals and full-width letters are found.
// Registration would refuse them. What hyphens a registry permits is not asked:
// labels such as r3---sn are in use.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.CheckHyphens(false), idna.VerifyDNSLength(true))

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// foldedEmailKey is the key of earlier versions: NFC and case folded, the whole
// address. It is the same for boss@faß.example and boss@fass.example.
// Lowering comes first because cases.Fold maps the two cases of Cherokee to each other.
func foldedEmailKey(address string) string {
	return norm.NFC.String(cases.Fold().String(cases.Lower(language.Und).String(norm.NFC.String(address))))
}

// userWithEmail finds the user whose address is the same mailbox. The key of a
// record is no proof: a store that has not been brought up to date, or that a
// program of an earlier version writes to, has folded keys. So a record counts by
// its address, and is looked for under both keys.
func userWithEmail(r store.UserRecords, address string) (store.UserRecord, error) {
	key := emailKey(address)
	u, err := r.UserByEmail(key)
	if folded := foldedEmailKey(address); folded != key && (errors.Is(err, ErrNotFound) || err == nil && emailKey(u.Email) != key) {
		u, err = r.UserByEmail(folded)
	}
	if err == nil && emailKey(u.Email) != key {
		return store.UserRecord{}, ErrNotFound
	}
	return u, err
}
