package expr

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rbac-go/rbac/internal/names"
)

// lexer reads a text from left to right. Each method that reads a token skips
// the white space in front of the token.
type lexer struct {
	text string
	pos  int // in bytes
}

// skipSpace moves behind white space and returns the new position.
func (l *lexer) skipSpace() int {
	rest := strings.TrimLeft(l.text[l.pos:], " \t\r\n")
	l.pos = len(l.text) - len(rest)
	return l.pos
}

// accept skips a sign, and reports whether the sign is the next token.
func (l *lexer) accept(sign string) bool {
	at := l.skipSpace()
	if !strings.HasPrefix(l.text[at:], sign) {
		return false
	}
	l.pos += len(sign)
	return true
}

// acceptWord skips a word, and reports whether the word is the next token.
func (l *lexer) acceptWord(word string) bool {
	at := l.skipSpace()
	if l.word() == word {
		return true
	}
	l.pos = at
	return false
}

// word reads a word, or "" if the next token is no word.
func (l *lexer) word() string {
	word := wordAt(l.text[l.skipSpace():])
	l.pos += len(word)
	return word
}

// wordAt accepts more characters than names have, so that an error quotes the
// whole word that somebody wrote.
func wordAt(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && r != '…' && !unicode.In(r, unicode.L, unicode.M, unicode.N)
	})
	if end < 0 {
		return text
	}
	return text[:end]
}

// quoted reads a string in double quotes.
func (l *lexer) quoted(within string) (string, *Error) {
	if !l.accept(`"`) {
		return "", l.expected(within, string(AString))
	}
	opened := l.pos - 1
	var b []byte
	for {
		rest := l.text[l.pos:]
		if rest == "" || rest[0] == '\n' {
			return "", &Error{opened, within, `the string has no closing "`}
		}
		if rest[0] == '"' {
			l.pos++
			return string(b), nil
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			return "", &Error{l.pos, within, `\ begins no escape of a Go string`}
		}
		if multibyte {
			b = utf8.AppendRune(b, r)
		} else {
			b = append(b, byte(r))
		}
		l.pos = len(l.text) - len(tail)
	}
}

// expected returns the error for a next token that is not the expected one.
func (l *lexer) expected(within, what string) *Error {
	at := l.skipSpace()
	return &Error{at, within, "expected " + what + ", found " + describe(l.text[at:])}
}

// describe names the token at the beginning of a text.
func describe(rest string) string {
	if rest == "" {
		return "the end"
	}
	if word := wordAt(rest); word != "" {
		return "the word " + names.Printable(word, 64)
	}
	_, size := utf8.DecodeRuneInString(rest)
	if rest[:size] == `"` {
		return "a string"
	}
	return strconv.Quote(rest[:size])
}
