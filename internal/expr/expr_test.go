package expr

import (
	"fmt"
	"strings"
	"testing"
)

// toy is a vocabulary with each shape of argument list.
var toy = map[string]Form{
	"all":     {Takes: []Kind{ACall}, More: true},
	"not":     {Takes: []Kind{ACall}},
	"in":      {Takes: []Kind{AString, ACall}},
	"nobody":  {},
	"group":   {Takes: []Kind{AString}},
	"groups":  {Takes: []Kind{AString}, More: true, Depth: 2},
	"nothing": {},
}

func toyForm(name string) (Form, string) {
	if f, ok := toy[name]; ok {
		return f, ""
	}
	return Form{}, "unknown"
}

// print writes a tree with the line and column of each call and string.
func print(text string, c *Call) string {
	at := func(offset int) string {
		line, column := Position(text, offset)
		return fmt.Sprintf("@%d:%d", line, column)
	}
	var args []string
	for _, s := range c.Strings {
		args = append(args, fmt.Sprintf("%q", s.Value)+at(s.Offset))
	}
	for _, part := range c.Calls {
		args = append(args, print(text, part))
	}
	if c.Message != "" {
		args = append(args, fmt.Sprintf("msg=%q", c.Message))
	}
	return c.Name + at(c.Offset) + "(" + strings.Join(args, " ") + ")"
}

// TestParse reads as: an expression, and its tree.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		`nobody()`:                      `nobody@1:1()`,
		" \t\r\n nobody \n ( ) ":        `nobody@2:2()`,
		`group("a")`:                    `group@1:1("a"@1:7)`,
		`group("\u0061\x62\143\xff\"")`: `group@1:1("abc\xff\""@1:7)`,
		"group(\"a\tb\")":               `group@1:1("a\tb"@1:7)`,
		`groups("a", "b",)`:             `groups@1:1("a"@1:8 "b"@1:13)`,
		`in("s", group("a", msg="x"))`:  `in@1:1("s"@1:4 group@1:9("a"@1:15 msg="x"))`,
		"all(\n\tgroup(\"世\"), nobody(),\n\tmsg = \"no\",\n)": `all@1:1(group@2:2("世"@2:8) nobody@2:14() msg="no")`,
	} {
		c, err := Parse(text, 10, toyForm)
		if err != nil {
			t.Errorf("%s: %v", text, *err)
		} else if got := print(text, c); got != want {
			t.Errorf("%s\nis   %s\nwant %s", text, got, want)
		}
	}
}

// TestParseErrors reads as: a text, and the place, the name and the reason of
// its fault.
func TestParseErrors(t *testing.T) {
	const inString = "expected a string in double quotes, found "
	for _, c := range []struct{ text, want string }{
		{``, `1:1 "" expected a predicate, found the end`},
		{" \n\t", `2:2 "" expected a predicate, found the end`},
		{`nobody`, `1:7 "nobody" expected "(", found the end`},
		{`nobody(`, `1:8 "nobody" expected ")", found the end`},
		{`nobody("a")`, `1:8 "nobody" expected ")", found a string`},
		{`nobody(,)`, `1:8 "nobody" expected ")", found ","`},
		{`nobody())`, `1:9 "" expected the end, found ")"`},
		{`nobody() nobody()`, `1:10 "" expected the end, found the word nobody`},
		{`all()`, `1:5 "all" expected a predicate, found ")"`},
		{`all(msg="x")`, `1:12 "all" expected a predicate, found ")"`},
		{`all(nobody(),,)`, `1:14 "all" expected a predicate, found ","`},
		{`all(nobody() nobody())`, `1:14 "all" expected "," or ")", found the word nobody`},
		{`not(nobody(), nobody())`, `1:15 "not" expected ")", found the word nobody`},
		{`in("a")`, `1:7 "in" expected a predicate, found ")"`},
		{`in(nobody())`, `1:4 "in" ` + inString + `the word nobody`},
		{`in("a", "b")`, `1:9 "in" expected a predicate, found a string`},
		{`group('a')`, `1:7 "group" ` + inString + `"'"`},
		{`group("a", msg)`, `1:15 "group" expected "=", found ")"`},
		{`group("a", msg="")`, `1:16 "group" the msg is empty`},
		{`group("a", msg="x", "b")`, `1:21 "group" expected ")", found a string`},
		{`group("a`, `1:7 "group" the string has no closing "`},
		{"group(\"a\nb\")", `1:7 "group" the string has no closing "`},
		{`group("a\'")`, `1:9 "group" \ begins no escape of a Go string`},
		{`group("\ud800")`, `1:8 "group" \ begins no escape of a Go string`},
		{"group(\"世\xff\")", `1:9 "" not valid UTF-8`},
		{"all(\n  group(\"系统\"), 系统(),\n)", `2:16 "系统" unknown`},
		{strings.Repeat(" ", MaxBytes) + `nobody()`, `1:1 "" longer than 64 KiB`},
		{`not(not(not(nobody())))`, `1:13 "nobody" nested deeper than 3`},
		{`not(not(groups("a")))`, `1:9 "groups" nested deeper than 3`},
		{`not(not(group("a")))`, ``},
		{`not(groups("a"))`, ``},
	} {
		got := ""
		if _, err := Parse(c.text, 3, toyForm); err != nil {
			line, column := Position(c.text, err.Offset)
			got = fmt.Sprintf("%d:%d %q %s", line, column, err.Within, err.Reason)
		}
		if got != c.want {
			t.Errorf("%.40s\nsays %s\nwant %s", c.text, got, c.want)
		}
	}
}

// FuzzParse: no text makes Parse panic. A fault lies inside the text and has a
// reason. The offsets of a tree are those of its names and strings, in order.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "all(", `all(…)`, "not(\n nobody(), \r)", `group("\xff")`, `groups("ＢＯＢ",)`, `in("a", not(nobody()), msg="x")`, `group("\u0061", msg="")`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s, 5, toyForm)
		if err != nil {
			if c != nil || err.Offset < 0 || err.Offset > len(s) || err.Reason == "" {
				t.Fatalf("%q: got %v, %v", s, c, *err)
			}
			return
		}
		last := -1
		next := func(offset int, token string) {
			if offset <= last || !strings.HasPrefix(s[offset:], token) {
				t.Fatalf("%q: there is no %s at offset %d, behind %d", s, token, offset, last)
			}
			last = offset
		}
		var visit func(c *Call, level int)
		visit = func(c *Call, level int) {
			form := toy[c.Name]
			if n := c.count(); n < len(form.Takes) || n > len(form.Takes) && !form.More || level > 5 {
				t.Fatalf("%q: %s has %d arguments at level %d", s, c.Name, n, level)
			}
			next(c.Offset, c.Name)
			for _, text := range c.Strings {
				next(text.Offset, `"`)
			}
			for _, part := range c.Calls {
				visit(part, level+1)
			}
		}
		visit(c, 1)
	})
}
