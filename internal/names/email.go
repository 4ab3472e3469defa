package names

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// EmailKey returns the form in which e-mail addresses are compared. Two
// addresses have the same key only if they are the same mailbox. The local
// part, before the last @, is compared in NFC and without regard to the case of
// A to Z: some servers distinguish Bob@ from bob@, but no program should rely
// on that. The letters ß and ss, or σ and ς, make different mailboxes.
//
// Domains are compared as the DNS compares them, by their IDNA2008 A-labels. A
// domain that is no host name, such as [192.0.2.1] or a name with an
// underscore, is compared in NFC and without regard to the case of A to Z.
func EmailKey(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return lowerASCII(norm.NFC.String(address))
	}
	return lowerASCII(norm.NFC.String(address[:at])) + "@" + domainKey(address[at+1:])
}

func domainKey(domain string) string {
	// Tables older than Unicode 16 map the capital ẞ to ss, which is another
	// domain.
	key, err := domains.ToASCII(strings.ReplaceAll(domain, "ẞ", "ß"))
	if err != nil {
		return lowerASCII(norm.NFC.String(domain))
	}
	return key
}

// domains maps domains as for a lookup, so that capitals and full-width letters
// are accepted. The profile for registration would refuse them. The hyphen
// rules of registries are not applied, because labels such as r3---sn are in
// use.
var domains = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.CheckHyphens(false),
	idna.VerifyDNSLength(true))

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// FoldedEmailKey returns the key of earlier versions: the whole address in NFC
// and case folded. boss@faß.example and boss@fass.example have the same folded
// key.
func FoldedEmailKey(address string) string {
	// Lower case comes first, because cases.Fold maps the two cases of Cherokee
	// to each other.
	lower := cases.Lower(language.Und).String(norm.NFC.String(address))
	return norm.NFC.String(cases.Fold().String(lower))
}
