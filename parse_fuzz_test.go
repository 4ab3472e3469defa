package rbac

import (
	"errors"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/internal/expr"
)

// No text makes Parse panic. Errors of Parse have a position. An accepted
// expression prints as text that parses into the same predicate.
func FuzzParse(f *testing.F) {
	for _, s := range written {
		f.Add(s)
	}
	for _, s := range []string{"", "all(", `all(…)`, `func("x")`, "not(\n nil(), \r)", `in_group("\xff")`, `any(is_user("ＢＯＢ"),)`, `in_group("\u0061", msg="")`} {
		f.Add(s)
	}
	amy := loggedIn(f, noon, "editors").WithAddr(someAddr)
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			pe, ok := errors.AsType[*ParseError](err)
			if !ok || p != nil || !errors.Is(err, ErrInvalid) || pe.Err == nil {
				t.Fatalf("got %v, %v", p, err)
			}
			lines := strings.Split(s, "\n")
			if pe.Line < 1 || pe.Line > len(lines) || pe.Column < 1 || pe.Column > 1+len([]rune(lines[pe.Line-1])) {
				t.Errorf("%q: the error is outside the text: %v", s, err)
			}
			return
		}
		own(p).walk(func(q *predicate) {
			if _, ok := q.rule.(*flawed); ok || q.depth > maxDepth || q.size > maxSize {
				t.Errorf("%q has the flawed part %v", s, q)
			}
		})
		printed := p.String()
		if len(printed) > expr.MaxBytes {
			return // longer by escapes and spaces
		}
		q, err := Parse(printed)
		if err != nil || q.String() != printed || judge(amy, q) != judge(amy, p) {
			t.Errorf("%q prints as %s, which is parsed as %v, %v", s, printed, q, err)
		}
	})
}
