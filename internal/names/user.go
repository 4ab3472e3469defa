package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// CanonicalUser returns the form in which user names are compared and stored,
// or the reason why a name cannot be a user's. The form is PRECIS
// UsernameCaseMapped (RFC 8265 section 3.3), applied to each of the parts
// (userparts), which are separated by single spaces. Bob, bob and full-width
// ｂｏｂ are the same name.
func CanonicalUser(name string) (canonical, reason string) {
	if isPlainUser(name) {
		return name, ""
	}
	if reason := CheckKey(name); reason != "" {
		return "", reason
	}
	canonical, ok := mapUser(name)
	if !ok || len(canonical) > MaxName {
		return "", "not a user name (RFC 8265): letters, digits and ASCII punctuation, parts separated by single spaces"
	}
	return canonical, ""
}

// TrimUser drops the spaces around a user name as typed or pasted: no user name
// begins or ends with a space. TrimUser also drops the zero-width space and the
// byte order mark. Unicode does not count them as spaces, and no name contains
// them.
func TrimUser(name string) string {
	return strings.TrimFunc(name, func(c rune) bool {
		return unicode.IsSpace(c) || c == '\u200B' || c == '\uFEFF'
	})
}

// isPlainUser reports whether a name is lower case ASCII without spaces. Such a
// name is canonical.
func isPlainUser(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return 0 < len(name) && len(name) <= MaxName
}

// userPart is PRECIS UsernameCaseMapped without the Bidi Rule. Package precis
// applies the Bidi Rule to every name, but RFC 8265 section 3.3.2 requires the
// rule for names with right-to-left characters only. Applied to every name, the
// rule would refuse a Malayalam name that ends in a joiner.
var userPart = precis.NewIdentifier(precis.FoldWidth, precis.LowerCase(), precis.Norm(norm.NFC))

// mapUser maps each part until the part is stable. A PRECIS profile may need
// more than one pass (RFC 8264 section 7), and a name that changed each time it
// is stored would be two users.
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

func validDirection(part string) bool {
	return bidirule.DirectionString(part) == bidi.LeftToRight || bidirule.ValidString(part)
}
