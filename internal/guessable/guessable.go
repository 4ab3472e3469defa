// Package guessable recognizes passwords that are guessed first: the most common
// ones and what is commonly made of them, and names that belong to the user or
// the service.
//
// The functions ignore case. They are safe for concurrent use.
package guessable

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The file README.md has the source and the license of the list.
//
//go:embed common.txt.gz
var compressed []byte

// list returns the common passwords in order. The list takes half a megabyte, in
// programs that use it.
var list = sync.OnceValue(func() []string {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic(err) // the file is part of the program
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return strings.Fields(string(text))
})

func listed(p string) bool {
	_, found := slices.BinarySearch(list(), p)
	return found
}

// rows are characters in the order in which a hand or a child says them.
var rows = []string{
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
	"zyxwvutsrqponmlkjihgfedcbazyxwvutsrqponmlkjihgfedcba",
	"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
}

// Common reports whether a password is one of the most common passwords; or is
// such a password with digits, punctuation and spaces around it; or repeats such
// a password, or at most four characters; or follows the alphabet or a keyboard.
func Common(password string) bool {
	p := strings.ToLower(password)
	core := strings.TrimFunc(p, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, s := range []string{p, core} {
		unit := repeated(s)
		if listed(s) || listed(unit) || unit != "" && utf8.RuneCountInString(unit) <= 4 {
			return true
		}
		if len(s) >= 4 && slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, s) }) {
			return true
		}
	}
	return false
}

// repeated returns the shortest text that s repeats, at least one and a half
// times; or "".
func repeated(s string) string {
	for n := 1; n <= len(s)*2/3; n++ {
		if strings.HasPrefix(s, s[n:]) {
			return s[:n]
		}
	}
	return ""
}

// leastLetters is how many letters a password needs besides the words.
const leastLetters = 8

// OfWords reports whether a password contains some of the words, and without
// them has fewer than eight letters. A word counts as a whole, and so do its
// parts between punctuation and spaces; parts of fewer than three characters do
// not count.
func OfWords(password string, words []string) bool {
	var parts []string
	for _, w := range words {
		w = strings.ToLower(w)
		parts = append(parts, w)
		parts = append(parts, strings.FieldsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })...)
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return utf8.RuneCountInString(s) < 3 })
	slices.SortFunc(parts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })

	p := strings.ToLower(password)
	rest := p
	for _, part := range parts {
		rest = strings.ReplaceAll(rest, part, " ")
	}
	letters := 0
	for _, r := range rest {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return rest != p && letters < leastLetters
}
