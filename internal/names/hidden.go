package names

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

// CheckVisible refuses hidden characters. Two names that differ in a hidden
// character look the same, and a bidirectional control shows a name as another
// one.
func CheckVisible(s string) (reason string) {
	at, r := findHidden(s)
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("contains the hidden character %U", r)
}

// findHidden returns the offset and the value of the first hidden character of
// s. The offset is -1 if there is none. A joiner is not hidden where it changes
// how the letters around it are written.
func findHidden(s string) (int, rune) {
	for i, r := range s {
		if isHidden(r) && !(isJoiner(r) && joins(s, i)) {
			return i, r
		}
	}
	return -1, 0
}

func withoutHidden(s string) string {
	for {
		at, r := findHidden(s)
		if at < 0 {
			return s
		}
		s = s[:at] + s[at+utf8.RuneLen(r):]
	}
}

// isHidden reports whether a character shows nothing by itself or only directs
// the text around it. Hidden are Unicode's Default_Ignorable_Code_Point
// (DerivedCoreProperties.txt), which includes the bidirectional controls, the
// variation selectors and the tags; interlinear annotation; the separators of
// lines and paragraphs; and the Braille pattern without dots.
func isHidden(r rune) bool {
	switch {
	case r < 0x80:
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r), 0x13430 <= r && r <= 0x1343F:
		return false // visible format characters: Arabic number signs, Egyptian joiners
	}
	return r == '\u2800' || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

func isJoiner(r rune) bool { return r == zeroWidthNonJoiner || r == zeroWidthJoiner }

// joins reports whether RFC 5892 allows the joiner at an offset of s (appendix
// A.1 and A.2). A joiner is allowed after a virama, as in Sinhala, Hindi and
// Malayalam. The non-joiner is also allowed between letters that would join
// without it, as in Persian.
func joins(s string, at int) bool {
	inWord := func(r rune) bool { return isJoiner(r) || unicode.In(r, unicode.L, unicode.M) }
	start := at - len(s[:at]) + len(strings.TrimRightFunc(s[:at], inWord))
	end := len(s) - len(strings.TrimLeftFunc(s[at:], inWord))
	// A word has letters, marks and joiners alone, so the rules for joiners are
	// the only context rules of PRECIS that apply to the word.
	_, err := precis.NewFreeform().String(s[start:end])
	return err == nil
}
