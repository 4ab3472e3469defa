package rbac

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/expr"
)

const someID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"

// written are expressions as String prints them, at least one for each
// predicate.
var written = []string{
	`all(in_group("a"), not_anonymous())`,
	`any(is_user("root"), has_permission("manage"), msg="Only administrators")`,
	`not(not(is_anonymous()))`,
	`is_anonymous(msg="x")`,
	`is_user("zhang san")`,
	`is_user_id("` + someID + `")`,
	`in_group("系统管理员", msg="请登陆 \"\\\n\x00\xff\u00ad")`,
	`in_group("say \"hi\"")`,
	`in_all_groups("a", "b")`,
	`in("org:42", has_permission("a"))`,
	`in("a \"b\"", any(in_group("a"), not(in("x", is_user("bob")), msg="m")), msg="n")`,
	`in_any_group("a")`,
	`has_permission("post.edit")`,
	`has_all_permissions("a", "b", "c", msg="x")`,
	`has_any_permission("a", "a")`,
	`from_net("10.0.0.0/8", "2001:db8::/32")`,
	`authenticated_within("15m0s")`,
	`all(any(in_group("a", msg="x"), in_group("b"), msg="y"), msg="z")`,
}

// The output of String is parsed into a predicate that prints the same.
func TestParse(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range written {
		p, err := Parse(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got := p.String(); got != s {
			t.Errorf("parsed  %s\nprinted %s", s, got)
		}
		if c, _ := expr.Parse(s, maxDepth, lookUpForm); depthOf(c) != own(p).depth {
			t.Errorf("%s counts as %d levels, and its predicate has %d", s, depthOf(c), own(p).depth)
		}
		own(p).walk(func(q *predicate) {
			name, _ := q.rule.call()
			seen[name] = true
		})
	}
	for name := range forms {
		if !seen[name] {
			t.Errorf("%s is not among the expressions of this test", name)
		}
	}
}

// depthOf returns the depth of the tree that a call stands for.
func depthOf(c *expr.Call) int {
	depth := max(1, forms[c.Name].Depth)
	for _, part := range c.Calls {
		depth = max(depth, 1+depthOf(part))
	}
	return depth
}

// An expression may be written in more ways than String prints.
func TestParseReads(t *testing.T) {
	for s, want := range map[string]string{
		" \t\r\n is_anonymous \n ( ) ":                   `is_anonymous()`,
		`any(in_group("a"),in_group("b"))`:               `any(in_group("a"), in_group("b"))`,
		"all(\n\tin_group(\"a\"),\n\tmsg = \"x\",\n)":    `all(in_group("a"), msg="x")`,
		`in_all_groups("a", "b",)`:                       `in_all_groups("a", "b")`,
		`in_group("\u0061\x62\143")`:                     `in_group("abc")`,
		`in_group("a", msg="a tab:	")`:                   `in_group("a", msg="a tab:\t")`,
		`is_user("ＢＯＢ")`:                                 `is_user("bob")`,
		`is_user_id("` + strings.ToUpper(someID) + `")`:  `is_user_id("` + someID + `")`,
		`from_net("10.1.2.3/8", "::ffff:192.0.2.1/128")`: `from_net("10.0.0.0/8", "192.0.2.1/32")`,
		`authenticated_within("90m")`:                    `authenticated_within("1h30m0s")`,
	} {
		p, err := Parse(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if got := p.String(); got != want {
			t.Errorf("%s\nprinted %s\nwant    %s", s, got, want)
		}
	}
}

// Each row reads as: the mistake, its position, and the message.
func TestParseErrors(t *testing.T) {
	const inString = "expected a string in double quotes, found "
	for _, c := range []struct{ text, want string }{
		{``, `1:1 predicate: expected a predicate, found the end`},
		{" \n\t", `2:2 predicate: expected a predicate, found the end`},
		{`"a"`, `1:1 predicate: expected a predicate, found a string`},
		{`is_anonymous`, `1:13 predicate "is_anonymous": expected "(", found the end`},
		{`is_anonymous(`, `1:14 predicate "is_anonymous": expected ")", found the end`},
		{`is_anonymous("a")`, `1:14 predicate "is_anonymous": expected ")", found a string`},
		{`is_anonymous(,)`, `1:14 predicate "is_anonymous": expected ")", found ","`},
		{`is_anonymous())`, `1:15 predicate: expected the end, found ")"`},
		{`is_anonymous() is_anonymous()`, `1:16 predicate: expected the end, found the word is_anonymous`},

		{`all()`, `1:5 predicate "all": expected a predicate, found ")"`},
		{`any(msg="x")`, `1:12 predicate "any": expected a predicate, found ")"`},
		{`all("a")`, `1:5 predicate "all": expected a predicate, found a string`},
		{`all(,is_anonymous())`, `1:5 predicate "all": expected a predicate, found ","`},
		{`all(is_anonymous(),,)`, `1:20 predicate "all": expected a predicate, found ","`},
		{`all(is_anonymous() is_anonymous())`, `1:20 predicate "all": expected "," or ")", found the word is_anonymous`},
		{`not(is_anonymous(), is_anonymous())`, `1:21 predicate "not": expected ")", found the word is_anonymous`},

		{`in_group()`, `1:10 predicate "in_group": ` + inString + `")"`},
		{`in_group(msg="x")`, `1:17 predicate "in_group": ` + inString + `")"`},
		{`in_group(a)`, `1:10 predicate "in_group": ` + inString + `the word a`},
		{`in_group('a')`, `1:10 predicate "in_group": ` + inString + `"'"`},
		{"in_group(`a`)", `1:10 predicate "in_group": ` + inString + "\"`\""},
		{`in_group(in_group("a"))`, `1:10 predicate "in_group": ` + inString + `the word in_group`},
		{`in_group("a", "b")`, `1:15 predicate "in_group": expected ")", found a string`},
		{`in_any_group()`, `1:14 predicate "in_any_group": ` + inString + `")"`},

		{`in_group("a", msg)`, `1:18 predicate "in_group": expected "=", found ")"`},
		{`in_group("a", msg=a)`, `1:19 predicate "in_group": ` + inString + `the word a`},
		{`in_group("a", msg="")`, `1:19 predicate "in_group": the msg is empty`},
		{`in_group("a", msg="x", "b")`, `1:24 predicate "in_group": expected ")", found a string`},
		{`in_any_group("a", msg="x", msg="y")`, `1:28 predicate "in_any_group": expected ")", found the word msg`},
		{`msg="x"`, `1:1 predicate "msg": there is no such predicate`},

		{`in_group("a`, `1:10 predicate "in_group": the string has no closing "`},
		{"in_group(\"a\nb\")", `1:10 predicate "in_group": the string has no closing "`},
		{`in_group("a\`, `1:12 predicate "in_group": \ begins no escape of a Go string`},
		{`in_group("a\'")`, `1:12 predicate "in_group": \ begins no escape of a Go string`},
		{`in_group("\ud800")`, `1:11 predicate "in_group": \ begins no escape of a Go string`},
		{"in_group(\"世\xff\")", `1:12 predicate: not valid UTF-8`},
		{"in_group(\"\xff", `1:11 predicate: not valid UTF-8`},

		{`in_group("")`, `1:10 group: Name: empty`},
		{`in_group("a\xff")`, `1:10 group "a\xff": Name: not valid UTF-8`},
		{`in_any_group("a", " a")`, `1:19 group " a": Name: leading or trailing space`},
		{`has_permission("a\n")`, `1:16 permission "a\n": Name: contains a control character`},
		{`has_permission("post.*")`, `1:16 permission "post.*": Name: has the form of a pattern`},
		{`not(has_any_permission("a", "*"))`, `1:29 permission "*": Name: has the form of a pattern`},
		{`is_user("\x00")`, `1:9 user "\x00": Name: contains a control character`},
		{`is_user_id("7")`, `1:12 predicate "is_user_id": "7" is no id of a user`},
		{`is_user_id("{` + someID + `}")`, `1:12 predicate "is_user_id": "{` + someID + `}" is no id of a user`},
		{`is_user_id("00000000-0000-0000-0000-000000000000")`, `1:12 predicate "is_user_id": "00000000-0000-0000-0000-000000000000" is no id of a user`},
		{`from_net("10.0.0.1")`, `1:10 predicate "from_net": "10.0.0.1" is no network such as "10.0.0.0/8" or "2001:db8::/32"`},
		{`from_net("::/0", "::ffff:10.0.0.0/8")`, `1:18 predicate "from_net": "::ffff:10.0.0.0/8" is no network such as "10.0.0.0/8" or "2001:db8::/32"`},
		{`authenticated_within("15")`, `1:22 predicate "authenticated_within": "15" is no duration such as "15m" or "1h30m"`},
		{`authenticated_within("0s")`, `1:22 predicate "authenticated_within": "0s" is no duration such as "15m" or "1h30m"`},
		{`authenticated_within("-15m")`, `1:22 predicate "authenticated_within": "-15m" is no duration such as "15m" or "1h30m"`},

		{`has_permision("a")`, `1:1 predicate "has_permision": there is no such predicate; did you mean "has_permission"?`},
		{`HasPermission("a")`, `1:1 predicate "HasPermission": there is no such predicate; did you mean "has_permission"?`},
		{`All(is_anonymous())`, `1:1 predicate "All": there is no such predicate; did you mean "all"?`},
		{`is_the_boss("a")`, `1:1 predicate "is_the_boss": there is no such predicate`},
		{"all(\n  in_group(\"系统\"), 系统(),\n)", `2:19 predicate "系统": there is no such predicate`},
		{`func("owner")`, `1:1 predicate "func": a Func is Go code, which an expression cannot name`},
		{`not(nil())`, `1:5 predicate "nil": it stands for a predicate that was missing`},
		{`all(…)`, `1:5 predicate "…": it stands for parts that were left out, because there were too many or too deep ones`},
		{strings.Repeat(" ", expr.MaxBytes) + `is_anonymous()`, `1:1 predicate: longer than 64 KiB`},
	} {
		p, err := Parse(c.text)
		pe, ok := errors.AsType[*ParseError](err)
		if !ok || p != nil || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, %v, want a ParseError", c.text, p, err)
			continue
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != ErrInvalid {
			t.Errorf("%s: %v is no Error that is ErrInvalid", c.text, err)
			continue
		}
		got := fmt.Sprintf("%d:%d %s", pe.Line, pe.Column, strings.Replace(e.Error(), "rbac: invalid: ", "", 1))
		if got != c.want {
			t.Errorf("%s\nsays %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestParseErrorText(t *testing.T) {
	_, err := Parse("any(\n  not())")
	if got, want := fmt.Sprint(err), `line 2, column 7: predicate "not": rbac: invalid: expected a predicate, found ")"`; got != want {
		t.Errorf("says %s\nwant %s", got, want)
	}
}

// A predicate that is broken for everybody is no expression, however the
// predicate was made.
func TestParseRefusesWhatIsFlawed(t *testing.T) {
	for _, p := range []Predicate{
		nil, IsUser(""), IsUser("\xff"), IsUserID(uuid.Nil), InGroup(""), InGroup(" a"), HasPermission("*"), HasPermission("a.*"),
		InAllGroups("a", ""), HasAnyPermission("a", "b", "\n"), Func("owner", nil), Func("", nil),
		FromNet(netip.Prefix{}), FromNet(prefix("::/0"), prefix("::ffff:1.2.3.4/5")), AuthenticatedWithin(0), AuthenticatedWithin(-1),
		wrapTimes(maxDepth, IsAnonymous()), wrapTimes(maxDepth-1, InAnyGroup("a")),
	} {
		for _, q := range []Predicate{p, Not(p), WithMessage(Any(IsAnonymous(), p), "x")} {
			if got, err := Parse(own(q).String()); err == nil {
				t.Errorf("%v is parsed as %v", q, got)
			}
		}
	}
}

// Every predicate that can be made can be parsed, and nothing deeper. The error
// is at the part that is too deep.
func TestParseDepth(t *testing.T) {
	nested := func(n int, inner string) string { return strings.Repeat("not(", n) + inner + strings.Repeat(")", n) }
	for _, inner := range []string{`is_anonymous()`, `from_net("::/0")`} {
		if p, err := Parse(nested(maxDepth-1, inner)); err != nil || own(p).depth != maxDepth {
			t.Errorf("depth %d is refused: %v", maxDepth, err)
		}
		wantParseError(t, nested(maxDepth, inner), 1+4*maxDepth)
	}
	// A list of names is as deep as the predicate that the list stands for.
	if p, err := Parse(nested(maxDepth-2, `in_any_group("a")`)); err != nil || own(p).depth != maxDepth {
		t.Errorf("depth %d is refused: %v", maxDepth, err)
	}
	wantParseError(t, nested(maxDepth-1, `in_any_group("a")`), 1+4*(maxDepth-1))
	wantParseError(t, strings.Repeat("not(", expr.MaxBytes/4), 1+4*maxDepth)
}

func wantParseError(t *testing.T, text string, column int) {
	t.Helper()
	_, err := Parse(text)
	pe, ok := errors.AsType[*ParseError](err)
	if !ok || pe.Column != column || pe.Err.Reason != "nested deeper than 100" {
		t.Errorf("%.20s…: got %v, want an error on the depth at column %d", text, err, column)
	}
}

// The longest expressions have fewer parts than a predicate may have.
func TestParseSize(t *testing.T) {
	const most = (expr.MaxBytes - len(`in_any_group()`)) / len(`"a",`)
	p, err := Parse(`in_any_group(` + strings.Repeat(`"a",`, most) + `)`)
	if err != nil || own(p).size != most+1 {
		t.Fatalf("a long expression: %v", err)
	}
	if own(p).size > maxSize {
		t.Errorf("%d parts are more than %d", own(p).size, maxSize)
	}
	var parts []Predicate
	for range maxSize / 2 {
		parts = append(parts, IsAnonymous())
	}
	if _, err := Parse(Any(parts[0], parts...).String()); !errors.Is(err, ErrInvalid) {
		t.Errorf("what prints more than 64 KiB is refused: got %v", err)
	}
}
