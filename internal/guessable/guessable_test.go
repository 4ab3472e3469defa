package guessable

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCommon(t *testing.T) {
	for _, p := range []string{
		"password", "PassWord", "12345678", "sunshine", "1qaz2wsx3edc4rfv", // listed
		"monkey 1234567890", "Password12345678", "!!!Password!!!!!", "2026-2026-dragon", "P@ssw0rd12345678", // with something around
		"passwordpassword", "dragondragondrag", "123456781234567", "123456789012345", // repeated
		"aaaaaaaaaaaaaaa", "abcabcabcabcabc", "-1-1-1-1-1-1-1-1", "日本日本日本日本日", "               ",
		"abcdefghijklmno", "qwertyuiopasdfg", "zyxwvutsrqponml", "Qwertzuiopasdf123",
	} {
		if !Common(p) {
			t.Errorf("%q is common", p)
		}
	}
	for _, p := range []string{
		"", "correct horse battery staple", "seven dry umbrellas", "monkey wrench of the sea", "xkzqvbnrwtplmcgd",
		"password\ndragon of winter", "correct horse correct mule", "日本語のパスワードです",
	} {
		if Common(p) {
			t.Errorf("%q is not common", p)
		}
	}
}

// ASVS 5.0 v6.2.4 asks for the 3,000 most common passwords that match the
// policy, which asks for 8 characters at least.
func TestListIsLongEnough(t *testing.T) {
	long := 0
	words := list()
	for i, w := range words {
		if utf8.RuneCountInString(w) >= 8 {
			long++
		}
		if w != strings.ToLower(w) || i > 0 && w <= words[i-1] {
			t.Errorf("%q is not in lower case, or out of order", w)
		}
		if i%97 == 0 && (!Common(w) || !Common(strings.ToUpper(w))) {
			t.Errorf("%q is not found", w)
		}
	}
	if long != 17950 || len(words) != 22950 {
		t.Errorf("%d passwords, %d of them long", len(words), long)
	}
	if len(compressed) > 100<<10 {
		t.Errorf("the list takes %d bytes in each program", len(compressed))
	}
}

func TestOfWords(t *testing.T) {
	words := []string{"nina.smith", "Acme Rockets", "Åsa", "x1", ""}
	for _, p := range []string{
		"nina.smith", "NinaSmith2026!!!", "nina1234567890nina", "acme-acme-acme-acme", "Rockets are go!", "åsa 1234567890",
		"smith & nina 4ever",
	} {
		if !OfWords(p, words) {
			t.Errorf("%q is made of the words", p)
		}
	}
	for _, p := range []string{
		"", "seven dry umbrellas", "nina has seven umbrellas", "1234567890123456", "x1x1x1x1x1x1x1x1",
	} {
		if OfWords(p, words) {
			t.Errorf("%q is not made of the words", p)
		}
	}
	if OfWords("seven dry umbrellas", nil) || OfWords("short", nil) {
		t.Error("without words nothing is made of them")
	}
}

func FuzzGuessable(f *testing.F) {
	f.Add("passwordpassword", "nina.smith")
	f.Add("\xff\xff\xff\xff", "\xff")
	f.Fuzz(func(t *testing.T, password, word string) {
		if Common(password) != Common(strings.ToLower(password)) {
			t.Error("case counts")
		}
		if OfWords(password, []string{word}) && password == "" {
			t.Error("the empty password contains no word")
		}
	})
}

func BenchmarkCommon(b *testing.B) {
	for b.Loop() {
		Common("correct horse battery staple")
	}
}
